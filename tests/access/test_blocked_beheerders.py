"""Who is blocked is no beheerder: an institution without another is told at once (rule 8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Invalid, LastBeheerder
from mo_access.domain.model import Form
from mo_access.service import blocks, people, recovery, succession
from mo_access.storage.engine import Database
from mo_access.storage.schema import affiliation
from tests.access.beheerder_kit import (
    OTHER,
    SCHOOL,
    House,
    beheerder,
    draft,
    missing,
    swept,
)

LOST, FOUND, KEPT = (
    "institution.without_beheerder",
    "institution.with_beheerder",
    "beheerder.retain",
)
INSZ = "85073003328"
BEFORE = "900003"
"""What the school succeeded, where a test says so."""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools and a theme."""
    return House(database, tmp_path).seed()


def block(house: House, person: str, at: str | None = None) -> None:
    """Block a person, everywhere or at an institution."""
    with house.unit() as uow:
        if at is None:
            blocks.block_person(uow, person, "Onderzoek")
        else:
            blocks.block_affiliation(uow, person, at, "Onderzoek")
        uow.commit()


def unblock(house: House, person: str, at: str | None = None) -> None:
    """Lift that."""
    with house.unit() as uow:
        if at is None:
            blocks.unblock_person(uow, person, "Klaar")
        else:
            blocks.unblock_affiliation(uow, person, at, "Klaar")
        uow.commit()


def _said(house: House, at: str) -> str:
    return house.person(house.client("s", at)(), draft("an", beheerder(at)))


def _through_a_group(house: House, at: str) -> str:
    actor = house.client("s", at)()
    an = house.person(actor, draft("an"))
    house.group(actor, an, at=at)
    return an


def _recovered(house: House, at: str) -> str:
    an = house.person(house.client("s", at)(), draft("an"))
    with house.unit() as uow:
        recovery.recover(uow, at, an, "weg")
        uow.commit()
    return an


def succeeded(house: House) -> None:
    """Let the school succeed another."""
    with house.unit() as uow:
        succession.succeed(uow, BEFORE, SCHOOL)
        uow.commit()


@pytest.mark.parametrize("blocked", [None, SCHOOL])
def test_who_turns_out_to_be_a_blocked_human_leaves_an_institution_without(
    house: House, blocked: str | None
) -> None:
    """By a number that the client tells later; told at once, and every row says the block."""
    actor = house.client("s", SCHOOL)()
    an = house.person(actor, draft("an", insz=INSZ))
    block(house, an, blocked)
    with house.unit() as uow:
        people.delete(uow, actor, an, lambda _: None)
        uow.commit()
    bo = house.person(actor, draft("bo", beheerder()))
    assert house.is_beheerder(bo)
    house.write(actor, bo, draft("bo", beheerder(), insz=INSZ))
    assert not house.is_beheerder(bo)
    assert house.events(LOST) == [(LOST, SCHOOL)]
    with house.unit() as uow:
        marked = uow.conn.one(
            select(affiliation.c.blocked).where(affiliation.c.blocked.is_not(None))
        )
    assert (marked is None) is (blocked is None)


WAYS = [_said, _through_a_group, _recovered]
PLACES = [(SCHOOL, None), (SCHOOL, SCHOOL), (BEFORE, SCHOOL), (SCHOOL, BEFORE), (BEFORE, BEFORE)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("held", "blocked"), PLACES)
def test_a_blocked_beheerder_leaves_an_institution_without(
    house: House, way: Callable[[House, str], str], held: str, blocked: str | None
) -> None:
    """Told when it is blocked and when that is lifted; found by the sweep all the same."""
    an = way(house, held)
    succeeded(house)
    assert house.is_beheerder(an)
    block(house, an, blocked)
    assert not house.is_beheerder(an)
    assert house.events(LOST)[-1:] == [(LOST, SCHOOL)]
    assert missing(house) == [(SCHOOL, "missing")]
    told = house.events(LOST, FOUND)
    swept(house)
    assert house.events(LOST, FOUND) == told
    unblock(house, an, blocked)
    assert house.is_beheerder(an)
    assert house.events(LOST, FOUND)[-1] == (FOUND, SCHOOL)
    assert missing(house) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_block_elsewhere_takes_no_beheerder_away(
    house: House, way: Callable[[House, str], str]
) -> None:
    """A block at another institution, or on another person, is none here."""
    an = way(house, SCHOOL)
    bea = house.person(house.client("t", OTHER)(), draft("bea", beheerder(OTHER)))
    block(house, an, OTHER)
    block(house, bea, SCHOOL)
    assert missing(house) == []
    assert house.events(LOST) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_role_of_a_blocked_institution_counts_nowhere(
    house: House, way: Callable[[House, str], str]
) -> None:
    """Nor at its successor, which is open, whoever gave the role: that is without, at once."""
    an = way(house, BEFORE)
    succeeded(house)
    assert house.is_beheerder(an)
    with house.unit() as uow:
        blocks.block_institution(uow, BEFORE, "Fraude")
        uow.commit()
    assert not house.is_beheerder(an)
    assert missing(house) == [(SCHOOL, "missing")]
    assert house.events(LOST, FOUND)[-1] == (LOST, SCHOOL)
    told = house.events(LOST, FOUND)
    swept(house)
    assert house.events(LOST, FOUND) == told
    with house.unit() as uow:
        blocks.unblock_institution(uow, BEFORE, "Klaar")
        uow.commit()
    assert house.is_beheerder(an)
    assert missing(house) == []
    assert house.events(LOST, FOUND)[-1] == (FOUND, SCHOOL)


@pytest.mark.parametrize("held", [BEFORE, SCHOOL])
def test_a_blocked_institution_keeps_its_beheerders(house: House, held: str) -> None:
    """Nobody acts there, but there is nobody to look for either; what it succeeded counts on."""
    an = _said(house, held)
    succeeded(house)
    with house.unit() as uow:
        blocks.block_institution(uow, SCHOOL, "Fraude")
        uow.commit()
    swept(house)
    assert not house.is_beheerder(an)
    assert missing(house) == []
    assert house.events(LOST) == []


def test_nobody_under_a_block_is_retained(house: House) -> None:
    """The role of who is blocked there keeps no institution from being without, until lifted."""
    house.choose("retain")
    actor = house.client("s", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    bea = house.person(actor, draft("bea", beheerder()))
    block(house, an, SCHOOL)
    house.write(actor, bea, draft("bea", active=False))
    assert house.events(LOST, KEPT) == [(LOST, SCHOOL)]
    house.write(actor, an, draft("an"))
    assert house.events(LOST, KEPT) == [(LOST, SCHOOL)]
    assert missing(house) == [(SCHOOL, "missing")]


@pytest.mark.parametrize("blocked", [SCHOOL, BEFORE])
def test_a_retained_role_stops_counting_with_a_block(house: House, blocked: str) -> None:
    """Kept when it was lost, blocked afterwards: without; lifted: kept as before."""
    house.choose("retain")
    actor = house.client("s", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    succeeded(house)
    house.write(actor, an, draft("an"))
    assert house.events(LOST, KEPT) == [(KEPT, SCHOOL)]
    block(house, an, blocked)
    assert missing(house) == [(SCHOOL, "missing")]
    assert house.events(LOST) == [(LOST, SCHOOL)]
    unblock(house, an, blocked)
    assert missing(house) == [(SCHOOL, "retained")]


@pytest.mark.parametrize("blocked", [SCHOOL, BEFORE])
def test_who_is_blocked_there_is_not_recovered(house: House, blocked: str) -> None:
    """The platform would make a beheerder on paper; it is told to lift the block."""
    an = house.person(house.client("s", SCHOOL)(), draft("an"))
    succeeded(house)
    block(house, an, blocked)
    with house.unit() as uow, pytest.raises(Invalid, match="blocked at 900001"):
        recovery.recover(uow, SCHOOL, an, "weg")
    with house.unit() as uow:
        recovery.recover(uow, OTHER, an, "weg")


def test_nobody_is_recovered_where_the_institution_is_blocked(house: House) -> None:
    """There nobody acts as beheerder: the days would pass for nothing."""
    an = house.person(house.client("s", SCHOOL)(), draft("an"))
    with house.unit() as uow:
        blocks.block_institution(uow, SCHOOL, "Fraude")
        uow.commit()
    with house.unit() as uow, pytest.raises(Invalid, match="institution 900001 is blocked"):
        recovery.recover(uow, SCHOOL, an, "weg")
    with house.unit() as uow:
        blocks.unblock_institution(uow, SCHOOL, "Klaar")
        recovery.recover(uow, SCHOOL, an, "weg")
        uow.commit()
    assert house.is_beheerder(an)


def test_who_is_registered_again_under_a_block_makes_nobody_beheerder(house: House) -> None:
    """Removed by its client and made beheerder by another: still without."""
    number = "85073003328"
    first, second = house.client("s", SCHOOL)(), house.client("t", SCHOOL)()
    an = house.person(first, draft("an", beheerder(form=Form.ROLES), insz=number))
    block(house, an, SCHOOL)
    assert house.events(LOST) == [(LOST, SCHOOL)]
    with house.unit() as uow:
        people.delete(uow, first, an, lambda _: None)
        uow.commit()
    again = house.person(second, draft("jan", beheerder(), insz=number))
    assert again != an
    assert not house.is_beheerder(again)
    assert missing(house) == [(SCHOOL, "missing")]
    assert house.events(FOUND) == []
    unblock(house, again, SCHOOL)
    assert house.events(FOUND) == [(FOUND, SCHOOL)]


def test_a_blocked_second_one_does_not_let_the_last_role_go(house: House) -> None:
    """Under ``refuse``: a member of a role group who is blocked there is no second one."""
    house.choose("refuse")
    actor = house.client("school", SCHOOL)()
    an, bea = (house.person(actor, draft(name)) for name in ("an", "bea"))
    house.write(actor, an, draft("an", beheerder()))
    house.group(actor, bea)
    block(house, bea, SCHOOL)
    with pytest.raises(LastBeheerder):
        house.write(actor, an, draft("an"))
    assert house.is_beheerder(an)
