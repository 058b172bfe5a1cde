"""What each kind of block shuts and what it leaves, how it is lifted, and what is told of it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Conflict, Invalid, NotFound, Refused
from mo_access.domain.model import Actor, GroupDraft, MemberChange, PersonView, Query, Role
from mo_access.domain.policy import Reason
from mo_access.service import blocks, decisions, groups, people, sessions, sign_in, succession
from mo_access.service.decisions import Question
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import institution
from tests.access.standing_kit import (
    DAY,
    INSZ,
    ISSUER,
    NOW,
    OLD,
    OTHER,
    SCHOOL,
    THEME,
    Unit,
    at,
    events,
    lay_out,
    reason,
    remove,
    said,
    theme_group,
)

IDLE = 3_600_000_000


def signed_in(uow: UnitOfWork, link: tuple[str, str], *capacity: str) -> str:
    """Sign somebody in and return the session's id."""
    told = SignIn("op", ISSUER, "sub-1", (link,), "token", NOW + DAY, capacity=capacity or None)
    return sign_in.sign_in(uow, told).session_id


def reader(uow: UnitOfWork, actor: Actor, **more: object) -> str:
    """Register An, who reads the theme at the school."""
    an = people.create(uow, actor, said("an", at(), external_id="ext-1", **more)).id
    theme_group(uow, actor, an)
    assert reason(uow, an) is Reason.GRANTED
    return an


def test_a_blocked_affiliation_shuts_one_institution_only(unit: Unit) -> None:
    """Reading at the other goes on, by role group or affiliation; who signs in there may."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(), at(OTHER), external_id="ext-1")).id
        for number in (SCHOOL, OTHER):
            theme_group(uow, school, an, institution=number)
        here, there, anywhere = (
            signed_in(uow, ("ext-1", "externalId"), *capacity)
            for capacity in ((SCHOOL,), (OTHER,), ())
        )
        blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        found = {number: reason(uow, an, number) for number in (SCHOOL, OTHER)}
        assert found == {SCHOOL: Reason.BLOCKED, OTHER: Reason.GRANTED}
        live = [sessions.find(uow, one, IDLE) is not None for one in (here, there, anywhere)]
        assert live == [False, True, True]
        with pytest.raises(Refused):
            signed_in(uow, ("ext-1", "externalId"), SCHOOL)
        signed_in(uow, ("ext-1", "externalId"), OTHER)
        places = decisions.current_places(uow, an, decisions.ANYBODY)
        assert [place.institution for place in places] == [OTHER]
        assert list(decisions.who(uow, THEME, SCHOOL)) == []
        statuses = {a.institution: a.status for a in people.get(uow, school, an).affiliations}
        assert statuses == {SCHOOL: "suspended", OTHER: "active"}


@pytest.mark.parametrize("kind", ["affiliation", "institution"])
def test_a_capacity_of_several_schools_opens_none_that_is_blocked(unit: Unit, kind: str) -> None:
    """A session for both goes on for the one without a block, begun before it or after."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(), at(OTHER), external_id="ext-1")).id
        for number in (SCHOOL, OTHER):
            theme_group(uow, school, an, institution=number)
        before = signed_in(uow, ("ext-1", "externalId"), SCHOOL, OTHER)
        if kind == "affiliation":
            blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        else:
            blocks.block_institution(uow, SCHOOL, "Onderzoek")
        for one in (before, signed_in(uow, ("ext-1", "externalId"), SCHOOL, OTHER)):
            session = sessions.find(uow, one, IDLE)
            assert session is not None
            asked = [Question(an, at_, THEME, session=session.policy) for at_ in (SCHOOL, OTHER)]
            assert [decisions.decide(uow, q).allowed for q in asked] == [False, True]
            rights = decisions.readable(uow, an, session.policy)
            assert [right.institution for right in rights] == [OTHER]
            places = decisions.current_places(uow, an, session.policy)
            assert [place.institution for place in places] == [OTHER]


@pytest.mark.parametrize(("blocked", "held"), [(OLD, SCHOOL), (SCHOOL, OLD), (OLD, OLD)])
def test_a_block_on_an_affiliation_follows_the_successor(
    unit: Unit, blocked: str, held: str
) -> None:
    """What counts at a successor (ruling 10) is blocked there too, in both orders."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(held))).id
        theme_group(uow, school, an)
        assert reason(uow, an) is Reason.GRANTED
        blocks.block_affiliation(uow, an, blocked, "Onderzoek")
        assert reason(uow, an) is Reason.BLOCKED


def test_a_block_at_the_successor_shuts_what_it_succeeded(unit: Unit) -> None:
    """The same school under its old number; another one stays open."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(OLD), at(OTHER))).id
        for number in (OLD, OTHER):
            theme_group(uow, school, an, institution=number)
        blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        found = {
            number: decisions.decide(uow, Question(an, number, THEME)).reason
            for number in (OLD, SCHOOL, OTHER)
        }
        assert found == {
            OLD: Reason.BLOCKED,
            SCHOOL: Reason.BLOCKED,
            OTHER: Reason.GRANTED,
        }


@pytest.mark.parametrize(("blocked", "signed_for"), [(OLD, SCHOOL), (SCHOOL, OLD)])
def test_a_session_for_one_school_ends_by_a_block_in_its_line(
    unit: Unit, blocked: str, signed_for: str
) -> None:
    """Where the decision says ``blocked`` nobody stays signed in, or signs in; else they do."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        everywhere = (at(OLD), at(), at(OTHER))
        ext = ("ext-1", "externalId")
        an = people.create(uow, school, said("an", *everywhere, external_id="ext-1")).id
        capacities: tuple[tuple[str, ...], ...] = ((signed_for,), (OTHER,), (OLD, SCHOOL), ())
        begun = [signed_in(uow, ext, *capacity) for capacity in capacities]

        def live() -> list[bool]:
            found = [sessions.find(uow, one, IDLE) is not None for one in begun]
            assert len(sessions.own(uow, an, IDLE)) == sum(found) == len(sessions.listed(uow, IDLE))
            return found

        assert live() == [True] * 4
        blocks.block_affiliation(uow, an, blocked, "Onderzoek")
        assert live() == [False, True, True, True]
        with pytest.raises(Refused):
            signed_in(uow, ext, signed_for)
        signed_in(uow, ext, OTHER)


@pytest.mark.parametrize(("blocked", "signed_for"), [(OLD, SCHOOL), (SCHOOL, OLD)])
def test_a_session_for_one_school_outlives_a_block_on_another_institution(
    unit: Unit, blocked: str, signed_for: str
) -> None:
    """What the other gives is shut; what the school itself gives is not, so there is a session."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(OLD), at(), external_id="ext-1")).id
        theme_group(uow, school, an, institution=signed_for)
        here = signed_in(uow, ("ext-1", "externalId"), signed_for)
        blocks.block_institution(uow, blocked, "Onderzoek")
        session = sessions.find(uow, here, IDLE)
        assert session is not None
        asked = Question(an, signed_for, THEME, session=session.policy)
        assert decisions.decide(uow, asked).allowed
        signed_in(uow, ("ext-1", "externalId"), signed_for)
        with pytest.raises(Refused):
            signed_in(uow, ("ext-1", "externalId"), blocked)


@pytest.mark.parametrize("as_platform", [False, True])
@pytest.mark.parametrize("through_group", [False, True])
@pytest.mark.parametrize("blocked", [OLD, SCHOOL])
def test_a_broker_reads_what_the_decision_says(
    unit: Unit, blocked: str, *, through_group: bool, as_platform: bool
) -> None:
    """In a line of successions the status is ``suspended`` where the block shuts, and only there.

    Alone and in a list, for one person more who is under no block.
    """
    with unit() as uow:
        actors = lay_out(uow, "school", "platform")
        reads = actors["platform" if as_platform else "school"]
        everywhere = (OLD, SCHOOL, OTHER)
        held = () if through_group else tuple(map(at, everywhere))
        an, bo = (people.create(uow, actors["school"], said(n, *held)).id for n in ("an", "bo"))
        if through_group:
            _in_role_groups(uow, actors["school"], everywhere, an, bo)
        blocks.block_affiliation(uow, an, blocked, "Onderzoek")

        def read() -> dict[str, dict[str, str]]:
            page = people.find(uow, reads, Query()).items
            listed = {one.id: _statuses(one) for one in page}
            assert listed[an] == _statuses(people.get(uow, reads, an))
            return {"an": listed[an], "bo": listed[bo]}

        open_, shut = dict.fromkeys(everywhere, "active"), {OLD: "suspended", SCHOOL: "suspended"}
        assert read() == {"an": open_ | shut, "bo": open_}
        blocks.unblock_affiliation(uow, an, blocked, "Klaar")
        assert read() == {"an": open_, "bo": open_}


def _statuses(view: PersonView) -> dict[str, str]:
    return {a.institution: a.status.value for a in view.affiliations}


def _in_role_groups(uow: UnitOfWork, actor: Actor, at_: tuple[str, ...], *members: str) -> None:
    for number in at_:
        role = GroupDraft(f"MO_{number}_gebruiker", None, {}, (), None, number, Role.GEBRUIKER)
        groups.create(uow, actor, role, MemberChange("add", members))


def test_of_two_schools_that_became_one_the_other_stays_open(unit: Unit) -> None:
    """A block at the one shuts what both became, and not what the other was: as decided."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        succession.succeed(uow, OTHER, SCHOOL)
        an = people.create(uow, school, said("an", at(OLD), at(SCHOOL), at(OTHER))).id
        for number in (OLD, OTHER):
            theme_group(uow, school, an, institution=number)
        blocks.block_affiliation(uow, an, OLD, "Onderzoek")
        found = {number: reason(uow, an, number) for number in (OLD, SCHOOL, OTHER)}
        assert found == {OLD: Reason.BLOCKED, SCHOOL: Reason.BLOCKED, OTHER: Reason.GRANTED}
        statuses = {a.institution: a.status for a in people.get(uow, school, an).affiliations}
        assert statuses == {OLD: "suspended", SCHOOL: "suspended", OTHER: "active"}


def test_a_blocked_institution_is_shut_for_everybody(unit: Unit) -> None:
    """Also for who has rights of it at its successor; sessions for it alone are over."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school)
        old = people.create(uow, school, said("old", at(OLD))).id
        given = people.create(uow, school, said("given", at())).id
        theme_group(uow, school, old, given, institution=OLD)
        assert {reason(uow, one) for one in (old, given)} == {Reason.GRANTED}
        session = signed_in(uow, ("ext-1", "externalId"), SCHOOL)
        blocks.block_institution(uow, OLD, "Fraude")
        found = [reason(uow, one) for one in (an, old, given)]
        assert found == [Reason.GRANTED, Reason.BLOCKED, Reason.DORMANT]
        blocks.block_institution(uow, SCHOOL, "Fraude")
        assert reason(uow, an) is Reason.BLOCKED
        assert sessions.find(uow, session, IDLE) is None
        blocks.unblock_institution(uow, SCHOOL, "Klaar")
        blocks.unblock_institution(uow, OLD, "Klaar")
        assert {reason(uow, one) for one in (an, old, given)} == {Reason.GRANTED}
        assert uow.conn.all(select(institution.c.blocked).distinct()) == [(None,)]


def test_blocks_of_one_human_are_lifted_one_by_one(unit: Unit) -> None:
    """Lifting the one on the person leaves the one on the affiliation, and the other way round."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school)
        blocks.block_affiliation(uow, an, SCHOOL, "b")
        blocks.block_person(uow, an, "a")
        for again in (blocks.block_person, blocks.unblock_institution):
            with pytest.raises((Conflict, NotFound)), uow.attempt():
                again(uow, an, "twice")
        blocks.unblock_person(uow, an, "c")
        assert reason(uow, an) is Reason.BLOCKED
        assert [one.kind for one in blocks.listed(uow)] == ["affiliation"]
        with pytest.raises(NotFound):
            blocks.unblock_affiliation(uow, an, OTHER, "d")
        blocks.unblock_affiliation(uow, an, SCHOOL, "d")
        assert reason(uow, an) is Reason.GRANTED


def test_blocks_are_audited_with_their_reason(unit: Unit) -> None:
    """At the institution where it is about one, else at the platform; never with an INSZ."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school, insz=INSZ)
        blocks.block_affiliation(uow, an, SCHOOL, "Eerste  reden")
        blocks.block_person(uow, an, "Tweede reden")
        blocks.unblock_person(uow, an, "Derde reden")
        told = events(uow, "block.set", "block.lifted")
        assert [(e["kind"], e["chain"], e["facts"]["reason"]) for e in told] == [
            ("block.set", SCHOOL, "Eerste reden"),
            ("block.set", "platform", "Tweede reden"),
            ("block.lifted", "platform", "Derde reden"),
        ]
        assert {(e["person"], e["caller"]) for e in told} == {(an, "cli:test")}
        assert INSZ not in json.dumps(told)


@pytest.mark.parametrize("bad", ["", " \n", "x" * 501, f"over {INSZ}", "85.07.30-033.28 dus"])
def test_a_reason_says_something_and_no_number(unit: Unit, bad: str) -> None:
    """It is kept in the audit trail for ever."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school)
        for attempt, on in ((blocks.block_person, an), (blocks.block_institution, SCHOOL)):
            with pytest.raises(Invalid), uow.attempt():
                attempt(uow, on, bad)
        assert reason(uow, an) is Reason.GRANTED


def test_who_was_removed_before_the_block_is_not_said_to_be_blocked(unit: Unit) -> None:
    """Nothing is left to know the human by, so that a block would promise what it cannot hold."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school, insz=INSZ)
        remove(uow, school, an)
        with pytest.raises(NotFound):
            blocks.block_person(uow, an, "a")
