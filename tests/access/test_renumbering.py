"""The platform changes a person's number: who sent the old one vouches for no other (ruling 3)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from mo_access.domain.criteria import Column, Compare, Op
from mo_access.domain.model import Actor, Query
from mo_access.service import people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import identities
from mo_access.storage import people as stored
from mo_access.storage.schema import identity
from tests.access.test_people import INSZ, ISSUER, SCHOOL, client, draft, uow

__all__ = ["uow"]

NEW = "85073003427"


def read(uow: UnitOfWork, actor: Actor, person: str) -> str | None:
    """Return the number that a client reads."""
    return people.get(uow, actor, person, insz=True).insz


def hits(uow: UnitOfWork, actor: Actor, number: str) -> int | None:
    """Count whom a client finds by a number."""
    return people.find(uow, actor, Query(Compare(Column.INSZ, Op.EQ, number))).total


def renumbered(uow: UnitOfWork, number: str | None) -> tuple[Actor, Actor, str]:
    """Let a school register a number, and the platform change it."""
    school, platform = client(uow, "school", SCHOOL), client(uow, "platform")
    an = people.create(uow, school, draft("an", insz=INSZ)).id
    assert people.create(uow, platform, draft("p", insz=INSZ)).id == an
    people.update(uow, platform, an, lambda _: draft("p", insz=number))
    return school, platform, an


@pytest.mark.parametrize("number", [NEW, None])
def test_a_school_neither_reads_nor_finds_a_number_that_it_never_sent(
    uow: UnitOfWork, number: str | None
) -> None:
    """Its record is another now, and so is its version."""
    school, platform, an = renumbered(uow, number)
    assert read(uow, platform, an) == number
    assert read(uow, school, an) is None
    assert [hits(uow, school, text) for text in (INSZ, NEW)] == [0, 0]
    assert people.get(uow, school, an).version == 2


def test_a_number_that_is_cleared_and_set_again_is_the_platforms_alone(uow: UnitOfWork) -> None:
    """Not even in two steps does the school come to vouch for it."""
    school, platform, an = renumbered(uow, None)
    people.update(uow, platform, an, lambda _: draft("p", insz=NEW))
    assert (read(uow, platform, an), read(uow, school, an)) == (NEW, None)


def test_a_school_vouches_again_once_it_sends_the_new_number(uow: UnitOfWork) -> None:
    """A change without a number says nothing of it (ruling 4)."""
    school, _, an = renumbered(uow, NEW)
    people.update(uow, school, an, lambda _: draft("an", document={"title": "x"}))
    assert read(uow, school, an) is None
    assert people.update(uow, school, an, lambda _: draft("an", insz=NEW)).id == an
    assert read(uow, school, an) == NEW


def test_a_school_that_sends_the_old_number_again_moves_its_own_link(uow: UnitOfWork) -> None:
    """Ruling 2: the person keeps the number that the platform gave it."""
    school, platform, an = renumbered(uow, NEW)
    moved = people.update(uow, school, an, lambda _: draft("an", insz=INSZ)).id
    assert moved != an
    assert (read(uow, school, moved), read(uow, platform, an)) == (INSZ, NEW)


def test_the_same_number_again_leaves_the_others_alone(uow: UnitOfWork) -> None:
    """Nothing is taken back where nothing changed."""
    school, platform, an = renumbered(uow, INSZ)
    people.update(uow, platform, an, lambda _: draft("p", insz=INSZ, document={"title": "y"}))
    assert read(uow, school, an) == INSZ
    assert people.get(uow, school, an).version == 1


def test_a_sign_in_that_stood_on_the_old_number_is_forgotten(uow: UnitOfWork) -> None:
    """Ruling 3: a pin goes when the link that made it changes; one of another link stays."""
    school, other = client(uow, "school", SCHOOL), client(uow, "other", SCHOOL)
    platform = client(uow, "platform")
    pair = ((ISSUER, "an"),)
    an = people.create(uow, school, draft("an", insz=INSZ, identities=pair)).id
    assert people.create(uow, other, draft("o", identities=pair)).id == an
    for actor, subject in ((school, "mallory"), (other, "an")):
        pinned(uow, actor, an, subject)
    people.update(uow, platform, an, lambda _: draft("p", insz=NEW))
    subjects = [row[0] for row in uow.conn.all(select(identity.c.subject))]
    assert subjects == ["an"]


def pinned(uow: UnitOfWork, actor: Actor, person: str, subject: str) -> None:
    """Pin a sign-in to the link of a client, as the first one does."""
    row = stored.get(uow.conn, actor, person)
    assert row is not None
    identities.pin(
        *(uow.conn, ISSUER, subject), person_pk=row.person_pk, link_pk=row.pk, proof="t", now=1
    )
