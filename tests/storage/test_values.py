"""The value index after a change is the one that would be made anew, and only that was written."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import IndexedValue, PersonDraft
from mo_access.service import clients, people
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import values as stored
from mo_access.storage.engine import Database
from mo_access.storage.schema import link, link_value
from tests.support.statements import asked

KEYS = KeyRing({"k1": b"k" * 32}, "k1")
_v = link_value.c
ROWS = select(_v.attribute, _v.ordinal, _v.sub, _v.exact, _v.folded)


def link_of(uow: UnitOfWork) -> int:
    """Register a person without searchable values and return its link."""
    _, token = clients.create(uow, NewClient("c", platform=True))
    actor = clients.by_token(uow, token)
    assert actor is not None
    people.create(uow, actor, PersonDraft("an", None, active=True, document={}))
    return int(uow.conn.all(select(link.c.pk))[0][0])


def values(chance: random.Random) -> list[IndexedValue]:
    """Make values of which some have a place in common with those of another time."""
    places = [(name, n, sub) for name in ("emails", "roles") for n in range(3) for sub in ("", "t")]
    texts = (chance.choice("abC") for _ in places)
    return [
        IndexedValue(*place, text, text.casefold())
        for place, text in zip(places, texts, strict=True)
        if chance.random() < 0.5
    ]


def test_any_change_leaves_what_an_index_made_anew_holds(database: Database) -> None:
    """Values that come, go, move and stay."""
    chance = random.Random(7)
    with UnitOfWork(database, keys=KEYS, request_id="test") as uow:
        pk, held = link_of(uow), list[IndexedValue]()
        for _ in range(60):
            wanted = values(chance)
            stored.change(uow.conn, pk, held, wanted)
            assert sorted(uow.conn.all(ROWS)) == sorted(map(tuple, wanted))
            held = wanted


def test_a_value_that_should_not_be_there_gives_way(database: Database) -> None:
    """An index of an earlier release may hold other values than the document gives now."""
    old, new = (
        IndexedValue("emails", 0, "value", "O", "o"),
        IndexedValue("emails", 0, "value", "N", "n"),
    )
    with UnitOfWork(database, keys=KEYS, request_id="test") as uow:
        pk = link_of(uow)
        stored.add(uow.conn, pk, [old])
        stored.change(uow.conn, pk, [], [new])
        assert uow.conn.all(ROWS) == [tuple(new)]


def test_what_stays_is_not_written(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same values again are no statement at all."""
    same = values(random.Random(1))
    with UnitOfWork(database, keys=KEYS, request_id="test") as uow:
        pk = link_of(uow)
        stored.add(uow.conn, pk, same)
        with asked(monkeypatch) as seen:
            stored.change(uow.conn, pk, same, reversed(same))
        assert not seen
