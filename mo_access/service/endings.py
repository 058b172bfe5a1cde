"""Affiliations that end: told ahead of time, told when it happened, each exactly once.

Decisions need none of this: a past last day gives nothing on the next request. Of several nodes the
lease lets one tell, and the table of what was told keeps a second one from telling it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mo_access.domain import ending
from mo_access.domain.model import Event
from mo_access.service import theme_ends
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, facts, leases
from mo_access.storage import endings as stored
from mo_access.storage.endings import End, Told
from mo_access.storage.facts import PersonFacts

LEASE: Final = "affiliation-ends"
LEASE_MICROSECONDS: Final = 60_000_000
PAGE: Final = 200
"""So many in one transaction: other writers of SQLite wait for it."""
_FIRST_DAY: Final = "0000-01-01"
_EVENTS: Final[dict[Told, str]] = {"noticed": "affiliation.ending", "ended": "affiliation.ended"}


@dataclass(frozen=True, slots=True)
class Ending:
    """An affiliation that ends; ``days`` are left after today, ``noticed`` that it was told."""

    person: str
    institution: str
    role: str
    end: str
    days: int
    noticed: bool


def tell(uow: UnitOfWork, holder: str, told: Told, notice_days: int, after: int = 0) -> int | None:
    """Tell of one page of ends; the caller commits. Returns where to go on, None for no more.

    ``told`` says of which: that ended before today, or that will within ``notice_days``.
    """
    days = _days(uow, told, notice_days)
    if not stored.page(uow.conn, told, days, after, 1):
        return None
    if not leases.take(uow.write(), LEASE, holder, uow.now, LEASE_MICROSECONDS):
        return None
    found = stored.page(uow.conn, told, days, after, PAGE)
    people = _people(uow, found)
    opted = stored.opted(uow.conn) if told == "ended" else frozenset()
    for end in found:
        _tell_one(uow, told, end, people[end.person], opted)
    return found[-1].pk if len(found) == PAGE else None


def tidy(uow: UnitOfWork) -> int:
    """Forget what was told of affiliations that are no more; returns how many."""
    keys = stored.stale(uow.conn, PAGE)
    if keys:
        uow.write()
        stored.forget(uow.conn, keys)
    return len(keys)


def ahead(uow: UnitOfWork, days: int, number: str | None = None) -> tuple[Ending, ...]:
    """List what ends today or within so many days, everywhere or at one institution.

    What goes on through another affiliation does not end.
    """
    found = stored.between(uow.conn, (uow.today, ending.later(uow.today, days)), number)
    people = _people(uow, found)
    shown = {end.key: end for end in found if not _goes_on(uow, end, people[end.person])}
    return tuple(_shown(uow, end) for end in shown.values())


def _days(uow: UnitOfWork, told: Told, notice_days: int) -> tuple[str, str]:
    if told == "ended":
        return _FIRST_DAY, ending.later(uow.today, -1)
    return uow.today, ending.later(uow.today, notice_days)


def _people(uow: UnitOfWork, found: list[End]) -> dict[str, PersonFacts]:
    people: dict[str, PersonFacts] = {}
    ids = sorted({end.person for end in found})
    for start in range(0, len(ids), PAGE):
        several = facts.people_facts(uow.conn, ids[start : start + PAGE])
        people.update((known.id, known) for known in several)
    return people


def _tell_one(
    uow: UnitOfWork, told: Told, end: End, known: PersonFacts, opted: frozenset[str]
) -> None:
    """Tell of one end, unless it was told or something else goes on; that may end before."""
    on = _goes_on(uow, end, known)
    if (on and told == "noticed") or not stored.claim(uow.conn, told, end, uow.now) or on:
        return
    about = {"role": end.role, "end": end.end}
    at = (end.institution,)
    uow.record(Event(_EVENTS[told], "ok", person=end.person, institutions=at, facts=about))
    if opted:
        before = ending.over_at(end.end)
        theme_ends.end_where(uow, known, frozenset(at), opted, before=before)


def _goes_on(uow: UnitOfWork, end: End, known: PersonFacts) -> bool:
    on = ending.goes_on(known.affiliations, end.institution, end.role, end.end)
    return on and not _is_shut(uow, end.institution, known.blocked_at)


def _is_shut(uow: UnitOfWork, number: str, blocked_at: frozenset[str]) -> bool:
    """Tell whether a block is on what the person is anywhere in this institution's line.

    It goes both ways, as decisions judge it; asks nothing for who is under no such block.
    """
    if not blocked_at:
        return False
    if number in access.with_successors(uow.conn, blocked_at):
        return True
    return not blocked_at.isdisjoint(access.with_successors(uow.conn, [number]))


def _shown(uow: UnitOfWork, end: End) -> Ending:
    left = ending.days_between(uow.today, end.end)
    told = end.told is not None
    return Ending(end.person, end.institution, end.role, end.end, left, told)
