"""Themes end with what a client gave, also where the client itself loses the school (rule 6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mo_access.domain.model import Role
from mo_access.service import catalogue, client_change, people, succession
from mo_access.service.client_change import ClientChange
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    OTHER,
    SCHOOL,
    SCHOOLS,
    THEME,
    House,
    draft,
    gebruiker,
)

BOARD, NUMBER = "900100", "85073003328"
ENDED = "themes.ended"
Loss = Callable[[House], None]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give a board with schools, one of which lets themes end with the affiliation."""
    made = House(database, tmp_path).seed()
    with made.unit() as uow:
        assert catalogue.set_themes_end(uow, SCHOOL, on=True)
        uow.commit()
    return made


def _unbound(house: House) -> None:
    with house.unit() as uow:
        client_change.change(uow, "board", ClientChange(remove=(SCHOOL, BOARD), add=(OTHER,)))
        uow.commit()


def _left_the_board(house: House) -> None:
    house.load(SCHOOLS.replace("900001,De Eik,school,900100", "900001,De Eik,school,"))


def _back(house: House) -> None:
    house.load(SCHOOLS)


BOUND: list[tuple[tuple[str, ...], Loss]] = [
    ((BOARD, SCHOOL), _unbound),
    ((BOARD,), _left_the_board),
]


@pytest.mark.parametrize(("at", "lose"), BOUND)
@pytest.mark.parametrize("by_group", [False, True])
def test_themes_end_where_the_client_lost_the_school(
    house: House, at: tuple[str, ...], lose: Loss, *, by_group: bool
) -> None:
    """Those of every client, of whom it alone made something there, and of nobody else."""
    board, own = house.client("board", *at)(), house.client("own", SCHOOL, OTHER)()
    roles = () if by_group else (gebruiker(), gebruiker(OTHER))
    an = house.person(board, draft("an", *roles, insz=NUMBER))
    assert house.person(own, draft("jan", insz=NUMBER)) == an
    bea = house.person(board, draft("bea", *roles, insz="85073003427"))
    assert house.person(own, draft("bea", gebruiker(), insz="85073003427")) == bea
    dormant = house.person(own, draft("dormant"))
    if by_group:
        for place in (SCHOOL, OTHER):
            house.group(board, an, bea, at=place, role=Role.GEBRUIKER)
    for place in (SCHOOL, OTHER):
        house.group(own, an, bea, dormant, at=place, role=None, theme=THEME)
    assert [house.reads(an, place) for place in (SCHOOL, OTHER)] == [True, True]
    lose(house)
    assert [house.reads(an, place) for place in (SCHOOL, OTHER)] == [False, True]
    assert [house.reads(bea, place) for place in (SCHOOL, OTHER)] == [True, True]
    assert house.events(ENDED) == [(ENDED, SCHOOL)]
    house.write(own, an, draft("jan", gebruiker()))
    assert not house.reads(an), "who returns finds no themes"
    house.write(own, dormant, draft("dormant", gebruiker()))
    assert house.reads(dormant), "a theme that was before any affiliation is kept"


def test_without_the_choice_themes_come_back_with_the_school(house: House) -> None:
    """The default of rule 6, when a school leaves its board and comes back."""
    with house.unit() as uow:
        catalogue.set_themes_end(uow, SCHOOL, on=False)
        uow.commit()
    board = house.client("board", BOARD)()
    an = house.person(board, draft("an", gebruiker()))
    house.group(board, an, role=None, theme=THEME)
    _left_the_board(house)
    assert not house.reads(an)
    _back(house)
    assert house.reads(an)
    assert house.events(ENDED) == []


def test_with_it_they_do_not(house: House) -> None:
    """The affiliation counts again, and the theme is to be given anew."""
    board = house.client("board", BOARD)()
    an = house.person(board, draft("an", gebruiker()))
    house.group(board, an, role=None, theme=THEME)
    _left_the_board(house)
    _back(house)
    assert not house.reads(an)
    assert house.events(ENDED) == [(ENDED, SCHOOL)]
    with house.unit() as uow:
        (shown,) = people.get(uow, board, an).affiliations
    assert shown.status == "active"


def test_of_two_clients_that_lose_a_school_at_once_each_counts(house: House) -> None:
    """Neither is left for the other, and groups that name no institution end too."""
    first, second = house.client("board", BOARD)(), house.client("second", BOARD)()
    an = house.person(first, draft("an", gebruiker(), insz=NUMBER))
    assert house.person(second, draft("jan", gebruiker(), insz=NUMBER)) == an
    for actor in (first, second):
        house.group(actor, an, role=None, theme=THEME, institution=None)
    assert house.reads(an)
    _left_the_board(house)
    assert house.events(ENDED) == [(ENDED, SCHOOL)]
    assert house.facts(ENDED) == {"memberships": 2, "grants": 0}
    _back(house)
    assert not house.reads(an)


def test_a_succession_that_is_taken_back_ends_them(house: House) -> None:
    """A client of the school that was succeeded gave a role at the new one, and loses it."""
    old = house.client("old", "900003")()
    with house.unit() as uow:
        succession.succeed(uow, "900003", SCHOOL)
        uow.commit()
    actor = house.client("fresh", "900003")()
    an = house.person(actor, draft("an", gebruiker()))
    house.group(actor, an, role=None, theme=THEME)
    assert house.reads(an)
    with house.unit() as uow:
        succession.undo(uow, "900003")
        uow.commit()
    assert old.institutions == {"900003"}
    assert house.events(ENDED) == [(ENDED, SCHOOL)]
