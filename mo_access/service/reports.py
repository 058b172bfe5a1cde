"""Reports for the operator: what came in from each client, and what became of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mo_access.service.tally import Kind
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import activity as stored
from mo_access.storage import tally
from mo_access.storage.engine import Row

TOO_FAST: Final = "Too many requests in a second (docs/limits.md); each was told when to try again."
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class CameIn:
    """How often one kind of request came, and how often it was taken."""

    resource: str
    method: str
    requests: int
    taken: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for refusing, how often and when last.

    ``request_id`` is one of those requests, to look up in the log, and ``resource_id`` one of the
    resources that were named; what came too fast is only counted, so it has neither.
    """

    resource: str
    method: str
    status: int
    detail: str
    times: int
    last: int
    request_id: str
    resource_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unmapped:
    """What was accepted and gives nothing, how often and when last, on which resource for one."""

    text: str
    times: int
    last: int
    resource: str
    resource_id: str | None


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
    """What one client sent since a moment; times are microseconds.

    Reads are counted among the requests; ``last_success`` is that of a write, also of one of those
    that changed nothing (``unchanged``).
    """

    id: str
    name: str
    requests: int
    taken: int
    unchanged: int
    last_success: int | None
    last_read: int | None
    last_refusal: int | None
    came_in: tuple[CameIn, ...]
    refused: tuple[Refusal, ...]
    unmapped: tuple[Unmapped, ...]
    tolerated: tuple[tuple[str, int], ...]
    """The deviations that its requests needed (docs/profiles.md), with how often."""
    mapped: Held

    @property
    def needs_a_look(self) -> bool:
        """Whether something was refused after the last success, or gives nothing."""
        stuck = (self.last_refusal or 0) > (self.last_success or 0)
        return stuck or bool(self.unmapped)


def sync(uow: UnitOfWork, since: int = 0) -> tuple[ClientReport, ...]:
    """Report on every live client, by name; counts begin with the hour that ``since`` is in."""
    conn = uow.conn
    came_in = _by_client(stored.came_in(conn, since))
    refused = _by_client(stored.refused(conn, since))
    unmapped = _by_client(stored.unmapped(conn, since))
    counted = _by_client(tally.counted(conn, since))
    held = {row[0]: Held(*map(int, row[1:])) for row in stored.held(conn)}
    found = []
    for client_id, name, success in stored.last_taken(conn, since):
        counts = _counts(counted[client_id])
        kinds = _came_in(came_in[client_id], counts)
        why = _refusals(refused[client_id], counts)
        report = ClientReport(
            id=client_id,
            name=name,
            requests=sum(kind.requests for kind in kinds),
            taken=sum(kind.taken for kind in kinds),
            unchanged=sum(count.times for count in counts[Kind.UNCHANGED]),
            last_success=_last(counts[Kind.UNCHANGED], success),
            last_read=_last(counts[Kind.READ]),
            last_refusal=max((one.last for one in why), default=None),
            came_in=kinds,
            refused=why,
            unmapped=_unmapped(unmapped[client_id]),
            tolerated=tuple((count.name, count.times) for count in counts[Kind.TOLERATED]),
            mapped=held.get(client_id, Held()),
        )
        found.append(report)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Count:
    name: str
    times: int
    last: int

    @property
    def request(self) -> tuple[str, str]:
        """The resource and the method, where the name is one of a request."""
        method, _, resource = self.name.partition(" ")
        return resource, method


_Counts: TypeAlias = defaultdict[Kind, list[_Count]]


def _by_client(rows: list[Row]) -> defaultdict[str, list[Row]]:
    """Sort rows by their first column, which is left out."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for client_id, *rest in rows:
        found[client_id].append(tuple(rest))
    return found


def _counts(rows: list[Row]) -> _Counts:
    found: _Counts = defaultdict(list)
    for kind, name, times, last in rows:
        # PostgreSQL sums into a decimal; a report holds plain integers.
        found[Kind(kind)].append(_Count(name, int(times), last))
    return found


def _last(counts: list[_Count], known: int | None = None) -> int | None:
    """Return the latest moment of these counts and another one, None where there is none."""
    moments = [count.last for count in counts] + ([] if known is None else [known])
    return max(moments, default=None)


def _came_in(rows: list[Row], counts: _Counts) -> tuple[CameIn, ...]:
    """Put what was written down one by one and what was only counted together."""
    came: Counter[tuple[str, str]] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    for resource, method, times, fine in rows:
        came[resource, method] += int(times)
        taken[resource, method] += int(fine or 0)
    well = (*counts[Kind.READ], *counts[Kind.UNCHANGED])
    for count in (*well, *counts[Kind.TOO_FAST]):
        came[count.request] += count.times
    for count in well:
        taken[count.request] += count.times
    return tuple(CameIn(*what, times, taken[what]) for what, times in sorted(came.items()))


def _refusals(rows: list[Row], counts: _Counts) -> tuple[Refusal, ...]:
    """List the refusals, the latest first."""
    found = [
        Refusal(resource, method, status, detail or "", int(times), last, request_id, one)
        for resource, method, status, detail, times, last, request_id, one in rows
    ]
    found += [
        Refusal(*count.request, _TOO_MANY, TOO_FAST, count.times, count.last, "")
        for count in counts[Kind.TOO_FAST]
    ]
    return tuple(sorted(found, key=lambda refusal: -refusal.last))


def _unmapped(rows: list[Row]) -> tuple[Unmapped, ...]:
    """Add up how often each text came, the most frequent first; rows are the latest first."""
    found: dict[str, Unmapped] = {}
    for texts, resource, times, last, one in rows:
        for text in json.loads(texts):
            before = found.get(text, Unmapped(text, 0, last, resource, one))
            found[text] = replace(before, times=before.times + int(times))
    return tuple(sorted(found.values(), key=lambda unmapped: -unmapped.times))
