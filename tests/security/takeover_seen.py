"""All that can be seen of the world of the takeover at one moment, by whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

from mo_access.domain.errors import Refused
from mo_access.domain.model import Query
from mo_access.service import decisions, people, sessions, sign_in
from tests.security.takeover_world import (
    AT,
    CLIENTS,
    HUMANS,
    IDLE,
    PLATFORM,
    SHARED,
    THEME,
    Claims,
    Ground,
    Step,
    arrival,
)

PLACES: Final = tuple(AT.values())
WAYS: Final = (
    Claims(),
    Claims(external=True),
    Claims(number=True),
    Claims(external=True, number=True),
    Claims(name=True),
)
PROBES: Final = tuple(product(HUMANS, WAYS))
Right = tuple[str, str]
"""A place and a theme."""
Opened = tuple[str, frozenset[Right]]
"""The person that a session is of, and what it opens."""


@dataclass
class Session:
    """A session that stays open, whose it is and what was carried when it began."""

    human: int
    claims: Claims
    secret: str


@dataclass(frozen=True)
class Seen:
    """What each client reads, who may read where, and what sign-ins and sessions open."""

    read: dict[str, list[tuple[object, ...]]]
    rights: frozenset[tuple[str, Right]]
    arrivals: dict[tuple[int, Claims], Opened | str]
    open: dict[str, Opened | None]

    def beside(self, client: str, *, arrivals: bool) -> tuple[object, ...]:
        """Return what this client can have no part in: others' readings, and other places."""
        at = AT[client]
        return (
            {name: seen for name, seen in self.read.items() if name not in {client, PLATFORM}},
            {(person, right) for person, right in self.rights if right[0] != at},
            {key: _elsewhere(seen, at) for key, seen in self.arrivals.items()} if arrivals else {},
            {key: _elsewhere(seen, at) for key, seen in self.open.items()},
        )


def _elsewhere(seen: Opened | str | None, at: str) -> frozenset[Right]:
    if not isinstance(seen, tuple):
        return frozenset()
    return frozenset(right for right in seen[1] if right[0] != at)


def look(ground: Ground, several: list[Session]) -> Seen:
    """Look at everything."""
    with ground.step() as step:
        return Seen(
            {name: _read(step, ground, name) for name in CLIENTS},
            frozenset(
                (who, (at, theme))
                for at, theme in product(PLACES, (THEME, SHARED))
                for who in decisions.who(step, theme, at)
            ),
            {(human, way): arrive(step, human, way) for human, way in PROBES},
            {session.secret: _opened(step, session.secret) for session in several},
        )


def _read(step: Step, ground: Ground, client: str) -> list[tuple[object, ...]]:
    page = people.find(step, ground.actors[client], Query())
    return sorted(
        (
            view.id,
            view.version,
            view.user_name,
            str(view.external_id),
            view.active,
            view.document,
            tuple(sorted((a.institution, a.status) for a in view.affiliations)),
        )
        for view in page.items
    )


def arrive(step: Step, human: int, claims: Claims) -> Opened | str:
    """Try a sign-in and return what it would open, or why it is refused; nothing is kept."""
    try:
        with step.conn.savepoint():
            secret = sign_in.sign_in(step, arrival(human, claims, step.now)).session_id
            raise _Undone(_opened(step, secret))  # noqa: TRY301 - it is to leave the savepoint
    except _Undone as undone:
        return undone.opened or "gone"
    except Refused as refused:
        return refused.code


class _Undone(Exception):
    """What was only tried is undone."""

    def __init__(self, opened: Opened | None) -> None:
        super().__init__()
        self.opened = opened


def _opened(step: Step, secret: str) -> Opened | None:
    found = sessions.find(step, secret, IDLE)
    if found is None:
        return None
    rights = decisions.readable(step, found.person, found.policy)
    return found.person, frozenset((right.institution, right.theme) for right in rights)
