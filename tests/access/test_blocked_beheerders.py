"""Who is blocked at an institution is nobody's last beheerder there, however the role came."""

from __future__ import annotations

from pathlib import Path

import pytest

from mo_access.domain.errors import LastBeheerder
from mo_access.service import blocks, recovery
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    SCHOOL,
    House,
    beheerder,
    counted,
    draft,
    missing,
    swept,
)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools."""
    return House(database, tmp_path).seed()


def bar(house: House, person: str) -> None:
    """Block what a person is at the school."""
    with house.unit() as uow:
        blocks.block_affiliation(uow, person, SCHOOL, "onderzoek")
        uow.commit()


def test_a_blocked_member_of_a_role_group_does_not_count(house: House) -> None:
    """The sweep sees it, as it sees a blocked affiliation."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an"))
    house.group(actor, an)
    assert (house.is_beheerder(an), missing(house)) == (True, [])
    bar(house, an)
    swept(house)
    assert not house.is_beheerder(an)
    assert (missing(house), counted(house)) == ([(SCHOOL, "missing")], 1)


def test_a_blocked_second_one_does_not_let_the_last_role_go(house: House) -> None:
    """Under ``refuse``: a member of a role group who is blocked there is no second one."""
    house.choose("refuse")
    actor = house.client("school", SCHOOL)()
    an, bea = (house.person(actor, draft(name)) for name in ("an", "bea"))
    house.write(actor, an, draft("an", beheerder()))
    house.group(actor, bea)
    bar(house, bea)
    with pytest.raises(LastBeheerder):
        house.write(actor, an, draft("an"))
    assert house.is_beheerder(an)


def test_a_recovery_of_who_is_blocked_there_does_not_count(house: House) -> None:
    """It would act nowhere, so the institution stays without beheerder."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    bar(house, an)
    swept(house)
    assert missing(house) == [(SCHOOL, "missing")]
    with house.unit() as uow:
        recovery.recover(uow, SCHOOL, an, "niemand meer")
        uow.commit()
    assert not house.is_beheerder(an)
    assert (missing(house), counted(house)) == ([(SCHOOL, "missing")], 1)
