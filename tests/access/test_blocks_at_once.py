"""A client that writes while an operator sets or lifts a block: no block is slipped or orphaned."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pytest
from sqlalchemy import select

from mo_access.domain.errors import AccessError
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Actor
from mo_access.domain.policy import Reason
from mo_access.service import blocks, people, resealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_access.storage.interventions import block, block_key
from mo_access.storage.schema import person
from tests.access.conftest import NOW
from tests.access.standing_kit import (
    INSZ,
    OTHER,
    SECOND_INSZ,
    Unit,
    at,
    change,
    lay_out,
    reason,
    remove,
    said,
)
from tests.model.naive import Tables
from tests.support.waiting import until_it_waits

Work = Callable[[UnitOfWork], object]
WHY: Final = "Onderzoek"


@dataclass
class Scene:
    """An, whom the school knows and who is barred from the other school, and whom a number names.

    ``first`` is a row that stood for An, ``second`` somebody whom the platform knows too.
    """

    database: Database
    unit: Unit
    school: Actor
    platform: Actor
    first: str
    second: str

    def overlap(self, early: Work, late: Work) -> list[Exception]:
        """Begin one, then the other, and let the first commit; return what was refused."""
        raised: list[Exception] = []

        def follow() -> None:
            try:
                with self.unit() as uow:
                    late(uow)
                    uow.commit()
            except AccessError as error:
                raised.append(error)

        thread = threading.Thread(target=follow)
        with self.unit() as uow:
            early(uow)
            thread.start()
            until_it_waits(self.database, thread)
            uow.commit()
        thread.join()
        return raised

    def add_up(self) -> None:
        """See that rows and blocks agree, and that nobody is under a block that was lifted."""
        with self.unit() as uow:
            rows = Tables.of(uow.conn)
            assert rows.bars.faults(rows.people, rows.links, rows.affiliations) == []


@pytest.fixture
def scene(database: Database, unit: Unit) -> Scene:
    """Block An at one school, by a number that is not An's any more: the school removed An."""
    with unit() as uow:
        made = lay_out(uow, "school", "platform")
        school, platform = made["school"], made["platform"]
        an = people.create(uow, school, said("an", at(), external_id="ext", insz=INSZ)).id
        bo = people.create(uow, platform, said("bo", at())).id
        blocks.block_affiliation(uow, an, OTHER, WHY)
        uow.commit()
    return Scene(database, unit, school, platform, an, bo)


def _registers(scene: Scene) -> Work:
    with scene.unit() as uow:
        remove(uow, scene.school, scene.first)
        uow.commit()
    return lambda uow: people.create(uow, scene.school, said("an", at(), insz=INSZ))


def _registers_by_name(scene: Scene) -> Work:
    with scene.unit() as uow:
        remove(uow, scene.school, scene.first)
        uow.commit()
    return lambda uow: people.create(uow, scene.school, said("an", at(), at(OTHER)))


def _links(scene: Scene) -> Work:
    return lambda uow: people.create(uow, scene.platform, said("an", at(), at(OTHER), insz=INSZ))


def _changes(scene: Scene) -> Work:
    claims = said("anna", at(), at(OTHER), external_id="ext-2")
    return lambda uow: change(uow, scene.school, scene.first, claims)


def _removes(scene: Scene) -> Work:
    return lambda uow: remove(uow, scene.school, scene.first)


def _numbers(scene: Scene) -> Work:
    with scene.unit() as uow:
        remove(uow, scene.school, scene.first)
        uow.commit()
    return lambda uow: change(uow, scene.platform, scene.second, said("bo", at(), insz=INSZ))


def _renumbers(scene: Scene) -> Work:
    with scene.unit() as uow:
        people.create(uow, scene.platform, said("an", at(), insz=INSZ))
        uow.commit()
    claims = said("an", at(), insz=SECOND_INSZ)
    return lambda uow: change(uow, scene.platform, scene.first, claims)


WRITES: Final = (_registers, _registers_by_name, _links, _changes, _removes, _numbers, _renumbers)


@pytest.mark.parametrize("client_first", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_who_writes_while_the_last_block_is_lifted_is_under_none(
    scene: Scene, write: Callable[[Scene], Work], *, client_first: bool
) -> None:
    """Nothing is left that nobody could lift, whoever comes first."""
    works = [write(scene), lambda uow: blocks.unblock_affiliation(uow, scene.first, OTHER, WHY)]
    assert scene.overlap(*(works if client_first else reversed(works))) == []
    scene.add_up()
    with scene.unit() as uow:
        assert uow.conn.all(select(block_key.c.bar)) == []
        assert uow.conn.all(select(person.c.bar).where(person.c.bar.is_not(None))) == []


@pytest.mark.parametrize("client_first", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_who_writes_while_a_second_block_is_set_is_under_both(
    scene: Scene, write: Callable[[Scene], Work], *, client_first: bool
) -> None:
    """The human is blocked everywhere from then on, by whatever row it goes."""
    works = [write(scene), lambda uow: blocks.block_person(uow, scene.first, WHY)]
    scene.overlap(*(works if client_first else reversed(works)))
    scene.add_up()
    with scene.unit() as uow:
        assert len(uow.conn.all(select(block.c.pk))) == 2
        rows = uow.conn.all(select(person.c.id).where(person.c.bar.is_not(None)))
        assert all(_shut(uow, str(row[0])) for row in rows)


@pytest.mark.parametrize("client_first", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_who_writes_while_one_of_two_blocks_is_lifted_keeps_the_other(
    scene: Scene, write: Callable[[Scene], Work], *, client_first: bool
) -> None:
    """No row tells a block that is gone, and each tells the one that stands."""
    with scene.unit() as uow:
        blocks.block_person(uow, scene.first, WHY)
        uow.commit()
    works = [write(scene), lambda uow: blocks.unblock_person(uow, scene.first, WHY)]
    assert scene.overlap(*(works if client_first else reversed(works))) == []
    scene.add_up()
    with scene.unit() as uow:
        assert len(uow.conn.all(select(block.c.pk))) == 1


@pytest.mark.parametrize("lift_first", [True, False])
def test_a_key_that_is_replaced_while_the_block_is_lifted_leaves_nothing(
    scene: Scene, database: Database, *, lift_first: bool
) -> None:
    """Sealed anew, the number would outlive the block: its lifting does not see the new row."""
    ring = KeyRing({"k1": bytes(range(32)), "k2": bytes(range(1, 33))}, "k2", "k2")
    rotating = replace(scene, unit=partial(_with_keys, database, ring))
    resealed: list[int] = []
    works: list[Work] = [
        lambda uow: blocks.unblock_affiliation(uow, scene.first, OTHER, WHY),
        lambda uow: resealed.append(resealing.barred(uow)),
    ]
    assert rotating.overlap(*(works if lift_first else reversed(works))) == []
    assert resealed == [0 if lift_first else 1]
    with rotating.unit() as uow:
        assert uow.conn.all(select(block_key.c.bar)) == []


def _with_keys(database: Database, ring: KeyRing) -> UnitOfWork:
    return UnitOfWork(database, keys=ring, request_id="test", caller="cli:test", now=lambda: NOW)


def _shut(uow: UnitOfWork, person_id: str) -> bool:
    return reason(uow, person_id) in {Reason.BLOCKED, Reason.INACTIVE, Reason.UNKNOWN}
