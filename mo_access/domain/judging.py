"""The decision for very many people at one institution: whose facts are alike is judged once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, TypeAlias

from mo_access.domain import policy
from mo_access.domain.policy import Decision, Facts, GrantFact, Reason, Session

_SAID: Final = attrgetter(
    *("institution", "role", "form", "start", "end", "suspended", "blocked", "client")
)
"""All of an affiliation but since when it was said, which no rule asks for (``policy``)."""
_Alike: TypeAlias = tuple[Any, ...]


class Judge:
    """Answers ``policy.decide`` for one person after the other, in one listing.

    The facts are those of one institution, day and level; the rules ask of grants whether one of
    them is live, of affiliations all but their age. So people who differ in nothing else share an
    answer, which ``decide`` gave.
    """

    def __init__(self) -> None:
        """Begin with nobody judged."""
        self._known: dict[_Alike, dict[bool, Reason]] = {}

    def reasons(
        self, facts: Facts, session: Session, held: Mapping[str, tuple[GrantFact, ...]]
    ) -> dict[str, Reason]:
        """Tell of each theme, by slug, what the decision is; those of ``facts`` do not count."""
        if not held:
            return {}
        person = (
            *(facts.active, facts.person_blocked, session),
            *map(_SAID, facts.affiliations),
        )
        known = self._known.setdefault(person, {})
        found: dict[str, Reason] = {}
        for slug, grants in held.items():
            live = is_live(grants)
            if live not in known:
                known[live] = policy.decide(replace(facts, grants=grants), session).reason
            found[slug] = known[live]
        return found

    def decision(self, facts: Facts, session: Session) -> Decision:
        """Answer on facts of one theme as ``policy.decide`` does, without its steps."""
        if not facts.grants:
            return policy.decide(facts, session)
        reason = self.reasons(facts, session, {"": facts.grants})[""]
        return Decision(reason is Reason.GRANTED, reason, level_asked=facts.level_asked)


def is_live(grants: tuple[GrantFact, ...]) -> bool:
    """Tell whether one of them gives the theme now."""
    for grant in grants:  # noqa: SIM110 - any() would cost twice as much, a hundred thousand times
        if not grant.suspended:
            return True
    return False
