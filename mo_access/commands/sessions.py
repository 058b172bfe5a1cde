"""``session``: who is signed in now, and ending a session."""

from __future__ import annotations

import click

from mo_access.commands.desk import Desk, as_json, moment, opened, say_json, say_table
from mo_access.domain.errors import NotFound
from mo_access.service import sessions

_MICRO = 1_000_000


@click.group()
def session() -> None:
    """Sessions of people who signed in."""


@session.command("list")
@as_json
def list_sessions(*, as_json: bool) -> None:
    """List the live sessions, newest first."""
    desk = opened()
    with desk.unit() as uow:
        found = sessions.listed(uow, _idle(desk))
    if as_json:
        return say_json(
            [
                {
                    "number": s.pk,
                    "person": s.person,
                    "provider": s.provider,
                    "acr": s.acr,
                    "created": s.created,
                    "expires": s.expires,
                }
                for s in found
            ]
        )
    rows = [
        (s.pk, s.person, s.provider, s.acr, moment(s.created), moment(s.expires)) for s in found
    ]
    columns = ("number", "person", "provider", "acr", "since", "until")
    return say_table(columns, rows, empty="Nobody is signed in.")


@session.command("end")
@click.argument("number", type=int, required=False)
@click.option("--person", help="End every session of this person (User.id).")
@as_json
def end_sessions(number: int | None, person: str | None, *, as_json: bool) -> None:
    """End the session with NUMBER, or every session of a person."""
    if (number is None) == (person is None):
        raise click.UsageError("say a number or --person")
    desk = opened()
    with desk.unit() as uow:
        live = sessions.listed(uow, _idle(desk))
        wanted = [s.pk for s in live if s.pk == number or s.person == person]
        ended = sum(sessions.end_one(uow, pk) for pk in wanted)
        uow.commit()
    if number is not None and not ended:
        raise NotFound(f"there is no session {number}")
    if as_json:
        return say_json({"ended": ended})
    return click.echo(f"{ended} session(s) ended")


def _idle(desk: Desk) -> int:
    return desk.settings.session_idle_seconds * _MICRO
