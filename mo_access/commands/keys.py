"""``key``: a new key for people's numbers, while the service runs."""

from __future__ import annotations

from collections.abc import Callable

import click

from mo_access.commands.desk import Desk, as_json, make_current, opened, say_json
from mo_access.domain.errors import Conflict
from mo_access.key_files import drop_keys, prepare, switch
from mo_access.service import resealing
from mo_access.service.resealing import Progress
from mo_access.service.unit_of_work import UnitOfWork


@click.group()
def key() -> None:
    """The keys that seal people's numbers."""


@key.command()
@click.option("--finish", is_flag=True, help="No new key: only end what was broken off.")
@click.option("--prepare", "only_prepare", is_flag=True, help="Only add the key; it does nothing.")
@click.option("--keep", is_flag=True, help="Leave the old key in the file, for other machines.")
@as_json
def rotate(*, finish: bool, only_prepare: bool, keep: bool, as_json: bool) -> None:
    """Replace the key: seal and index every number anew while the service runs.

    The servers of this machine follow by themselves. Where others have a copy of the key file,
    run it with --prepare, copy the file, with --keep, copy it, and then key forget.
    """
    desk = opened()
    # A database that is not there must be found before a key is made.
    make_current(desk.settings)
    path = desk.settings.key_file
    if not finish and prepare(path):
        _settle(desk)
    if only_prepare:
        told = {"key": desk.keys.current, "prepared": True}
        return say_json(told) if as_json else click.echo("copy the key file to every machine now")
    if switch(path):
        _settle(desk)
    resealed = _reseal(desk)
    if not keep:
        drop_keys(path)
    if as_json:
        return say_json({"key": desk.keys.current, "people": resealed})
    done = f"{resealed} numbers sealed under {desk.keys.current}; back up the key file now"
    return click.echo(done)


@key.command()
@as_json
def forget(*, as_json: bool) -> None:
    """Remove old keys that seal nothing any more, after key rotate --keep."""
    desk = opened()
    with desk.unit() as uow:
        used = resealing.in_use(uow)
    if old := {k: n for k, n in used.items() if k != desk.keys.current}:
        told = ", ".join(f"{name} ({count} values)" for name, count in sorted(old.items()))
        raise Conflict(f"still in use: {told}; run key rotate --finish --keep")
    ring = drop_keys(desk.settings.key_file)
    if as_json:
        return say_json({"key": ring.current})
    return click.echo(f"only {ring.current} is left, and the key of signatures")


def _settle(desk: Desk) -> None:
    with desk.unit() as uow:
        resealing.settle(uow)


def _reseal(desk: Desk) -> int:
    """Pass over everything until nothing is left of the old key; return how many people."""
    resealed = last = _passed(desk, resealing.people)
    while last:
        last = _passed(desk, resealing.people)
        resealed += last
    while _barred(desk):
        pass
    for page in (resealing.subjects, resealing.tokens, resealing.refresh_tokens):
        while _passed(desk, page):
            pass
    with desk.unit() as uow:
        resealing.record(uow, resealed)
        uow.commit()
    return resealed


def _barred(desk: Desk) -> int:
    with desk.unit() as uow:
        resealed = resealing.barred(uow)
        uow.commit()
    return resealed


def _passed(desk: Desk, page: Callable[[UnitOfWork, int], Progress]) -> int:
    last, resealed, done = 0, 0, False
    while not done:
        with desk.unit() as uow:
            step = page(uow, last)
            uow.commit()
        last, done, resealed = step.last, step.done, resealed + step.resealed
    return resealed
