"""``review``: who has access at an institution, as its beheerder sees it in the portal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from itertools import chain

import click

from mo_access.commands import origin_texts
from mo_access.commands.desk import as_json, moment, opened
from mo_access.commands.streams import encoded, say_json_object, say_rows
from mo_access.service import named, review_csv
from mo_access.service import review as access_review
from mo_access.service.explaining import Origin
from mo_access.service.review import Done, Entry, Listing, ThemeHeld


@click.group()
def review() -> None:
    """Who has access at an institution: role, themes, since when, by which client."""


@review.command()
@click.argument("institution")
@as_json
def show(institution: str, *, as_json: bool) -> None:
    """Show who has or holds what at INSTITUTION, and when that was last reviewed."""
    with opened().unit() as uow:
        number = named.institution(uow, institution)
        found = access_review.pages(uow, number)
        return _say_json(found) if as_json else _list(found)


@review.command()
@click.argument("institution")
@click.option("--language", type=click.Choice(["nl", "en"]), default="nl", show_default=True)
@as_json
def export(institution: str, language: str, *, as_json: bool) -> None:
    """Write the list of INSTITUTION as CSV (UTF-8) to the standard output; this is audited."""
    with opened().unit() as uow:
        number = named.institution(uow, institution)
        access_review.record_export(uow, number, None)
        uow.commit()
        found = access_review.pages(uow, number)
        if as_json:
            return _say_json(found)
        for chunk in review_csv.chunks(found, language):
            click.echo(chunk, nl=False)
    return None


_COLUMNS = ("id", "userName", "role", "themes", "last sign-in", "ends soon")


def _say_json(found: Iterator[Listing]) -> None:
    """Print the list while it is read."""
    first = next(found)
    done = asdict(first.done) if first.done else None
    head = {"institution": first.institution, "name": first.name, "reviewed": done}
    entries = (entry for listing in chain((first,), found) for entry in listing.entries)
    say_json_object(head, "people", map(_entry, entries))


def _entry(entry: Entry) -> str:
    """Return somebody as JSON."""
    said = {
        "person": entry.person,
        "name": entry.name,
        "user_name": entry.user_name,
        "last_sign_in": entry.last_sign_in,
    }
    roles, themes = origin_texts.told(entry.roles), ", ".join(map(_theme, entry.themes))
    after = encoded({"ends": entry.ends, "dormant": entry.dormant})[1:]
    return f'{encoded(said)[:-1]}, "roles": {roles}, "themes": [{themes}], {after}'


def _theme(held: ThemeHeld) -> str:
    before = _before(held.slug, held.name, held.reason.value)
    return f'{before}, "origins": {origin_texts.told(held.origins)}}}'


@lru_cache(maxsize=10_000)
def _before(slug: str, name: str, reason: str) -> str:
    return encoded({"slug": slug, "name": name, "reason": reason})[:-1]


def _list(found: Iterator[Listing]) -> None:
    """Print who has access while the list is read; the dormant come after, kept until then."""
    first = next(found)
    dormant: list[Entry] = []

    def present() -> Iterator[tuple[str, ...]]:
        for listing in chain((first,), found):
            for entry in listing.entries:
                if not entry.dormant:
                    yield _row(entry)
                else:
                    dormant.append(entry)

    say_rows(_COLUMNS, present(), empty="Nobody has access.")
    click.echo("\nHolds something that gives nothing now:")
    say_rows(_COLUMNS, map(_row, dormant), empty="Nobody.")
    click.echo(f"\n{_reviewed(first.done)}")


def _row(entry: Entry) -> tuple[str, ...]:
    roles = ", ".join(f"{role.value} {_by(role)}" for role in entry.roles)
    themes = ", ".join(
        f"{held.slug} {'; '.join(map(_by, held.origins))}"
        + ("" if held.open else f" ({held.reason.value})")
        for held in entry.themes
    )
    when = moment(entry.last_sign_in)[:10]
    return (entry.person, entry.user_name, roles, themes, when, entry.ends or "")


def _by(origin: Origin) -> str:
    told = f"by {origin.client} since {moment(origin.since)[:10]}"
    return f"{told} ({origin.idle})" if origin.idle else told


def _reviewed(done: Done | None) -> str:
    if done is None:
        return "Nobody marked a review of this institution as done."
    told = f"Reviewed {moment(done.at)} by {done.name or done.reviewer}: {done.people} people"
    return told if done.sound else f"{told}. THE SIGNATURE IS NOT OURS."
