"""Clients that change one person's number at the same moment: in line, never in a circle."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any, Final

import pytest

from mo_access.domain.errors import NotFound, Overtaken
from mo_access.domain.model import Actor, PersonView
from mo_access.service import people
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import SCHOOL, House, draft

FIRST, SECOND, THIRD = "85073003328", "85073003427", "17073003384"
TOGETHER: Final = 0.3
"""So long (seconds) is waited for the other; who is made to wait in line does not come."""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give schools, and nobody yet."""
    return House(database, tmp_path).seed()


class Meeting:
    """Where writers wait for each other in the middle of what they do."""

    def __init__(self, *works: Callable[[Meeting], None]) -> None:
        """Do all of it at once."""
        self.barrier = Barrier(len(works))
        with ThreadPoolExecutor(len(works)) as pool:
            self.raised = [task.exception() for task in [pool.submit(w, self) for w in works]]

    def come(self) -> None:
        """Wait for the others, who hold what they hold."""
        with suppress(BrokenBarrierError):
            self.barrier.wait(TOGETHER)


def numbering(
    house: House, actor: Actor, person: str, name: str, number: str | None
) -> Callable[[Meeting], None]:
    """Give what writes a number, and waits once it has the client's record."""

    def work(meeting: Meeting) -> None:
        def change(_: PersonView) -> Any:  # noqa: ANN401 - a draft
            meeting.come()
            return draft(name, insz=number)

        with house.unit() as uow:
            people.update(uow, actor, person, change)
            uow.commit()

    return work


def ending(house: House, actor: Actor, person: str) -> Callable[[Meeting], None]:
    """Give what deletes a person, and waits once it has the client's record."""

    def work(meeting: Meeting) -> None:
        with house.unit() as uow:
            people.delete(uow, actor, person, lambda _: meeting.come())
            uow.commit()

    return work


def read(house: House, actor: Actor, person: str) -> str | None:
    """Return the number that a client reads."""
    with house.unit() as uow:
        return people.get(uow, actor, person, insz=True).insz


def registered(house: House, *actors: Actor, number: str | None = FIRST) -> str:
    """Let these register one person; return the id."""
    pair = (("https://op.example", "an"),)
    told = [house.person(a, draft(a.name, insz=number, identities=pair)) for a in actors]
    assert len(set(told)) == 1
    return told[0]


@pytest.mark.parametrize("numbers", [(SECOND, THIRD), (None, SECOND)])
def test_two_platform_clients_renumber_one_person(
    house: House, numbers: tuple[str | None, str | None]
) -> None:
    """Both are done, one after the other; only who said the last one vouches for it."""
    actors = [house.client(name)() for name in ("p", "q")]
    school = house.client("school", SCHOOL)()
    an = registered(house, school, *actors)
    works = [
        numbering(house, a, an, a.name, number) for a, number in zip(actors, numbers, strict=True)
    ]
    assert Meeting(*works).raised == [None, None]
    told = read(house, actors[0], an)
    assert told in numbers
    assert read(house, actors[1], an) == told
    assert read(house, school, an) is None


def test_two_without_a_record_of_their_own(house: House) -> None:
    """They adopt the school's person and renumber it; the school's word is taken back."""
    actors = [house.client(name)() for name in ("p", "q")]
    school = house.client("school", SCHOOL)()
    an = registered(house, school)
    works = [
        numbering(house, a, an, a.name, n) for a, n in zip(actors, (SECOND, THIRD), strict=True)
    ]
    assert Meeting(*works).raised == [None, None]
    assert read(house, actors[0], an) in {SECOND, THIRD}
    assert read(house, school, an) is None


def test_one_renumbers_whom_another_deletes(house: House) -> None:
    """Either the number came first, or there is nobody to give one to."""
    actors = [house.client(name)() for name in ("p", "q")]
    an = registered(house, house.client("school", SCHOOL)(), *actors)
    raised = Meeting(
        numbering(house, actors[0], an, "p", SECOND), ending(house, actors[1], an)
    ).raised
    assert raised[1] is None
    assert raised[0] is None or isinstance(raised[0], NotFound)
    with house.unit() as uow, pytest.raises(NotFound):
        people.get(uow, actors[0], an)


def test_two_that_delete_one_person(house: House) -> None:
    """The second finds nobody."""
    actors = [house.client(name)() for name in ("p", "q")]
    an = registered(house, *actors)
    raised = Meeting(*(ending(house, a, an) for a in actors)).raised
    assert sorted(error is None for error in raised) == [False, True]
    assert all(error is None or isinstance(error, NotFound) for error in raised)


def test_the_first_number_of_a_person_told_twice_at_once(house: House) -> None:
    """By the owner and by the platform: whose number is not taken neither reads nor changes it."""
    platform, owner = house.client("platform")(), house.client("owner", SCHOOL)()
    an = house.person(owner, draft("an"))
    house.write(platform, an, draft("p"))
    raised = Meeting(
        numbering(house, platform, an, "p", SECOND), numbering(house, owner, an, "an", THIRD)
    ).raised
    assert raised[0] is None
    assert raised[1] is None or isinstance(raised[1], Overtaken)
    assert read(house, platform, an) == SECOND
    with suppress(NotFound):
        assert read(house, owner, an) is None
