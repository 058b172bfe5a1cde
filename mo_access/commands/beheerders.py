"""``beheerder``: institutions without one, and the way back when nobody is left."""

from __future__ import annotations

from dataclasses import asdict

import click

from mo_access.commands.desk import as_json, moment, opened, say_json, say_table
from mo_access.service import attention, named, recovery
from mo_access.service.recovery import DEFAULT_DAYS, MOST_DAYS

_institution = click.argument("institution")
_user = click.argument("user")


@click.group()
def beheerder() -> None:
    """Beheerders of institutions: who is without one, and recovery by the platform."""


@beheerder.command()
@click.option("--never", is_flag=True, help="Also the institutions that had none yet.")
@as_json
def missing(*, never: bool, as_json: bool) -> None:
    """List the institutions where nobody acts as beheerder now, and since when."""
    with opened().unit() as uow:
        attention.sweep(uow)
        uow.commit()
        found = attention.found(uow, never=never)
    if as_json:
        return say_json([asdict(one) for one in found])
    rows = [(one.institution, one.name, one.state, moment(one.since)) for one in found]
    columns = ("institution", "name", "state", "since")
    return say_table(columns, rows, empty="Every institution that had a beheerder has one.")


@beheerder.command()
@_institution
@_user
@click.option("--reason", required=True, help="Why; it stands in the audit trail.")
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DEFAULT_DAYS,
    show_default=True,
    help="How many days it lasts, today included.",
)
@as_json
def recover(institution: str, user: str, reason: str, days: int, *, as_json: bool) -> None:
    """Make USER (id, userName or externalId) beheerder of INSTITUTION for a time."""
    with opened().unit() as uow:
        number, person = named.institution(uow, institution), named.person(uow, user)
        made = recovery.recover(uow, number, person, reason, days)
        uow.commit()
    if as_json:
        return say_json(asdict(made))
    return click.echo(f"{made.person} is beheerder of {made.institution} up to {made.end}")


@beheerder.command()
@_institution
@_user
@click.option("--reason", default="", help="Why; it stands in the audit trail.")
@as_json
def revoke(institution: str, user: str, reason: str, *, as_json: bool) -> None:
    """Take back what ``recover`` gave USER at INSTITUTION; holds on the next request."""
    with opened().unit() as uow:
        number, person = named.institution(uow, institution), named.person(uow, user)
        ended = recovery.revoke(uow, number, person, reason)
        uow.commit()
    if as_json:
        return say_json({"ended": ended})
    return click.echo(f"{ended} recovery ended")


@beheerder.command("list")
@as_json
def list_recoveries(*, as_json: bool) -> None:
    """List whom the platform made beheerder, those of before too."""
    with opened().unit() as uow:
        found = recovery.listed(uow)
    if as_json:
        return say_json([{**asdict(one.recovery), "current": one.current} for one in found])
    rows = [
        (
            one.recovery.institution,
            one.recovery.person,
            one.recovery.start,
            one.recovery.end,
            "holds" if one.current else "over",
            one.recovery.reason,
        )
        for one in found
    ]
    columns = ("institution", "person", "start", "end", "state", "reason")
    return say_table(columns, rows, empty="The platform has made nobody beheerder.")
