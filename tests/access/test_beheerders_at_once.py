"""The last beheerder under several writers at once, and what it costs to look."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from mo_access.domain.terms import LastBeheerder as Choice
from mo_access.service import people
from mo_access.storage import beheerders as stored
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    SCHOOL,
    THEME,
    House,
    beheerder,
    draft,
    gebruiker,
    missing,
    together,
)
from tests.scim.conftest import ON_ONE_ENGINE
from tests.support.statements import asked
from tests.support.steps import steps

KEPT = "beheerder.retain"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools and a theme."""
    return House(database, tmp_path).seed()


@pytest.mark.parametrize("choice", ["retain", "refuse", "allow"])
def test_two_who_take_the_last_two_at_once(house: House, choice: Choice) -> None:
    """Exactly one is kept where one must be: neither sees the other's change in time."""
    house.choose(choice)
    actors = [house.client(f"c{n}", SCHOOL)() for n in range(2)]
    for turn in range(5):
        names = [f"p{turn}-{n}" for n in range(2)]
        made = [house.person(actors[n], draft(names[n], beheerder())) for n in range(2)]
        before = len(house.events(KEPT))

        def take(n: int, made: list[str] = made, names: list[str] = names) -> None:
            house.write(actors[n], made[n], draft(names[n], gebruiker()))

        raised = together(take, 2)
        held = [house.is_beheerder(one) for one in made]
        if choice == "refuse":
            assert sorted(error is not None for error in raised) == [False, True]
            assert held == [error is not None for error in raised]
            for n in range(2):
                with house.unit() as uow:
                    people.delete(uow, actors[n], made[n], lambda _: None)
                    uow.commit()
        else:
            assert (raised, held) == ([None, None], [False, False])
            state = "retained" if choice == "retain" else "missing"
            assert missing(house) == [(SCHOOL, state)]
            if choice == "retain":
                assert len(house.events(KEPT)) - before == 1
                kept = house.facts(KEPT)["people"]
                assert isinstance(kept, list)
                assert len(kept) == 1


def test_only_who_touches_a_beheerder_pays_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock and one question at the commit, however many people there are."""
    actor = house.client("school", SCHOOL)()
    house.person(actor, draft("first", beheerder()))
    costs = []
    for name, said in (("an", gebruiker()), ("bea", beheerder())):
        with asked(monkeypatch) as seen:
            house.person(actor, draft(name, said))
        costs.append(len(seen))
    assert costs[1] - costs[0] == 2


@ON_ONE_ENGINE
def test_looking_at_all_of_them_costs_in_proportion(house: House) -> None:
    """Twice as many people and groups of one client: twice the steps, not four times.

    PostgreSQL counts none, and plans by what it knows of the tables.
    """
    actor, taken = house.client("school", SCHOOL)(), list[int]()
    for size in (60, 120):
        for number in range(60):
            one = house.person(actor, draft(f"p{size}-{number}", gebruiker()))
            house.group(actor, one, role=None, theme=THEME)
        with house.unit() as uow:
            look = partial(stored.every_standing, uow.conn, uow.today)
            taken.append(steps(uow.conn, look))
    assert taken[1] < 3 * taken[0]
