"""``why`` and ``who``: a decision step by step, and everybody who may read a theme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

import click

from mo_access.commands import origin_texts
from mo_access.commands.desk import Desk, as_json, finding, moment, opened, say_json
from mo_access.commands.streams import encoded, say_json_array, say_rows
from mo_access.domain.levels import level_of
from mo_access.domain.numbers import institution_number
from mo_access.domain.policy import Session
from mo_access.service import explaining, named
from mo_access.service.decisions import ANYBODY, AT_ONCE, Question
from mo_access.service.explaining import Explanation, Holder, Origin

_COLUMNS = ("id", "userName (client)", "role", "theme")


@click.command()
@click.argument("user")
@click.argument("theme")
@click.argument("institution")
@click.option("--acr", help="As if signed in at this level; without it the level is not judged.")
@click.option("--capacity", multiple=True, help="As if signed in for this institution only.")
@as_json
def why(
    user: str,
    theme: str,
    institution: str,
    acr: str | None,
    capacity: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """May USER (id, userName or externalId) read THEME at INSTITUTION now? 1 for a no.

    Shows every rule as it was applied, and which client gave what, how and when.
    """
    desk = opened()
    with desk.unit() as uow:
        asked = Question(
            person=named.person(uow, user),
            institution=named.institution(uow, institution),
            theme=named.theme(uow, theme),
            session=_session(desk, acr, capacity),
        )
        told = explaining.why(uow, asked)
    if as_json:
        say_json(_shown(asked, told))
    else:
        _tell(asked, told)
    if not told.decision.allowed:
        finding()


@click.command()
@click.argument("theme")
@click.argument("institution")
@click.option("--all", "dormant", is_flag=True, help="Also who holds it and may not read it now.")
@click.option("--limit", type=click.IntRange(1), help="No more than so many people.")
@click.option("--after", metavar="ID", help="Go on after this person, the last one of a list.")
@as_json
def who(
    theme: str,
    institution: str,
    *,
    dormant: bool,
    limit: int | None,
    after: str | None,
    as_json: bool,
) -> None:
    """List everybody who may read THEME at INSTITUTION now: since when and by which client.

    First registered first, told while it is read. With --limit the list ends sooner; --after the
    last id of it goes on.
    """
    with opened().unit() as uow:
        slug, number = named.theme(uow, theme), named.institution(uow, institution)
        at_once = min(AT_ONCE, limit + 1) if limit else AT_ONCE
        found = explaining.who(uow, slug, number, dormant=dormant, after=after, at_once=at_once)
        if as_json:
            return say_json_array(map(_holder, islice(found, limit)))
        return _list(found, limit, dormant=dormant)


def _list(found: Iterator[Holder], limit: int | None, *, dormant: bool) -> None:
    """Print who may while the list is read; who may not comes after, and is kept until then."""
    idle: list[Holder] = []
    last = None

    def may() -> Iterator[tuple[str, ...]]:
        nonlocal last
        for last in islice(found, limit):
            if last.decision.allowed:
                yield _row(last)
            else:
                idle.append(last)

    say_rows(_COLUMNS, may(), empty="Nobody may read this now.")
    if dormant:
        click.echo("\nHolds the theme and may not read it now:")
        rows = ((*_row(h), h.decision.reason.value) for h in idle)
        say_rows((*_COLUMNS, "why not"), rows, empty="Nobody.")
    if last is not None and next(found, None) is not None:
        click.echo(f"\n… and more: --after {last.person}")


def _session(desk: Desk, acr: str | None, capacity: tuple[str, ...]) -> Session:
    level = ANYBODY.level if acr is None else level_of(acr, desk.settings.oidc_acr_levels)
    chosen = frozenset(map(institution_number, capacity)) or None
    return Session(level=level, capacity=chosen)


def _shown(asked: Question, told: Explanation) -> dict[str, object]:
    decision = told.decision
    return {
        "decision": decision.allowed,
        "reason": decision.reason.value,
        "person": asked.person,
        "theme": asked.theme,
        "institution": asked.institution,
        "steps": [asdict(step) for step in decision.steps],
        "rules": [asdict(step) for step in told.rules],
        "origins": [origin._asdict() for origin in told.origins],
    }


def _holder(holder: Holder) -> str:
    """Return somebody as JSON."""
    said = {
        "id": holder.person,
        "userNames": holder.user_names,
        "decision": holder.decision.allowed,
        "reason": holder.decision.reason.value,
    }
    return f'{encoded(said)[:-1]}, "origins": {origin_texts.told(holder.origins)}}}'


def _tell(asked: Question, told: Explanation) -> None:
    click.echo(f"{asked.person} reading {asked.theme} at {asked.institution}:")
    for step in told.rules:
        click.echo(f"  {'yes' if step.holds else 'NO '}  {step.rule:12} {step.fact}")
    for origin in told.origins:
        click.echo(f"  {'   ' if origin.idle else ' + '}  {_origin(origin)}")
    decision = told.decision
    click.echo(f"{'allowed' if decision.allowed else 'refused'}: {decision.reason.value}")


def _origin(origin: Origin) -> str:
    """Describe who holds a right up, how, and since when."""
    what = origin.value if origin.kind == "role" else "theme"
    told = f"{what} at {origin.institution or 'wherever the client put the person'}"
    told += f" by {origin.client} ({origin.how}) since {moment(origin.since)}"
    told += f", from {origin.start}" if origin.start else ""
    told += f", until {origin.end}" if origin.end else ""
    return f"{told}; gives nothing: {origin.idle}" if origin.idle else told


def _row(holder: Holder) -> tuple[str, ...]:
    called = ", ".join(holder.user_names)
    roles = [o for o in holder.origins if o.kind == "role"]
    themes = [o for o in holder.origins if o.kind == "theme"]
    return holder.person, called, _held(roles), _held(themes)


def _held(origins: list[Origin]) -> str:
    """Put what counts in a cell; where nothing does, what is there."""
    live = [origin for origin in origins if origin.idle is None]
    return ", ".join(
        f"{o.value} by {o.client} since {moment(o.since)[:10]}" for o in live or origins
    )
