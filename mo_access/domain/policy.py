"""May this person read this theme here, now? The one decision function (domain.md, rule 10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mo_access.domain.model import Form


class Reason(StrEnum):
    """Why the answer is what it is; stable codes, documented in ``docs/reasons.md``."""

    GRANTED = "granted"
    UNKNOWN = "unknown"
    INACTIVE = "person_inactive"
    BLOCKED = "blocked"
    NO_AFFILIATION = "no_affiliation"
    NOT_STARTED = "affiliation_not_started"
    ENDED = "affiliation_ended"
    SUSPENDED = "affiliation_suspended"
    CAPACITY = "other_capacity"
    REACH = "outside_reach"
    NO_THEME = "no_theme"
    DORMANT = "theme_suspended"
    LEVEL = "level_too_low"
    NO_ROLE = "no_role"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, the rule that decided, and every step on the way (for ``why``)."""

    allowed: bool
    reason: Reason
    steps: tuple[Step, ...] = ()
    level_asked: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One rule as it was applied: did it hold, and on which fact."""

    rule: str
    holds: bool
    fact: str


@dataclass(frozen=True, slots=True)
class AffiliationFact:
    """One stored affiliation at the institution asked about or at a predecessor of it."""

    institution: str
    role: str
    form: Form
    start: str | None
    end: str | None
    suspended: bool
    blocked: bool
    client: str | None
    since: int | None = None
    """When it was given, in microseconds; no rule asks for it."""


@dataclass(frozen=True, slots=True)
class GrantFact:
    """One way in which the person holds the theme at the institution or a predecessor."""

    kind: str
    institution: str
    suspended: bool
    client: str | None
    source: str
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What the session adds to the question: its level, capacity and reach.

    ``capacity`` and ``reach`` are institution numbers that alone count, or None for all.
    """

    level: int = 0
    capacity: frozenset[str] | None = None
    reach: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one person, institution and theme, read in one go on each request."""

    known: bool
    active: bool
    person_blocked: bool
    institution_blocked: bool
    institution: str
    level_asked: int
    today: str
    affiliations: tuple[AffiliationFact, ...] = ()
    grants: tuple[GrantFact, ...] = ()


def decide(facts: Facts, session: Session) -> Decision:
    """Answer the question of rule 10: the first rule that does not hold decides.

    A role question is the same question without the theme: ``decide_role``.
    """
    return _first_no([*_steps_of_person(facts, session), *_steps_of_theme(facts, session)], facts)


def decide_role(facts: Facts, session: Session, role: str) -> Decision:
    """May the person act in this role here? A beheerder counts as gebruiker (design section 3)."""
    wanted = {role, "beheerder"} if role == "gebruiker" else {role}
    held = any(_current(a, facts.today) and a.role in wanted for a in facts.affiliations)
    role_step = (Step("role", held, f"role {role}"), Reason.NO_ROLE)
    return _first_no([*_steps_of_person(facts, session), role_step], facts)


def every_step(facts: Facts, session: Session) -> tuple[Step, ...]:
    """Apply every rule of ``decide``, also those behind the one that decides (for ``why``)."""
    asked = (*_steps_of_person(facts, session), *_steps_of_theme(facts, session))
    return tuple(step for step, _ in asked)


def is_current(fact: AffiliationFact, today: str) -> bool:
    """Tell whether an affiliation counts today: live, started, not past its end."""
    return _current(fact, today)


def _first_no(steps: Iterable[tuple[Step, Reason]], facts: Facts) -> Decision:
    passed: list[Step] = []
    for step, reason in steps:
        passed.append(step)
        if not step.holds:
            return Decision(False, reason, tuple(passed), facts.level_asked)
    return Decision(True, Reason.GRANTED, tuple(passed), facts.level_asked)


def _steps_of_person(facts: Facts, session: Session) -> Iterable[tuple[Step, Reason]]:
    here = facts.institution
    yield Step("known", facts.known, "person, institution and theme are known"), Reason.UNKNOWN
    yield Step("active", facts.active, "the person is active"), Reason.INACTIVE
    blocked = facts.person_blocked or facts.institution_blocked or _all_blocked(facts)
    yield Step("blocked", not blocked, "nothing is blocked"), Reason.BLOCKED
    yield Step("reach", _allows(session.reach, here), "sign-in counts here"), Reason.REACH
    yield Step("capacity", _allows(session.capacity, here), "capacity counts"), Reason.CAPACITY
    yield _affiliation_step(facts)


def _steps_of_theme(facts: Facts, session: Session) -> Iterable[tuple[Step, Reason]]:
    live = [g for g in facts.grants if not g.suspended]
    holders = ", ".join(f"{g.kind} {g.source} by {g.client}" for g in live) or "nobody gave it"
    missing = Reason.DORMANT if facts.grants and not live else Reason.NO_THEME
    yield Step("theme", bool(live), holders), missing
    level = f"level {session.level}, asked {facts.level_asked}"
    yield Step("level", session.level >= facts.level_asked, level), Reason.LEVEL


def _allows(numbers: frozenset[str] | None, here: str) -> bool:
    return numbers is None or here in numbers


def _all_blocked(facts: Facts) -> bool:
    return bool(facts.affiliations) and all(a.blocked for a in facts.affiliations)


def _affiliation_step(facts: Facts) -> tuple[Step, Reason]:
    current = [a for a in facts.affiliations if _current(a, facts.today)]
    if current:
        told = ", ".join(f"{a.role} at {a.institution} by {a.client}" for a in current)
        return Step("affiliation", True, told), Reason.GRANTED
    return Step("affiliation", False, "no current affiliation"), _why_not_current(facts)


def _current(a: AffiliationFact, today: str) -> bool:
    """Current: not a retained role (ruling 7), live, started, not past its inclusive end."""
    dated = (a.start or today) <= today <= (a.end or today)
    return dated and not (a.suspended or a.blocked) and a.form is not Form.RETAINED


def _why_not_current(facts: Facts) -> Reason:
    kept = [a for a in facts.affiliations if a.form is not Form.RETAINED]
    if not kept:
        return Reason.NO_AFFILIATION
    if any(a.suspended for a in kept):
        return Reason.SUSPENDED
    if any((a.start or facts.today) > facts.today for a in kept):
        return Reason.NOT_STARTED
    return Reason.ENDED
