"""Reports for the operator: what came in from each client, and what became of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import activity as stored


@dataclass(frozen=True, slots=True)
class CameIn:
    """How often one kind of request came, and how often it was taken."""

    resource: str
    method: str
    requests: int
    taken: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for refusing, how often and when last, with a request to look up in the log."""

    resource: str
    method: str
    status: int
    detail: str
    times: int
    last: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """What stands of a client now: what its people and groups were mapped to."""

    people: int = 0
    affiliations: int = 0
    groups: int = 0
    groups_that_give_nothing: int = 0
    memberships: int = 0
    """Of groups that give something."""


@dataclass(frozen=True, slots=True)
class ClientReport:
    """What one client sent since a moment; times are microseconds."""

    id: str
    name: str
    requests: int
    taken: int
    last_success: int | None
    last_refusal: int | None
    came_in: tuple[CameIn, ...]
    refused: tuple[Refusal, ...]
    unmapped: tuple[tuple[str, int], ...]
    """What was accepted and gives nothing, with how often it came."""
    tolerated: tuple[tuple[str, int], ...]
    """The deviations that writes needed (docs/profiles.md), with how often."""
    mapped: Held

    @property
    def needs_a_look(self) -> bool:
        """Whether something was refused after the last success, or gives nothing."""
        stuck = (self.last_refusal or 0) > (self.last_success or 0)
        return stuck or bool(self.unmapped)


def sync(uow: UnitOfWork, since: int = 0) -> tuple[ClientReport, ...]:
    """Report on every live client, by name."""
    conn = uow.conn
    came_in, refused = stored.came_in(conn, since), stored.refused(conn, since)
    held = {row[0]: Held(*map(int, row[1:])) for row in stored.held(conn)}
    nothing = _counted(
        (client_id, json.loads(texts), int(times))
        for client_id, texts, times, _ in stored.unmapped(conn, since)
    )
    tolerated = _counted(
        (client_id, names.split(), int(times))
        for client_id, names, times in stored.tolerated(conn, since)
    )
    return tuple(
        ClientReport(
            *(client_id, name, int(requests), int(taken or 0), success, refusal),
            came_in=tuple(CameIn(*_ints(r[1:])) for r in came_in if r[0] == client_id),
            refused=tuple(_refusal(r[1:]) for r in refused if r[0] == client_id),
            unmapped=tuple(nothing[client_id].most_common()),
            tolerated=tuple(tolerated[client_id].most_common()),
            mapped=held.get(client_id, Held()),
        )
        for client_id, name, requests, taken, success, refusal in stored.totals(conn, since)
    )


def _counted(rows: Iterable[tuple[str, list[str], int]]) -> defaultdict[str, Counter[str]]:
    """Add up how often each text came, for each client."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for client_id, texts, times in rows:
        counts[client_id].update(dict.fromkeys(texts, times))
    return counts


def _ints(row: tuple[str, str, int, int]) -> tuple[str, str, int, int]:
    """PostgreSQL sums into a decimal; a report holds plain integers."""
    return row[0], row[1], int(row[2]), int(row[3] or 0)


def _refusal(row: tuple[str, str, int, str | None, int, int, str]) -> Refusal:
    resource, method, status, detail, times, last, request_id = row
    return Refusal(resource, method, status, detail or "", int(times), last, request_id)
