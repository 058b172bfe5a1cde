"""May this person read this theme here, now? The one decision function (domain.md, rule 10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from mo_access.domain.model import Form, Role
from mo_access.domain.terms import DEFAULT, Terms

PLATFORM: Final = "the platform"
"""Who gave what no client did."""


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
    ROLE_LEVEL = "role_level_too_low"


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


class AffiliationFact(NamedTuple):
    """One stored affiliation at the institution asked about or at a predecessor of it.

    A tuple, as a list of very many people makes more of them than of anything else.
    """

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
    session: int | None = None
    """The session that it came with and ends with; None for what a client said."""


class GrantFact(NamedTuple):
    """One way in which the person holds the theme at the institution or a predecessor."""

    kind: str
    institution: str
    suspended: bool
    client: str | None
    source: str
    since: int | None = None
    idle: str | None = None
    """Why it is suspended, a word of ``why_idle``; no rule asks for it."""
    session: int | None = None
    """The session that it came with and ends with; None for what a client said."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the session adds to the question: its level, capacity and reach.

    ``capacity`` and ``reach`` are institution numbers that alone count, or None for all. ``pk`` is
    the session's key, None for a question that no session asks; of what came with sessions only
    that counts which came with this one. ``claims_only``: nothing else does (mode ``jit``).
    """

    level: int = 0
    capacity: frozenset[str] | None = None
    reach: frozenset[str] | None = None
    pk: int | None = None
    claims_only: bool = False

    def counts(self, fact: AffiliationFact | GrantFact) -> bool:
        """Tell whether something was said for this session; for no session, everything is."""
        if self.pk is None:
            return True
        return not self.claims_only if fact.session is None else fact.session == self.pk


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
    terms: Terms = DEFAULT


def decide(facts: Facts, session: Session) -> Decision:
    """Answer the question of rule 10: the first rule that does not hold decides.

    A role question is the same question without the theme: ``decide_role``.
    """
    steps = [*_steps_of_person(facts, session), *_steps_of_theme(facts, session)]
    return _first_no(steps, facts.level_asked)


def decide_role(facts: Facts, session: Session, role: str) -> Decision:
    """May the person act in this role here? A beheerder counts as gebruiker (design section 3).

    A session below the level that beheerders need is a gebruiker's, whatever the role.
    """
    asked = facts.terms.beheerder_level if role == Role.BEHEERDER else 0
    return _first_no(_steps_of_role(facts, session, role, asked), asked)


def every_step(facts: Facts, session: Session) -> tuple[Step, ...]:
    """Apply every rule of ``decide``, also those behind the one that decides (for ``why``)."""
    asked = (*_steps_of_person(facts, session), *_steps_of_theme(facts, session))
    return tuple(step for step, _ in asked)


def is_current(fact: AffiliationFact, today: str) -> bool:
    """Tell whether an affiliation counts today: live, started, not past its end."""
    return _current(fact, today)


def why_idle(fact: AffiliationFact, today: str) -> str | None:
    """Tell why an affiliation counts for nothing today, None where it counts."""
    if _current(fact, today):
        return None
    if fact.form is Form.RETAINED:
        return "retained"
    if fact.blocked:
        return "blocked"
    if fact.end is not None and fact.end < today:
        return "ended"
    return "suspended" if fact.suspended else "pending"


def _first_no(steps: Iterable[tuple[Step, Reason]], asked: int) -> Decision:
    passed: list[Step] = []
    for step, reason in steps:
        passed.append(step)
        if not step.holds:
            return Decision(False, reason, tuple(passed), asked)
    return Decision(True, Reason.GRANTED, tuple(passed), asked)


def _steps_of_role(
    facts: Facts, session: Session, role: str, asked: int
) -> Iterable[tuple[Step, Reason]]:
    yield from _steps_of_person(facts, session)
    held = any(_is(a, role, facts.today) for a in facts.affiliations)
    yield Step("role", held, f"role {role}"), Reason.NO_ROLE
    level = f"level {session.level}, asked {asked}"
    yield Step("level", session.level >= asked, level), Reason.ROLE_LEVEL


def _is(a: AffiliationFact, role: str, today: str) -> bool:
    """Tell whether this affiliation makes the person that now; a beheerder is a gebruiker too."""
    return _current(a, today) and a.role in {role, Role.BEHEERDER}


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
    told = [f"{g.kind} {g.source} by {_giver(g.client)}" for g in live]
    implicit = _reads_as_beheerder(facts, session)
    told += ["role beheerder (beheerder_reads)"] if implicit else []
    holders = ", ".join(told) or "nobody gave it"
    missing = Reason.DORMANT if facts.grants and not live else Reason.NO_THEME
    yield Step("theme", bool(live) or implicit, holders), missing
    level = f"level {session.level}, asked {facts.level_asked}"
    yield Step("level", session.level >= facts.level_asked, level), Reason.LEVEL


def _reads_as_beheerder(facts: Facts, session: Session) -> bool:
    """Rule 3: a beheerder reads like anybody, by theme, unless the installation chose otherwise."""
    if not facts.terms.beheerder_reads or session.level < facts.terms.beheerder_level:
        return False
    return any(_is(a, Role.BEHEERDER, facts.today) for a in facts.affiliations)


def _giver(client: str | None) -> str:
    return client or PLATFORM


def _allows(numbers: frozenset[str] | None, here: str) -> bool:
    return numbers is None or here in numbers


def _all_blocked(facts: Facts) -> bool:
    return bool(facts.affiliations) and all(a.blocked for a in facts.affiliations)


def _affiliation_step(facts: Facts) -> tuple[Step, Reason]:
    current = [a for a in facts.affiliations if _current(a, facts.today)]
    if current:
        told = ", ".join(f"{a.role} at {a.institution} by {_giver(a.client)}" for a in current)
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
