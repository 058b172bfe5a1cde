"""The decision function: each rule of rule 10 on its own (domain.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mo_access.domain.model import Form
from mo_access.domain.policy import (
    AffiliationFact,
    Facts,
    GrantFact,
    Reason,
    Session,
    decide,
    decide_role,
)

HERE, TODAY = "900001", "2026-11-24"
MEMBER = AffiliationFact(HERE, "gebruiker", Form.ROLES, None, None, False, False, "broker")
GIVEN = GrantFact("group", HERE, suspended=False, client="broker", source="MO_900001_x")
FACTS = Facts(True, True, False, False, HERE, 10, TODAY, (MEMBER,), (GIVEN,))
AT = frozenset({HERE})


def facts(**changes: Any) -> Facts:  # noqa: ANN401 - any field of Facts
    """Change some facts of somebody who may read."""
    return replace(FACTS, **changes)


def affiliated(**changes: Any) -> Facts:  # noqa: ANN401 - any field of AffiliationFact
    """Change the only affiliation of somebody who may read."""
    return facts(affiliations=(MEMBER._replace(**changes),))


def test_all_rules_held_give_access_with_every_step_told() -> None:
    """A yes names each rule that was asked."""
    decision = decide(FACTS, Session(10, AT, AT))
    assert decision.allowed
    assert decision.reason is Reason.GRANTED
    assert [step.rule for step in decision.steps] == [
        "known",
        "active",
        "blocked",
        "reach",
        "capacity",
        "affiliation",
        "theme",
        "level",
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (facts(known=False), Reason.UNKNOWN),
        (facts(active=False), Reason.INACTIVE),
        (facts(person_blocked=True), Reason.BLOCKED),
        (facts(institution_blocked=True), Reason.BLOCKED),
        (affiliated(blocked=True), Reason.BLOCKED),
        (facts(affiliations=()), Reason.NO_AFFILIATION),
        (affiliated(form=Form.RETAINED), Reason.NO_AFFILIATION),
        (affiliated(suspended=True), Reason.SUSPENDED),
        (affiliated(start="2026-11-25"), Reason.NOT_STARTED),
        (affiliated(end="2026-11-23"), Reason.ENDED),
        (facts(grants=()), Reason.NO_THEME),
        (facts(grants=(GIVEN._replace(suspended=True),)), Reason.DORMANT),
        (facts(level_asked=11), Reason.LEVEL),
    ],
)
def test_each_rule_that_fails_decides(changed: Facts, reason: Reason) -> None:
    """A no carries the first rule that did not hold."""
    decision = decide(changed, Session(10, AT, AT))
    assert (decision.allowed, decision.reason) == (False, reason)


def test_the_first_and_the_last_day_count() -> None:
    """Start and end are inclusive (rule 1)."""
    assert decide(affiliated(start=TODAY, end=TODAY), Session(10)).allowed


def test_a_session_counts_only_in_its_capacity_and_reach() -> None:
    """An empty capacity counts nowhere; None counts everywhere."""
    nowhere: frozenset[str] = frozenset()
    assert decide(FACTS, Session(10, nowhere)).reason is Reason.CAPACITY
    assert decide(FACTS, Session(10, None, nowhere)).reason is Reason.REACH
    assert decide(FACTS, Session(10)).allowed


def test_one_live_affiliation_is_enough() -> None:
    """A second, suspended or blocked one takes nothing away."""
    others = (MEMBER._replace(suspended=True), MEMBER._replace(blocked=True), MEMBER)
    assert decide(facts(affiliations=others), Session(10)).allowed


def test_a_blocked_affiliation_never_counts_beside_one_that_ended() -> None:
    """Not everything is blocked, and still nothing is current."""
    others = (MEMBER._replace(blocked=True), MEMBER._replace(end="2026-11-01"))
    decision = decide(facts(affiliations=others), Session(10))
    assert (decision.allowed, decision.reason) == (False, Reason.ENDED)


@pytest.mark.parametrize(
    ("held", "asked", "allowed"),
    [
        ("gebruiker", "gebruiker", True),
        ("beheerder", "gebruiker", True),
        ("beheerder", "beheerder", True),
        ("gebruiker", "beheerder", False),
    ],
)
def test_a_beheerder_is_a_gebruiker_and_not_the_other_way(
    held: str, asked: str, *, allowed: bool
) -> None:
    """Roles for guards (design section 3)."""
    decision = decide_role(affiliated(role=held), Session(), asked)
    assert decision.allowed is allowed
    assert allowed or decision.reason is Reason.NO_ROLE


def test_a_role_that_has_ended_is_none() -> None:
    """Another, current affiliation lends its days to no other role."""
    ended = MEMBER._replace(role="beheerder", end="2026-11-01")
    decision = decide_role(facts(affiliations=(MEMBER, ended)), Session(), "beheerder")
    assert decision.reason is Reason.NO_ROLE


def test_a_theme_alone_needs_no_level_of_its_own() -> None:
    """A beheerder reads nothing without a theme (rule 3)."""
    assert decide(affiliated(role="beheerder", start=None), Session(9)).reason is Reason.LEVEL
    unread = facts(affiliations=(MEMBER._replace(role="beheerder"),), grants=())
    assert decide(unread, Session(99)).reason is Reason.NO_THEME
