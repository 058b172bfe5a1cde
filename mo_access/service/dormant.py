"""Themes that were given and give nothing now (rule 6): what the access review must show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mo_access.domain.policy import Decision, GrantFact, Reason
from mo_access.service import decisions
from mo_access.service.decisions import Spot
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, facts, holders
from mo_access.storage.facts import PersonFacts


@dataclass(frozen=True, slots=True)
class Dormant:
    """A theme that somebody holds and may not read; ``institution`` None: the group names none."""

    person: str
    theme: str
    institution: str | None
    client: str | None
    kind: str
    source: str
    reason: Reason


def listed(uow: UnitOfWork, number: str | None = None) -> Iterator[Dormant]:
    """Yield what gives nothing now, by person; everywhere or of one institution."""
    places = _Places(uow)
    after = 0
    while page := holders.page(uow.conn, number, after, decisions.AT_ONCE):
        after = page[-1][0]
        several = facts.people_facts(uow.conn, [person for _, person in page], now=uow.now)
        for known in sorted(several, key=lambda one: one.id):
            for theme, grant in known.grants:
                if grant.session is None and number in {None, grant.institution}:
                    yield from _asleep(places, known, theme, grant)


class _Places:
    """The institutions of a report, each read once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self._spots: dict[str, Spot | None] = {}
        self._later: dict[str, frozenset[str]] = {}

    def later(self, number: str) -> frozenset[str]:
        """Return an institution with all that succeeded it."""
        if number not in self._later:
            self._later[number] = access.successors(self.uow.conn, number)
        return self._later[number]

    def spot(self, number: str) -> Spot | None:
        """Return what a decision at the institution is about, without its theme."""
        if number not in self._spots:
            self._spots[number] = decisions.spot_of(self.uow, number, None)
        return self._spots[number]


def _asleep(places: _Places, known: PersonFacts, theme: str, grant: GrantFact) -> Iterator[Dormant]:
    """Judge one grant by itself: another one of the same theme does not wake it."""
    alone = replace(known, grants=((theme, grant),))
    found = [_judged(places, alone, theme, number) for number in _where(places, known, grant)]
    if any(decision.allowed for decision in found):
        return
    reason = found[0].reason if found else Reason.NO_AFFILIATION
    at = grant.institution or None
    yield Dormant(known.id, theme, at, grant.client, grant.kind, grant.source, reason)


def _where(places: _Places, known: PersonFacts, grant: GrantFact) -> list[str]:
    """Return where a grant could give something, its own institution first (ruling 10)."""
    if grant.institution:
        return [grant.institution, *sorted(places.later(grant.institution) - {grant.institution})]
    own = {
        a.institution for a in known.affiliations if a.client == grant.client and a.session is None
    }
    return sorted({later for number in own for later in places.later(number)})


def _judged(places: _Places, alone: PersonFacts, theme: str, number: str) -> Decision:
    spot = places.spot(number)
    if spot is None:
        return Decision(allowed=False, reason=Reason.UNKNOWN)
    return decisions.judged(places.uow, alone, replace(spot, theme=theme))
