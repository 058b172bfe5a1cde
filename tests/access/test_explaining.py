"""Why somebody may read, and everybody who may: every rule, who gave what, how and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mo_access.domain.model import (
    AffiliationClaim,
    Form,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.domain.policy import Reason, Session
from mo_access.service import clients, decisions, explaining, groups, people
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.storage import access
from tests.access.conftest import NOW
from tests.access.worlds import SCHOOL, THEME, Shared, Unit, shared
from tests.support.statements import asked

SECOND = 1_000_000


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give one person whom three clients registered."""
    return shared(unit, tmp_path)


def test_why_tells_who_gave_it_how_and_when(world: Shared) -> None:
    """Each origin with its client, its form or group, and the moment that it was given."""
    world.give_role("school", Role.BEHEERDER, Form.AFFILIATIONS)
    said = world.at
    world.join("board")
    joined = world.at
    with world.unit(world.at) as uow:
        told = explaining.why(uow, Question(world.person, SCHOOL, THEME))
    assert told.decision.allowed
    assert [(o.kind, o.value, o.client, o.how, o.since, o.idle) for o in told.origins] == [
        ("role", "beheerder", "school", "affiliations", said, None),
        ("theme", "group", "board", "groep van board", joined, None),
    ]


def test_why_applies_every_rule_though_the_first_no_decides(world: Shared) -> None:
    """Somebody off, in another capacity and without theme hears all of it."""
    world.give_role("school")
    world.deactivate("school")
    asking = Session(level=0, capacity=frozenset({"900002"}), reach=frozenset())
    with world.unit(world.at) as uow:
        told = explaining.why(uow, Question(world.person, SCHOOL, THEME, session=asking))
        plain = decisions.decide(uow, Question(world.person, SCHOOL, THEME, session=asking))
    assert told.decision == plain
    assert [(rule.rule, rule.holds) for rule in told.rules] == [
        ("known", True),
        ("active", True),
        ("blocked", True),
        ("reach", False),
        ("capacity", False),
        ("affiliation", False),
        ("theme", False),
        ("level", True),
    ]
    assert told.decision.reason is Reason.REACH
    assert "signed in for another" in next(r.fact for r in told.rules if r.rule == "capacity")


def test_why_asks_no_more_than_a_decision(world: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts of a decision hold who and when."""
    question = Question(world.person, SCHOOL, THEME)
    with world.unit(world.at) as uow:
        with asked(monkeypatch) as plain:
            decisions.decide(uow, question)
        with asked(monkeypatch) as told:
            explaining.why(uow, question)
    assert sorted(told) == sorted(plain)


def test_a_new_end_does_not_make_a_role_new(world: Shared) -> None:
    """Since when it is held stays told when a broker moves the end; after a gap it is new."""
    world.give_role("school")
    since = world.at
    later = AffiliationClaim(Form.ROLES, SCHOOL, Role.GEBRUIKER, end=date(2099, 1, 1))
    draft = PersonDraft("jan@school", "x-school", active=True, document={})
    world.say("school", replace(draft, affiliations=(later,)))
    assert _since(world) == [since]
    world.forget("school")
    world.give_role("school")
    assert _since(world) == [world.at]


def _since(world: Shared) -> list[int | None]:
    with world.unit(world.at) as uow:
        told = explaining.why(uow, Question(world.person, SCHOOL, THEME))
    return [origin.since for origin in told.origins]


def test_who_tells_those_apart_who_hold_it_and_may_not(world: Shared) -> None:
    """Only with ``dormant``, and with the reason; who is allowed is the same either way."""
    world.join("board")
    with world.unit(world.at) as uow:
        assert list(explaining.who(uow, THEME, SCHOOL)) == []
        (idle,) = explaining.who(uow, THEME, SCHOOL, dormant=True)
    assert (idle.person, idle.decision.reason) == (world.person, Reason.NO_AFFILIATION)
    world.give_role("school")
    with world.unit(world.at) as uow:
        (now,) = explaining.who(uow, THEME, SCHOOL)
        assert [now] == list(explaining.who(uow, THEME, SCHOOL, dormant=True))
    assert [(o.kind, o.client) for o in now.origins] == [("role", "school"), ("theme", "board")]


@pytest.mark.parametrize("through", ["affiliation", "role group"])
def test_a_group_of_no_institution_counts_where_its_client_put_the_person(
    unit: Unit, world: Shared, through: str
) -> None:
    """Whatever made somebody something there; elsewhere the person is no candidate at all."""
    with unit() as uow:
        _, token = clients.create(uow, NewClient("platform", platform=True))
        actor = clients.by_token(uow, token)
        assert actor is not None
        claim = AffiliationClaim(Form.AFFILIATIONS, SCHOOL, Role.GEBRUIKER)
        draft = PersonDraft("els", None, active=True, document={})
        if through == "affiliation":
            draft = replace(draft, affiliations=(claim,))
        els = people.create(uow, actor, draft).id
        one = MemberChange("add", (els,))
        groups.create(uow, actor, GroupDraft("all", None, {}, theme=THEME), one)
        if through == "role group":
            role = GroupDraft("r", None, {}, institution=SCHOOL, role=Role.GEBRUIKER)
            groups.create(uow, actor, role, one)
        assert [h.person for h in explaining.who(uow, THEME, SCHOOL)] == [els]
        assert list(decisions.who(uow, THEME, SCHOOL)) == [els]
        assert access.holders(uow.conn, THEME, SCHOOL, None) == [els]
        assert access.holders(uow.conn, THEME, "900002", None) == []
        assert access.holders(uow.conn, THEME, SCHOOL, actor.client_pk + 1) == []


def test_nobody_and_nowhere_are_unknown(unit: Unit, world: Shared) -> None:
    """No trace of a fault, and nothing to explain."""
    with unit(NOW) as uow:
        for question in (
            Question("nobody", SCHOOL, THEME),
            Question(world.person, "900777", THEME),
        ):
            told = explaining.why(uow, question)
            assert (told.decision.reason, told.rules, told.origins) == (Reason.UNKNOWN, (), ())
        assert list(explaining.who(uow, THEME, "900777", dormant=True)) == []
