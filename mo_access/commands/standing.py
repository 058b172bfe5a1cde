"""``affiliation`` and ``membership``: what soon ends, and what gives nothing now."""

from __future__ import annotations

from dataclasses import asdict

import click

from mo_access.commands.desk import as_json, opened, say_json, say_table
from mo_access.service import dormant, endings, named

AT_MOST = 3_660
_institution = click.option("--institution", help="Only at this institution (its number).")


@click.group()
def affiliation() -> None:
    """What people are at institutions."""


@affiliation.command("ending")
@click.option("--days", type=click.IntRange(0, AT_MOST), help="How far to look ahead.")
@_institution
@as_json
def ending(days: int | None, institution: str | None, *, as_json: bool) -> None:
    """List what ends today or soon, the first to end first; by default in the days of notice."""
    desk = opened()
    with desk.unit() as uow:
        at = named.institution(uow, institution) if institution else None
        ahead = desk.settings.affiliation_notice_days if days is None else days
        found = endings.ahead(uow, ahead, at)
        names = named.user_names(uow, tuple({one.person for one in found}))
    if as_json:
        return say_json([asdict(o) | {"userNames": names.get(o.person, [])} for o in found])
    rows = [
        (o.end, o.days, o.institution, o.role, o.person, ", ".join(names.get(o.person, [])))
        for o in found
    ]
    columns = ("last day", "days", "institution", "role", "person", "userName (client)")
    return say_table(columns, rows, empty=f"Nothing ends in the next {ahead} days.")


@click.group()
def membership() -> None:
    """Themes that people were given."""


@membership.command("dormant")
@_institution
@as_json
def list_dormant(institution: str | None, *, as_json: bool) -> None:
    """List themes that were given and give nothing now, with the reason (docs/reasons.md)."""
    with opened().unit() as uow:
        at = named.institution(uow, institution) if institution else None
        found = tuple(dormant.listed(uow, at))
        names = named.user_names(uow, tuple({one.person for one in found}))
    if as_json:
        return say_json([asdict(o) | {"userNames": names.get(o.person, [])} for o in found])
    rows = [
        (o.person, ", ".join(names.get(o.person, [])), o.institution, o.theme, o.client, o.reason)
        for o in found
    ]
    columns = ("person", "userName (client)", "institution", "theme", "client", "reason")
    return say_table(columns, rows, empty="Everything that was given gives something.")
