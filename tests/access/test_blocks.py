"""Blocks are stronger than anything provisioned, and stay with the human."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Conflict, Forbidden, NotFound, Refused
from mo_access.domain.model import KEEP, Actor, GroupDraft, MemberChange, PersonDraft, Role
from mo_access.domain.policy import Reason
from mo_access.service import blocks, clients, groups, people, sessions, sign_in
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.interventions import block_key
from mo_access.storage.schema import person
from tests.access.standing_kit import (
    DAY,
    INSZ,
    ISSUER,
    NOW,
    OTHER,
    SCHOOL,
    SECOND_INSZ,
    THEME,
    Unit,
    at,
    change,
    lay_out,
    reason,
    remove,
    said,
    theme_group,
)

IDLE = 3_600_000_000
Again = Callable[[UnitOfWork, Actor, str], str]


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


def test_a_blocked_person_reads_nothing_and_is_signed_out(unit: Unit) -> None:
    """Decision, session and sign-in, until the block is lifted; then all is as provisioned."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school)
        session = signed_in(uow, ("ext-1", "externalId"))
        blocks.block_person(uow, an, "Onderzoek 12")
        assert reason(uow, an) is Reason.BLOCKED
        assert sessions.find(uow, session, IDLE) is None
        with pytest.raises(Refused) as refused:
            signed_in(uow, ("ext-1", "externalId"))
        assert refused.value.code == "inactive"
        shown = people.get(uow, school, an)
        assert [a.status for a in shown.affiliations] == ["suspended"]
        assert shown.active
        blocks.unblock_person(uow, an, "Onderzoek is klaar")
        assert reason(uow, an) is Reason.GRANTED
        assert sessions.find(uow, session, IDLE) is None, "an ended session does not come back"
        signed_in(uow, ("ext-1", "externalId"))


def _rewritten(uow: UnitOfWork, actor: Actor, an: str) -> str:
    change(uow, actor, an, said("an"))
    change(uow, actor, an, said("bea", at(), external_id="ext-2"))
    return an


def _inactive_and_back(uow: UnitOfWork, actor: Actor, an: str) -> str:
    change(uow, actor, an, said("an", at(), active=False))
    change(uow, actor, an, said("an", at()))
    return an


def _made_anew(**more: object) -> Again:
    def again(uow: UnitOfWork, actor: Actor, an: str) -> str:
        remove(uow, actor, an)
        return people.create(uow, actor, said("an", at(), **more)).id

    return again


def _renamed_and_made_anew(uow: UnitOfWork, actor: Actor, an: str) -> str:
    change(uow, actor, an, said("bea", at(), external_id="ext-2"))
    remove(uow, actor, an)
    return people.create(uow, actor, said("cis", at(), external_id="ext-2")).id


def _renumbered(uow: UnitOfWork, actor: Actor, an: str) -> str:
    """The number came after the block; the client that made the person may tell it."""
    change(uow, actor, an, said("an", at(), insz=SECOND_INSZ))
    remove(uow, actor, an)
    return people.create(uow, actor, said("cis", at(), insz=SECOND_INSZ)).id


EVASIONS = {
    "PUT": (None, _rewritten),
    "deactivate and activate": (None, _inactive_and_back),
    "DELETE and POST with the INSZ": (INSZ, _made_anew(insz=INSZ, user_name="x")),
    "DELETE and POST with the userName": (None, _made_anew()),
    "DELETE and POST with the externalId": (
        None,
        _made_anew(user_name="x", external_id="EXT-1"),
    ),
    "DELETE and POST with the identity": (
        None,
        _made_anew(user_name="x", identities=((ISSUER, "s"),)),
    ),
    "rename, DELETE and POST": (None, _renamed_and_made_anew),
    "number, DELETE and POST": (None, _renumbered),
}


@pytest.mark.parametrize("on", ["person", "affiliation"])
@pytest.mark.parametrize("how", EVASIONS)
def test_no_order_of_writes_takes_a_block_away(unit: Unit, how: str, on: str) -> None:
    """Whatever the client does, the human reads nothing until the platform lifts the block."""
    number, again = EVASIONS[how]
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        known: dict[str, object] = {"identities": ((ISSUER, "s"),)}
        an = reader(uow, school, **known | ({"insz": number} if number else {}))
        if on == "person":
            blocks.block_person(uow, an, "Onderzoek")
        else:
            blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        now = again(uow, school, an)
        groups.create(
            uow, school, GroupDraft("g2", None, {}, (), THEME, SCHOOL), MemberChange("add", (now,))
        )
        assert reason(uow, now) is Reason.BLOCKED
        shown = people.get(uow, school, now)
        assert [a.status for a in shown.affiliations] == ["suspended"]
        if on == "person":
            blocks.unblock_person(uow, now, "Klaar")
        else:
            blocks.unblock_affiliation(uow, now, SCHOOL, "Klaar")
        assert reason(uow, now) is Reason.GRANTED
        assert blocks.listed(uow) == ()
        assert uow.conn.all(select(block_key.c.bar)) == []


@pytest.mark.parametrize("on", ["person", "affiliation"])
def test_another_clients_registration_is_of_the_same_human(unit: Unit, on: str) -> None:
    """Relinking by INSZ, in another form, after every row of the first client is gone."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board", "platform")
        an = reader(uow, actors["school"], insz=INSZ)
        if on == "person":
            blocks.block_person(uow, an, "Onderzoek")
        else:
            blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        remove(uow, actors["platform"], an)
        for name in ("board", "platform"):
            again = people.create(uow, actors[name], said("x", insz=INSZ)).id
            role = GroupDraft("rol", None, {}, (), None, SCHOOL, Role.BEHEERDER)
            groups.create(uow, actors[name], role, MemberChange("add", (again,)))
            theme_group(uow, actors[name], again)
            assert reason(uow, again) is Reason.BLOCKED


def test_a_number_that_is_told_later_names_the_human_under_the_block(unit: Unit) -> None:
    """A record that knew nobody is the blocked human's from the write that says the number."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board", "platform")
        an = reader(uow, actors["school"], insz=INSZ)
        blocks.block_person(uow, an, "Onderzoek")
        remove(uow, actors["platform"], an)
        other = people.create(uow, actors["board"], said("x", at())).id
        theme_group(uow, actors["board"], other)
        assert reason(uow, other) is Reason.GRANTED
        change(uow, actors["board"], other, said("x", at(), insz=INSZ))
        assert reason(uow, other) is Reason.BLOCKED


@pytest.mark.parametrize("renamed", [False, True])
def test_a_record_made_under_the_block_is_known_too(unit: Unit, *, renamed: bool) -> None:
    """Another client registered the human, renamed the record, removed it and left out the INSZ."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board")
        board = actors["board"]
        an = reader(uow, actors["school"], insz=INSZ)
        blocks.block_person(uow, an, "Onderzoek")
        people.create(uow, board, said("b", at(), external_id="b1", insz=INSZ))
        if renamed:
            change(uow, board, an, said("c", at(), external_id="b2"))
        remove(uow, board, an)
        again = people.create(uow, board, said("d", at(), external_id="b1")).id
        theme_group(uow, board, again)
        assert reason(uow, again) is Reason.BLOCKED


@pytest.mark.parametrize("number", [SECOND_INSZ, INSZ])
def test_the_record_of_a_blocked_human_is_nobody_elses(unit: Unit, number: str) -> None:
    """It cannot be moved to another person by a number, new or known, nor given to one by name.

    The provider would let the human in through it.
    """
    with unit() as uow:
        actors = lay_out(uow, "school", "board")
        school = actors["school"]
        an = reader(uow, school, identities=((ISSUER, "s"),))
        known: dict[str, Any] = {"external_id": "ext-1", "identities": ((ISSUER, "s"),)}
        change(uow, school, an, said("an", at(), insz="17073003384", **known))
        other = people.create(uow, actors["board"], said("bob", at(), insz=INSZ)).id
        blocks.block_affiliation(uow, an, OTHER, "Onderzoek")
        with pytest.raises(Forbidden), uow.attempt():
            change(uow, school, an, said("an", at(), insz=number, **known))
        remove(uow, school, an)
        stolen: dict[str, Any] = {**known, "user_name": "AN"}
        for taken, value in stolen.items():
            record = {"user_name": "new", taken: value}
            with pytest.raises(Forbidden), uow.attempt():
                people.create(uow, school, said("an", at(), insz=number, **record))
        mine = people.create(uow, school, said("new", at(), insz=number)).id
        assert (mine == other) is (number == INSZ)
        for taken in ("external_id", "user_name", "identities"):
            with pytest.raises(Forbidden), uow.attempt():
                change(uow, school, mine, said("new", at(), **{taken: stolen[taken]}))
        change(uow, school, mine, said("newer", at()))
        found = people.create(uow, actors["board"], said("an", at(), external_id="ext-1"))
        assert found.id not in {an, mine}, "keys of one client tell another client nothing"


@pytest.mark.parametrize("name", ["school", "platform"])
def test_the_number_of_a_blocked_human_is_not_given_to_another_blocked_one(
    unit: Unit, name: str
) -> None:
    """Two humans under two blocks would be one, of whom nobody could lift the one or the other."""
    with unit() as uow:
        actor = lay_out(uow, "school", "platform")[name]
        an = people.create(uow, actor, said("an", at(), insz=INSZ)).id
        bo = people.create(uow, actor, said("bo", at())).id
        blocks.block_person(uow, an, "Onderzoek")
        blocks.block_affiliation(uow, bo, OTHER, "Iets anders")
        remove(uow, actor, an)
        with pytest.raises(Forbidden), uow.attempt():
            change(uow, actor, bo, said("bo", at(), insz=INSZ))
        change(uow, actor, bo, said("bo", at(), insz=SECOND_INSZ))
        blocks.unblock_affiliation(uow, bo, OTHER, "Klaar")
        change(uow, actor, bo, said("bo", at(), insz=INSZ if name == "platform" else KEEP))
        assert (reason(uow, bo) is Reason.BLOCKED) is (name == "platform")


@pytest.mark.parametrize("at_school", [False, True])
def test_a_blocked_human_does_not_come_in_as_somebody_else(unit: Unit, *, at_school: bool) -> None:
    """A client made it anew without the number, which the provider tells all the same."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(), insz=INSZ)).id
        if at_school:
            blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        else:
            blocks.block_person(uow, an, "Onderzoek")
        remove(uow, school, an)
        people.create(uow, school, said("anew", at(), identities=((ISSUER, "sub-1"),)))
        for _ in range(2):
            with pytest.raises(Refused) as refused, uow.attempt():
                signed_in(uow, (INSZ, "insz"))
            assert refused.value.code == "inactive"
            signed_in(uow, (SECOND_INSZ, "insz"))
        if at_school:
            blocks.unblock_affiliation(uow, an, SCHOOL, "Klaar")
        else:
            blocks.unblock_person(uow, an, "Klaar")
        signed_in(uow, (INSZ, "insz"))


def test_a_claimed_identity_bars_nobody_where_the_claim_is_not_trusted(unit: Unit) -> None:
    """A client that the provider does not trust cannot shut out the human of a subject."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board")
        untrusted = _without_issuer(uow)
        bad = people.create(uow, untrusted, said("x", at(), identities=((ISSUER, "victim"),))).id
        blocks.block_person(uow, bad, "Onderzoek")
        victim = said("v", at(), identities=((ISSUER, "victim"),))
        made = people.create(uow, actors["school"], victim).id
        theme_group(uow, actors["school"], made)
        assert reason(uow, made) is Reason.GRANTED


def test_who_is_not_trusted_learns_nothing_of_a_block_by_a_claim(unit: Unit) -> None:
    """A subject of the provider is answered as if nobody were blocked."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school, identities=((ISSUER, "s"),))
        blocks.block_person(uow, an, "Onderzoek")
        claims = said("x", at(), insz=SECOND_INSZ, identities=((ISSUER, "s"),))
        made = people.create(uow, _without_issuer(uow), claims)
        assert [a.status for a in made.affiliations] == ["active"]
        with pytest.raises(Forbidden), uow.attempt():
            people.create(uow, school, replace(claims, insz="17073003384"))


def _without_issuer(uow: UnitOfWork) -> Actor:
    _, token = clients.create(uow, clients.NewClient("wild", institutions=(SCHOOL,)))
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


@pytest.mark.parametrize("first", ["client", "block"])
def test_a_write_that_overlaps_the_block_does_not_slip_by(unit: Unit, first: str) -> None:
    """Whoever comes first, the record is not another's while the operator believes in the block."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = reader(uow, school, insz=INSZ)
        uow.commit()
    outcome: list[Exception | None] = []

    def moving(uow: UnitOfWork) -> None:
        change(uow, school, an, said("an", at(), external_id="ext-1", insz=SECOND_INSZ))

    def blocking(uow: UnitOfWork) -> None:
        blocks.block_person(uow, an, "Onderzoek")

    ours, theirs = (moving, blocking) if first == "client" else (blocking, moving)

    def second() -> None:
        try:
            with unit() as uow:
                theirs(uow)
                uow.commit()
                outcome.append(None)
        except (NotFound, Forbidden, Conflict) as refused:
            outcome.append(refused)

    thread = threading.Thread(target=second)
    with unit() as uow:
        ours(uow)
        thread.start()
        thread.join(0.5)
        assert outcome == []
        uow.commit()
    thread.join()
    assert isinstance(outcome[0], NotFound if first == "client" else Forbidden)


def test_registering_under_no_block_costs_nothing_and_bars_nobody(unit: Unit) -> None:
    """Empty keys match no record that has none."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        first = people.create(uow, school, PersonDraft("a", None, active=True, document={})).id
        blocks.block_person(uow, first, "a")
        second = people.create(uow, school, PersonDraft("b", None, active=True, document={})).id
        change(uow, school, second, said("c", at()))
        rows = uow.conn.all(select(person.c.id, person.c.bar).where(person.c.bar.is_not(None)))
        assert [row[0] for row in rows] == [first]
