"""``client revoke --end-rights``: page by page, so that the service goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Final

import click

from mo_access.commands.desk import Desk, say_json
from mo_access.domain.errors import NotFound
from mo_access.service import client_end, resealing
from mo_access.service.client_end import Step
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.client_rights import Given
from mo_access.storage.engine import DatabaseDown

TRIES: Final = 5
"""So often is a page tried that waited for others in a circle; what it did is undone then."""


def end(desk: Desk, client: str, left_without: str, *, as_json: bool) -> None:
    """Revoke a client, end all that it gave, and say how much that was.

    What is broken off goes on when the command is given again.
    """
    with desk.unit() as uow:
        client_id, tokens, given = client_end.begin(uow, client, left_without)
        uow.commit()
    with desk.unit() as uow:
        # Who began to write in its name before may still commit.
        resealing.settle(uow)
    _every(desk, client_id, client_end.end_groups)
    nobodys = _every(desk, client_id, client_end.end_people)
    ended = {**asdict(given), "nobodys": nobodys}
    if as_json:
        return say_json({"id": client_id, "tokens": tokens, "ended": ended})
    click.echo(f"{tokens} token(s) ended")
    return _say(given, nobodys)


def _say(given: Given, nobodys: int) -> None:
    click.echo(
        f"ended: {given.people} registrations, {given.affiliations} affiliations, "
        f"{given.grants} grants, {given.groups} groups"
    )
    if nobodys:
        click.echo(f"{nobodys} people are known to no other client: only their ids are left")
    if given.institutions:
        click.echo(f"at {' '.join(given.institutions)}")


def _every(desk: Desk, client_id: str, page: Callable[[UnitOfWork, str], Step]) -> int:
    """Take page after page until nothing is left; returns of how many only the id is."""
    nobodys, step = 0, Step(1)
    while step.ended:
        step = _committed(desk, client_id, page)
        nobodys += step.nobodys
    return nobodys


def _committed(desk: Desk, client_id: str, page: Callable[[UnitOfWork, str], Step]) -> Step:
    for _ in range(TRIES - 1):
        # A deadlock, or somebody was removed by another at this moment.
        with suppress(DatabaseDown, NotFound):
            return _once(desk, client_id, page)
    return _once(desk, client_id, page)


def _once(desk: Desk, client_id: str, page: Callable[[UnitOfWork, str], Step]) -> Step:
    with desk.unit() as uow:
        step = page(uow, client_id)
        uow.commit()
    return step
