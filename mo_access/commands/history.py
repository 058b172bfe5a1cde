"""``history``: what changed for one person, as the audit trail has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice

import click

from mo_access.commands.desk import as_json, moment, opened, say_json
from mo_access.domain.model import Json
from mo_access.service import history as trail
from mo_access.service import named
from mo_access.service.history import Entry
from mo_access.service.unit_of_work import BRUSSELS

_MICRO = 1_000_000
_GIVEN = {"added": "given", "removed": "taken away", "moved": "changed"}
_SAID = {
    "person.create": "registered",
    "person.update": "changed",
    "person.delete": "registration ended",
    "person.lapse": "not signed in any more",
    "person.insz.read": "number read",
    "sign_in": "sign-in",
    "sign_in.rights": "rights from the sign-in",
    "session.end": "signed out",
    "document.read": "document",
}


@click.command()
@click.argument("user")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day on.")
@click.option("--institution", help="Only what stands in the chain of this institution.")
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=200, show_default=True)
@as_json
def history(
    user: str, since: datetime | None, institution: str | None, count: int, *, as_json: bool
) -> None:
    """Show what happened to USER (id, userName or externalId), newest first."""
    with opened().unit() as uow:
        person = named.person(uow, user)
        number = named.institution(uow, institution) if institution else None
        found = trail.of(uow, person, since=_micros(since), institution=number)
        entries = list(islice(found, count + 1))
    shown = entries[:count]
    if as_json:
        return say_json([{"when": _utc(entry.at), **asdict(entry)} for entry in shown])
    for entry in shown:
        click.echo(f"{moment(entry.at)}  {_sentence(entry)}")
    if not shown:
        click.echo("Nothing happened to this person.")
    if len(entries) > count:
        click.echo(f"… and more before; ask for them with -n {count * 10}")
    return None


def _sentence(entry: Entry) -> str:
    """Tell an event: what happened, where, by whom, and what was gained and lost."""
    at = f" at {', '.join(entry.institutions)}" if entry.institutions else ""
    told = f"{_happened(entry)}{at}, by {entry.by}{_outcome(entry)}"
    parts = [
        f"{word} {_right(right)}"
        for word, name in (("+", "gained"), ("-", "lost"))
        for right in _rights(entry.facts.get(name))
    ]
    return "; ".join([told, *parts])


def _happened(entry: Entry) -> str:
    if entry.what:
        role = entry.facts.get("role")
        right = f"theme {entry.theme}" if entry.theme else f"role {role}" if role else "group"
        return f"{right} {_GIVEN.get(entry.what, entry.what)} (group {entry.facts.get('group')})"
    said = _SAID.get(entry.kind, entry.kind)
    document = entry.facts.get("document")
    if document:
        return f"{said} {document} ({entry.theme})"
    on = {True: " (active)", False: " (inactive)"}.get(bool(entry.facts.get("active")), "")
    changed = entry.facts.get("changed")
    named_ = f" {', '.join(map(str, changed))}" if isinstance(changed, list) and changed else ""
    return f"{said}{named_}{on if 'active' in entry.facts else ''}"


def _outcome(entry: Entry) -> str:
    """Say what came of it where that is not simply done, with the reason code."""
    code = entry.facts.get("code") or entry.facts.get("reason")
    if entry.outcome == "ok":
        return ""
    return f": {entry.outcome}{f' ({code})' if code else ''}"


def _rights(told: Json) -> list[Mapping[str, Json]]:
    return [right for right in told if isinstance(right, dict)] if isinstance(told, list) else []


def _right(right: Mapping[str, Json]) -> str:
    if "theme" in right:
        return f"theme {right['theme']} at {right.get('institution')}"
    days = " ".join(f"{word} {right[word]}" for word in ("start", "end") if word in right)
    told = f"{right.get('role')} at {right.get('institution')} ({right.get('form')})"
    return f"{told} {days}".rstrip()


def _micros(day: datetime | None) -> int:
    """Return when a day begins in Brussels."""
    return 0 if day is None else int(day.replace(tzinfo=BRUSSELS).timestamp()) * _MICRO


def _utc(micros: int) -> str:
    return datetime.fromtimestamp(micros / _MICRO, UTC).isoformat(timespec="seconds")


__all__ = ["history"]
