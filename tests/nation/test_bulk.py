"""Many at a time: what is refused one by one is refused of many, and then nothing is stored."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from mo_access.domain.errors import Conflict, Overtaken
from mo_access.domain.keys import Held, KeyRing, Roles
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GroupDraft,
    Institution,
    PersonDraft,
    Role,
)
from mo_access.service import blocks, bulk
from mo_access.service.bulk import Newcomer, NewMembers
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue
from mo_access.storage.bookkeeping import beheerder_watch
from mo_access.storage.schema import group, institution, link, person
from mo_demo.nation.filling import Filled
from mo_demo.nation.person import insz
from tests.nation.conftest import SMALL, Unit

BORN = date(1980, 5, 17)
NUMBER, SECOND = (insz(BORN, turn, "F") for turn in (40, 41))
FOREIGN = SMALL.school(1)
"""A school of the other board."""
NEW = "999001"
"""A school that is none of theirs yet."""


class Rotating(KeyRing):
    """A ring in the midst of a rotation: index entries of two keys are about."""

    @property
    def held(self) -> Held:
        """Give the old key and the new one."""
        keys = {"k1": bytes(range(32)), "k2": bytes(32)}
        return Held.of(keys, Roles("k2", "k1", index="k2", also=("k1",)))


@pytest.fixture
def government(filled: Filled) -> Actor:
    """Give the platform client of a small nation."""
    return filled.brokers[0].actor


@pytest.fixture
def board(filled: Filled) -> Actor:
    """Give a client of one board."""
    return filled.brokers[1].actor


def draft(
    name: str,
    *,
    number: str = NUMBER,
    at: str = "",
    active: bool = True,
    role: Role = Role.GEBRUIKER,
) -> PersonDraft:
    """Draft a person, something ``at`` an institution."""
    document: Document = {"userName": name}
    claim = AffiliationClaim(Form.AFFILIATIONS, at, role)
    said = (claim,) if at else ()
    return PersonDraft(name, f"x-{name}", active, document, affiliations=said, insz=number)


def ids() -> str:
    """Give the one id that is new."""
    return "5f0f0a0e-0000-4000-8000-000000000001"


def counted(uow: UnitOfWork) -> tuple[int, ...]:
    """Count people, links and groups."""
    wanted = (select(func.count()).select_from(table) for table in (person, link, group))
    return tuple(uow.conn.all(one)[0][0] for one in wanted)


def refused(unit: Unit, actor: Actor, found: list[Newcomer], kind: type[Exception]) -> None:
    """See that these are refused, and that nothing of them is there."""
    with unit() as uow:
        before = counted(uow)
        with pytest.raises(kind):
            bulk.register(uow, actor, found, ids)
    with unit() as uow:
        assert counted(uow) == before


def test_who_is_taken_is_refused(unit: Unit, government: Actor) -> None:
    """A number, a userName or an externalId that is there already."""
    with unit() as uow:
        bulk.register(uow, government, [Newcomer(draft("els"))], ids)
        uow.commit()
    second = "5f0f0a0e-0000-4000-8000-000000000002"
    for name, number in (("an", NUMBER), ("els", SECOND)):
        with unit() as uow, pytest.raises(Conflict, match="taken"):
            bulk.register(uow, government, [Newcomer(draft(name, number=number))], lambda: second)


def test_the_same_number_twice_in_one_go_is_refused(unit: Unit, government: Actor) -> None:
    """The caller sends each person once."""
    found = [Newcomer(draft("an")), Newcomer(draft("els"))]
    refused(unit, government, found, Conflict)


def test_nobody_slips_past_a_block(unit: Unit, filled: Filled, government: Actor) -> None:
    """While anybody is blocked each newcomer has to be looked at; the people service does."""
    with unit() as uow:
        blocks.block_person(uow, filled.people[0].id, "a test")
        uow.commit()
    refused(unit, government, [Newcomer(draft("els"))], Conflict)


def test_nobody_is_registered_twice_during_a_rotation(unit: Unit, government: Actor) -> None:
    """A number that stands under the old key of the index would not be seen."""
    with unit() as uow:
        uow.keys = Rotating({"k1": bytes(range(32))}, "k1")
        with pytest.raises(Conflict, match="rotated"):
            bulk.register(uow, government, [Newcomer(draft("els"))], ids)


def test_a_client_gives_nothing_outside_its_bounds(
    unit: Unit, filled: Filled, board: Actor
) -> None:
    """Neither on a person nor by a group, whatever the caller makes of it."""
    refused(unit, board, [Newcomer(draft("els", at=FOREIGN))], Overtaken)
    themed = GroupDraft("a", None, {}, theme="dienstbrieven", institution=FOREIGN)
    with unit() as uow, pytest.raises(Overtaken):
        bulk.make(uow, board, [NewMembers(themed, filled.people[:2])], ids)


def test_an_external_id_of_a_group_is_taken_once(unit: Unit, board: Actor) -> None:
    """As everywhere, at one client."""
    with unit() as uow:
        bulk.make(uow, board, [NewMembers(GroupDraft("a", "x", {}))], ids)
        uow.commit()
    with unit() as uow, pytest.raises(Conflict, match="taken"):
        bulk.make(uow, board, [NewMembers(GroupDraft("b", "x", {}))], lambda: "another")


def test_a_platform_client_switches_off_whom_others_know(
    unit: Unit, filled: Filled, board: Actor, government: Actor
) -> None:
    """Its ``active`` is the person's own; that of any other client is its link's."""
    with unit() as uow:
        (known,) = bulk.register(uow, board, [Newcomer(draft("els", active=False))], ids)
        assert is_active(uow, known.pk)
        bulk.register(uow, government, [Newcomer(draft("els", active=False), known)], ids)
        assert not is_active(uow, known.pk)
    assert filled.people


def test_who_comes_as_beheerder_is_looked_at(unit: Unit, government: Actor) -> None:
    """The institution is known to have one from then on, as after any other write."""
    with unit() as uow:
        catalogue.add_institutions(uow.write(), [Institution(NEW, "De Es")])
        bulk.register(uow, government, [Newcomer(draft("els", at=NEW, role=Role.BEHEERDER))], ids)
        assert NEW not in watched(uow)
        uow.commit()
        assert NEW in watched(uow)


def watched(uow: UnitOfWork) -> list[str]:
    """List the institutions that are known to have a beheerder."""
    found = select(institution.c.number).join(
        beheerder_watch, beheerder_watch.c.institution_pk == institution.c.pk
    )
    rows = uow.conn.all(found.where(beheerder_watch.c.missing_since.is_(None)))
    return [str(row[0]) for row in rows]


def is_active(uow: UnitOfWork, pk: int) -> bool:
    """Read the person's own switch."""
    return bool(uow.conn.all(select(person.c.active).where(person.c.pk == pk))[0][0])
