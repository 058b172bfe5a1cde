"""Why somebody may read or may not, and everybody who may: with who gave what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from mo_access.domain import policy
from mo_access.domain.errors import NotFound
from mo_access.domain.judging import Judge
from mo_access.domain.policy import (
    PLATFORM,
    AffiliationFact,
    Decision,
    Facts,
    GrantFact,
    Reason,
    Step,
)
from mo_access.service import decisions, named
from mo_access.service.decisions import ANYBODY, AT_ONCE, Question, Spot
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import facts, theme_holders

_FAILED: Final = {
    "active": "the person was switched off, or no client has an active registration",
    "blocked": "the person, the institution or every affiliation here is blocked",
    "reach": "the clients that vouch for this sign-in do not speak for this institution",
    "capacity": "signed in for another institution",
}


class Origin(NamedTuple):
    """One statement of one client that gives a role or a theme here, or once did.

    ``how`` is the form or the group that it came in, ``since`` microseconds, ``start`` and
    ``end`` days. ``idle`` tells why it gives nothing now, None where it counts.
    """

    kind: str
    """``role`` or ``theme``."""
    value: str
    """The role, or ``group`` or ``entitlement``."""
    institution: str | None
    """None: at every institution of this client where the person is something."""
    client: str
    """``the platform`` where no client did, as in a recovery."""
    how: str
    since: int | None
    start: str | None = None
    end: str | None = None
    idle: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, every rule as it was applied (it stopped at the first no), and every origin."""

    decision: Decision
    rules: tuple[Step, ...]
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a theme, with what a decision says now, without its steps.

    ``user_names`` are those of every client, each with whose it is.
    """

    person: str
    decision: Decision
    origins: tuple[Origin, ...]
    user_names: tuple[str, ...]


def why(uow: UnitOfWork, question: Question) -> Explanation:
    """Answer a question about a theme and explain it; as many statements as ``decide``."""
    known = facts.person_facts(uow.conn, question.person, now=uow.now)
    spot = decisions.spot_of(uow, question.institution, question.theme)
    if known is None or spot is None:
        return Explanation(Decision(allowed=False, reason=Reason.UNKNOWN), (), ())
    here, session = decisions.narrowed(uow, known, spot, question.session)
    rules = tuple(map(_told, policy.every_step(here, session)))
    return Explanation(policy.decide(here, session), rules, origins(here))


def who(
    uow: UnitOfWork,
    theme: str,
    institution: str,
    *,
    dormant: bool = False,
    after: str | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[Holder]:
    """Yield everybody who may read the theme at the institution now, first registered first.

    With ``dormant`` also those who hold it and may not, with the reason. ``after`` is the id of
    the last one that is known. So many people as ``at_once`` are read in as many statements as
    one, when they are asked for. Raises ``NotFound`` when nobody has the id.
    """
    known = theme_holders.key(uow.conn, after) if after else 0
    if known is None:
        raise NotFound("nobody has the id that the list was to go on after; begin anew")
    spot = decisions.spot_of(uow, institution, theme)
    return iter(()) if spot is None else _holders(uow, spot, known, at_once, dormant=dormant)


def _holders(
    uow: UnitOfWork, spot: Spot, after: int, at_once: int, *, dormant: bool
) -> Iterator[Holder]:
    judge, slug = Judge(), spot.theme or ""
    while True:
        found = theme_holders.page(uow.conn, slug, spot.at, after, at_once)
        known = facts.facts_at(uow.conn, found, spot.at, slug, uow.now)
        called = named.user_names_by_key(uow, found)
        # Whoever was removed for good between two statements holds nothing.
        for pk, person in sorted(known.items()):
            here, session = decisions.narrowed(uow, person, spot)
            decision = judge.decision(here, session)
            if decision.allowed or (dormant and here.grants):
                yield Holder(person.id, decision, origins(here), tuple(called.get(pk, ())))
        if len(found) < at_once:
            return
        after = found[-1]


def origins(here: Facts) -> tuple[Origin, ...]:
    """List every statement that gives something here, the ones that count first."""
    return roles(here) + themes(here.grants)


def roles(here: Facts) -> tuple[Origin, ...]:
    """List every statement that gives a role here, the ones that count first."""
    return _ordered([_role(fact, here.today) for fact in here.affiliations])


def themes(grants: Iterable[GrantFact]) -> tuple[Origin, ...]:
    """List every statement that gives a theme, the ones that count first."""
    return _ordered(list(map(theme_origin, grants)))


def _ordered(found: list[Origin]) -> tuple[Origin, ...]:
    if len(found) > 1:
        found.sort(key=_order)
    return tuple(found)


def _order(o: Origin) -> tuple[bool, int, str, str, str, str, str, str]:
    """Put two of one moment in an order too: else a list would be another each time it is read."""
    words = (o.client, o.how, o.value, o.institution or "", o.start or "", o.end or "")
    return (o.idle is not None, o.since or 0, *words)


def _role(fact: AffiliationFact, today: str) -> Origin:
    return Origin(
        "role",
        fact.role,
        fact.institution,
        fact.client or PLATFORM,
        str(fact.form),
        fact.since,
        fact.start,
        fact.end,
        policy.why_idle(fact, today),
    )


def theme_origin(fact: GrantFact) -> Origin:
    """Describe one way in which a theme is held."""
    idle = (fact.idle or "suspended") if fact.suspended else None
    place = fact.institution or None
    client = fact.client or PLATFORM
    return Origin("theme", fact.kind, place, client, fact.source, fact.since, None, None, idle)


def _told(step: Step) -> Step:
    """Say of a rule that does not hold what is wrong, where its fact only says what should be."""
    return step if step.holds else replace(step, fact=_FAILED.get(step.rule, step.fact))


__all__ = ["ANYBODY", "Explanation", "Holder", "Origin", "origins", "theme_origin", "who", "why"]
