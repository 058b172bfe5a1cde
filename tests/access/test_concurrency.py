"""Several writers at once: nothing lost, nothing twice, no fault (both engines)."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mo_access.domain.errors import Conflict, Stale
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    Document,
    GroupDraft,
    Institution,
    MemberChange,
    PersonDraft,
    PersonView,
)
from mo_access.service import clients, groups, people, sign_in
from mo_access.service.clients import NewClient
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit, catalogue
from mo_access.storage.engine import Database

WRITERS = 16
ISSUER = "https://op.example"
INSZ = "85073003328"
AN = PersonDraft("an", None, active=True, document={"userName": "an"})


@pytest.fixture
def unit(database: Database) -> Callable[[], UnitOfWork]:
    """Give a maker of units of work at the present time."""
    keys = KeyRing({"k1": bytes(range(32))}, "k1")
    with UnitOfWork(database, keys=keys, request_id="seed") as uow:
        catalogue.add_institutions(uow.write(), [Institution("900001", "De Eik")])
        uow.commit()
    return lambda: UnitOfWork(database, keys=keys, request_id="test")


def client(unit: Callable[[], UnitOfWork], name: str) -> Actor:
    """Make a client of the school."""
    with unit() as uow:
        new = NewClient(name, institutions=("900001",), issuers=(ISSUER,))
        _, token = clients.create(uow, new)
        uow.commit()
        actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def at_once(work: Callable[[int], str]) -> list[str]:
    """Run the work of every writer at the same time."""
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))


def test_one_number_makes_one_person(unit: Callable[[], UnitOfWork]) -> None:
    """Sixteen clients register the same INSZ: sixteen links to one person."""
    actors = [client(unit, f"c{n}") for n in range(WRITERS)]

    def register(n: int) -> str:
        with unit() as uow:
            made = people.create(uow, actors[n], replace(AN, insz=INSZ))
            uow.commit()
        return made.id

    assert len(set(at_once(register))) == 1


def test_one_name_is_given_once(unit: Callable[[], UnitOfWork]) -> None:
    """Of sixteen who create the same userName one succeeds, the others conflict."""
    actor = client(unit, "school")

    def register(_n: int) -> str:
        with unit() as uow:
            try:
                people.create(uow, actor, AN)
            except Conflict:
                return "conflict"
            uow.commit()
        return "made"

    outcomes = at_once(register)
    assert (outcomes.count("made"), outcomes.count("conflict")) == (1, WRITERS - 1)


def test_no_update_is_lost(unit: Callable[[], UnitOfWork]) -> None:
    """Each writer adds a line to what it reads under the lock; all lines are there."""
    actor = client(unit, "school")
    with unit() as uow:
        an = people.create(uow, actor, AN)
        uow.commit()

    def add(n: int) -> str:
        def change(view: PersonView) -> PersonDraft:
            lines: Document = {**_document(view), f"line{n}": n}
            return replace(AN, document=lines)

        with unit() as uow:
            people.update(uow, actor, an.id, change)
            uow.commit()
        return ""

    at_once(add)
    with unit() as uow:
        final = people.get(uow, actor, an.id)
    assert final.version == 1 + WRITERS
    assert {f"line{n}" for n in range(WRITERS)} <= _document(final).keys()


def test_only_one_writer_passes_a_condition(unit: Callable[[], UnitOfWork]) -> None:
    """With the expected version of all the same, fifteen are told that it is stale."""
    actor = client(unit, "school")
    with unit() as uow:
        an = people.create(uow, actor, AN)
        uow.commit()

    def change(n: int) -> str:
        def conditional(view: PersonView) -> PersonDraft:
            if view.version != an.version:
                raise Stale("changed")
            return replace(AN, document={"n": n})

        with unit() as uow:
            try:
                people.update(uow, actor, an.id, conditional)
            except Stale:
                return "stale"
            uow.commit()
        return "done"

    assert sorted(at_once(change)) == ["done"] + ["stale"] * (WRITERS - 1)


def test_no_member_is_lost(unit: Callable[[], UnitOfWork]) -> None:
    """Sixteen writers add a member each to one group, with an event for each."""
    actor = client(unit, "school")
    with unit() as uow:
        ids = [people.create(uow, actor, replace(AN, user_name=f"u{n}")).id for n in range(WRITERS)]
        group = groups.create(uow, actor, GroupDraft("g", None, {}), MemberChange("add"))
        uow.commit()

    def join(n: int) -> str:
        with unit() as uow:
            step = MemberChange("add", (ids[n],))
            groups.update(uow, actor, group.id, lambda _: None, (step,))
            uow.commit()
        return ""

    at_once(join)
    with unit() as uow:
        final = groups.get(uow, actor, group.id)
        events = [e for e in audit.last(uow.conn, 100) if e.kind == "group.update"]
    assert {member for member, _ in final.members or ()} == set(ids)
    assert final.version == 1 + WRITERS
    assert len(events) == WRITERS


def test_first_sign_ins_at_once_all_succeed(unit: Callable[[], UnitOfWork]) -> None:
    """The pin of the subject is made once."""
    actor = client(unit, "school")
    with unit() as uow:
        an = people.create(uow, actor, AN)
        uow.commit()

    def enter(_n: int) -> str:
        with unit() as uow:
            said = SignIn("op", ISSUER, "s", (("an", "userName"),), "t", uow.now + 10**9)
            found = sign_in.sign_in(uow, said)
            uow.commit()
        return found.person

    assert set(at_once(enter)) == {an.id}


def _document(view: PersonView) -> Document:
    loaded: Document = json.loads(view.document)
    return loaded
