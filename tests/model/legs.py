"""What every right stands on, and the days on which that changes of itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.model.universe import LEVELS, PLACES

if TYPE_CHECKING:
    from tests.model.rules import Said, World

ONE_DAY: Final = timedelta(1)


class Right(NamedTuple):
    """Who may read which theme where."""

    person: str
    theme: str
    at: str


def rights(world: World) -> list[Right]:
    """List what everybody may read now."""
    every = (Right(p, t, at) for p in world.alive() for t in LEVELS for at in PLACES)
    return [right for right in every if world.may(*right)]


def holders(world: World, right: Right) -> list[str]:
    """Name the clients by whose word somebody is something where this right is."""
    here = world.lineage(right.at)
    return list(dict.fromkeys(c.client for c in world.claims(right.person) if c.said.at in here))


def turning(world: World) -> tuple[date, list[str]] | None:
    """Return the next day on which affiliations begin or are past their end, and whose."""
    turns = [
        (day, person)
        for person in world.alive()
        for claim in world.claims(person)
        for day in _turns(claim.said)
        if day > world.today
    ]
    if not turns:
        return None
    first = min(day for day, _ in turns)
    return first, list(dict.fromkeys(person for day, person in turns if day == first))


def _turns(said: Said) -> list[date]:
    return [*filter(None, [said.start, said.end and said.end + ONE_DAY])]
