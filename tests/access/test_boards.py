"""Boards that cover their schools, those that join later too, and no longer those that leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Overtaken
from mo_access.domain.model import Actor, GrantClaim, MemberChange, Query
from mo_access.domain.policy import Reason
from mo_access.service import attention, catalogue, decisions, groups, people
from mo_access.service.decisions import ANYBODY, Question
from mo_access.storage import schema
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    HEADER,
    OTHER,
    SCHOOL,
    THEME,
    House,
    beheerder,
    draft,
    gebruiker,
)

BOARD, NEW, FAR = "900100", "900003", "900004"
LEFT = f"{HEADER}{SCHOOL},De Eik,school,,\n"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with a board of two schools, two others and a theme."""
    return House(database, tmp_path).seed()


def readable(house: House, person: str) -> list[str]:
    """Say where a person may read."""
    with house.unit() as uow:
        return [right.institution for right in decisions.readable(uow, person, ANYBODY)]


def reader(house: House, actor: Actor, name: str, at: str) -> str:
    """Make somebody who reads the theme at an institution, through a group."""
    person = house.person(actor, draft(name, gebruiker(at)))
    house.group(actor, person, at=at, role=None, theme=THEME)
    return person


def stored(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Give everything that is known of institutions and rights, row by row."""
    tables = (
        *(schema.institution, schema.affiliation, schema.group, schema.membership),
        *(schema.direct_grant, schema.link, schema.client_institution),
    )
    with house.database.connect() as conn:
        return {t.name: conn.all(select(t).order_by(*t.primary_key)) for t in tables}


def listed(house: House, actor: Actor) -> list[str]:
    """List the institutions that a client may use."""
    with house.unit() as uow:
        return [one.number for one in catalogue.of(uow, actor).institutions()]


def test_a_client_of_a_board_covers_its_schools(house: House) -> None:
    """Bound to the board's own number: the board, its schools, nothing else."""
    actor = house.client("board", BOARD)()
    assert actor.institutions == {BOARD, SCHOOL, OTHER}
    assert (listed(house, actor), actor.home) == ([SCHOOL, OTHER, BOARD], None)
    assert reader(house, actor, "an", SCHOOL)


def test_a_school_that_joins_is_covered_from_then_on(house: House) -> None:
    """An import says so; the token stays the same."""
    client = house.client("board", BOARD)
    assert not client().covers(NEW)
    house.load(f"{HEADER}{NEW},De Es,school,{BOARD},\n")
    assert client().covers(NEW)
    assert NEW in listed(house, client())
    an = reader(house, client(), "an", NEW)
    with house.unit() as uow:
        asked = Question(an, NEW, THEME, actor=client())
        assert decisions.decide(uow, asked).allowed
        assert list(decisions.who(uow, THEME, NEW, client())) == [an]


def test_a_school_that_leaves_is_covered_no_longer(house: House) -> None:
    """What the board's client gave there gives nothing: nobody could take it away."""
    client, own = house.client("board", BOARD), house.client("school", SCHOOL)()
    an, bea = reader(house, client(), "an", SCHOOL), reader(house, own, "bea", SCHOOL)
    said = draft("cis", gebruiker(OTHER), gebruiker(), grants=(GrantClaim(THEME, SCHOOL),))
    reads = house.person(client(), said)
    house.person(own, draft("dirk", gebruiker()))
    house.load(f"{HEADER}{SCHOOL},De Eik,school,,\n")
    actor = client()
    assert actor.institutions == {BOARD, OTHER}
    assert listed(house, actor) == [OTHER, BOARD]
    assert [readable(house, one) for one in (an, bea)] == [[], [SCHOOL]]
    with house.unit() as uow:
        foreign = decisions.decide(uow, Question(bea, SCHOOL, THEME, actor=actor))
        nobody = decisions.decide(uow, Question("nobody", SCHOOL, THEME, actor=actor))
        assert foreign == nobody
        assert foreign.reason is Reason.UNKNOWN
        assert list(decisions.who(uow, THEME, SCHOOL, actor)) == []
        statuses = {
            a.institution: a.status.value for a in people.get(uow, actor, reads).affiliations
        }
        assert statuses == {OTHER: "active", SCHOOL: "suspended"}
        assert people.find(uow, actor, Query()).total == 2
    assert house.facts("client.bounds")["lost"] == [SCHOOL]


def test_what_was_given_counts_again_when_the_school_comes_back(house: House) -> None:
    """Nothing was deleted: a wrong import is made good by a right one."""
    client = house.client("board", BOARD)
    an = reader(house, client(), "an", SCHOOL)
    before = stored(house)
    house.load(f"{HEADER}{SCHOOL},De Eik,school,,\n")
    assert readable(house, an) == []
    house.load(f"{HEADER}{SCHOOL},De Eik,school,{BOARD},\n")
    assert (readable(house, an), stored(house)) == ([SCHOOL], before)


def test_what_a_lost_client_gave_opens_nothing_beside_another_clients_word(house: House) -> None:
    """The school's own client says that An belongs there; her themes came from the board's."""
    board, own = house.client("board", BOARD), house.client("school", SCHOOL)()
    number = {"insz": "85073003328"}
    an = house.person(own, draft("an", gebruiker(), **number))
    theirs = draft("a", grants=(GrantClaim("salarissen", SCHOOL),), **number)
    assert house.person(board(), theirs) == an
    made = house.group(board(), at=SCHOOL, role=None, theme=THEME)
    join = (MemberChange("add", (an,)),)
    with house.unit() as uow:
        groups.update(uow, board(), made, lambda _: None, join)
        uow.commit()
    assert [house.reads(an, theme=one) for one in (THEME, "salarissen")] == [True, True]
    house.load(f"{HEADER}{SCHOOL},De Eik,school,,\n")
    assert [house.reads(an, theme=one) for one in (THEME, "salarissen")] == [False, False]
    with house.unit() as uow:
        groups.update(uow, board(), made, lambda _: None, (MemberChange("clear"), *join))
        uow.commit()
    assert not house.reads(an)


def test_a_lost_client_says_no_word_for_a_beheerder(house: House) -> None:
    """The institution shows that it is without, at once."""
    an = house.person(house.client("board", BOARD)(), draft("an", beheerder()))
    house.load(f"{HEADER}{SCHOOL},De Eik,school,,\n")
    assert not house.is_beheerder(an)
    with house.unit() as uow:
        assert [one.institution for one in attention.found(uow)] == [SCHOOL]
    house.load(f"{HEADER}{SCHOOL},De Eik,school,{BOARD},\n")
    assert house.is_beheerder(an)
    with house.unit() as uow:
        assert attention.count(uow) == 0


def test_a_school_bound_by_itself_stays_when_it_leaves_the_board(house: House) -> None:
    """The scope is what counts, not how it came about."""
    client = house.client("both", BOARD, SCHOOL)
    an = reader(house, client(), "an", SCHOOL)
    house.load(f"{HEADER}{SCHOOL},De Eik,school,,\n")
    assert client().covers(SCHOOL)
    assert readable(house, an) == [SCHOOL]


def test_a_write_that_overlaps_the_loss_gives_nothing(house: House) -> None:
    """The import waits for who gives in the client's name, and marks what that stored."""
    actor = house.client("board", BOARD)()
    given, text = draft("an", gebruiker(), grants=(GrantClaim(THEME, SCHOOL),)), LEFT
    with ThreadPoolExecutor(1) as pool:
        with house.unit() as uow:
            an = people.create(uow, actor, given).id
            leaving = pool.submit(house.load, text)
            wait([leaving], timeout=3)
            assert not leaving.done()
            uow.commit()
        assert leaving.exception() is None
    assert readable(house, an) == []


def test_a_write_that_comes_after_the_loss_is_refused(house: House) -> None:
    """Who was identified before it looks again where it may give."""
    actor = house.client("board", BOARD)()
    house.load(LEFT)
    with house.unit() as uow, pytest.raises(Overtaken):
        people.create(uow, actor, draft("an", gebruiker()))
