"""What rows tell of blocks is checked, and made anew where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from mo_access.domain.policy import Reason
from mo_access.service import blocks, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_access.storage.interventions import block, block_key
from mo_access.storage.schema import affiliation, person
from tests.access.standing_kit import OTHER, Unit, at, lay_out, reason, said, theme_group

WHY = "Onderzoek"
GONE = "00000000-0000-4000-8000-000000000000"
_KEY = {"kind": "userName", "scope": "1", "value": "an", "bar": GONE, "sealed": None}
_OTHER_PEOPLE = person.c.id != GONE


@pytest.fixture
def an(unit: Unit) -> str:
    """Register An, who reads at one school and is blocked at the other."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        made = people.create(uow, school, said("an", at(), at(OTHER))).id
        theme_group(uow, school, made)
        blocks.block_affiliation(uow, made, OTHER, WHY)
        uow.commit()
    return made


FAULTS: dict[str, list[Any]] = {
    "1 people tell another block than stands": [
        update(person).where(_OTHER_PEOPLE).values(blocked=GONE),
    ],
    "1 affiliations tell another block than stands": [
        update(affiliation).where(affiliation.c.blocked.is_not(None)).values(blocked=None),
    ],
    "1 keys of blocks that were lifted": [insert(block_key).values(**_KEY)],
}
LIFTED = [delete(block)]
"""As if nobody had looked after the rows that tell the block."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_wrong_mark_is_found_and_mended(
    database: Database, unit: Unit, an: str, fault: str
) -> None:
    """The rest is as it was: the block stands, and who reads elsewhere reads on."""
    assert migrating.differences(database.url) == ()
    _run(unit, FAULTS[fault])
    assert migrating.differences(database.url) == (fault,)
    migrating.mend(database.url)
    assert migrating.differences(database.url) == ()
    with unit() as uow:
        assert reason(uow, an) is Reason.GRANTED
        assert [one.institution for one in blocks.listed(uow)] == [OTHER]
        blocks.unblock_affiliation(uow, an, OTHER, WHY)


def test_who_is_left_under_a_block_that_is_gone_is_free_again(
    database: Database, unit: Unit, an: str
) -> None:
    """Nobody could lift it: no block is listed."""
    with unit() as uow:
        blocks.block_person(uow, an, WHY)
        uow.commit()
    _run(unit, LIFTED)
    assert len(migrating.differences(database.url)) == len(FAULTS)
    migrating.mend(database.url)
    with unit() as uow:
        assert reason(uow, an) is Reason.GRANTED
        blocks.block_person(uow, an, WHY)
        assert reason(uow, an) is Reason.BLOCKED


def test_who_slipped_a_block_is_under_it(database: Database, unit: Unit, an: str) -> None:
    """A row that was made while the block was set may not tell it."""
    with unit() as uow:
        blocks.block_person(uow, an, WHY)
        uow.commit()
    _run(unit, [update(person).values(blocked=None)])
    migrating.mend(database.url)
    with unit() as uow:
        assert reason(uow, an) is Reason.BLOCKED


def _run(unit: Callable[[], UnitOfWork], statements: list[Any]) -> None:
    with unit() as uow:
        uow.write()
        for statement in statements:
            uow.conn.run(statement)
        uow.commit()
