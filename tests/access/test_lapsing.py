"""People whom only sign-ins made are not kept for ever (design 015)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from mo_access.domain.errors import Refused
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import PersonDraft
from mo_access.service import blocks, claimed_sign_in, lapsing, people, sessions
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.tally import Tally
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.service.upkeep import Upkeep
from mo_access.storage import leases
from mo_access.storage.engine import Database
from tests.access.standing_kit import DAY, NOW, Unit, events, lay_out
from tests.support.insz import made_up

ISSUER, SECOND, HOUR, DAYS = "https://op.example", "https://two.example", 3_600_000_000, 400
LATER = NOW + DAYS * DAY + HOUR
Node = Callable[..., Upkeep]


@pytest.fixture
def node(database: Database, keys: KeyRing) -> Node:
    """Give a maker of the upkeep of one node at a time."""

    def make(now: int = LATER, days: int = DAYS) -> Upkeep:
        return Upkeep(database, keys, HOUR, Tally(), people_days=days, now=lambda: now)

    return make


def admitted(uow: UnitOfWork, subject: str, issuer: str = ISSUER, insz: str | None = None) -> str:
    """Sign somebody in by claims; return the person."""
    pairs = () if insz is None else ((insz, "insz"),)
    said = SignIn(issuer[8:11], issuer, subject, pairs, "token", uow.now + HOUR)
    claimed = Claimed("jit", Described({}, None, insz), ClaimedRights(HOUR, ()))
    return claimed_sign_in.enter(uow, said, claimed).person


def enter(unit: Unit, subject: str, now: int = NOW, **told: Any) -> str:  # noqa: ANN401 - as above
    """Do the same in a transaction of its own."""
    with unit(now) as uow:
        who = admitted(uow, subject, **told)
        uow.commit()
    return who


def there(unit: Unit) -> set[str]:
    """Return who is not a tombstone."""
    with unit() as uow:
        rows = uow.conn.all(text("SELECT id FROM person WHERE owner_pk IS NOT NULL"))
    return {str(row[0]) for row in rows}


def told(unit: Unit, kind: str = "person.lapse") -> list[str]:
    """Return whom the events of a kind are about."""
    with unit() as uow:
        return [str(event["person"]) for event in events(uow, kind)]


def test_who_came_no_more_is_removed(unit: Unit, node: Node) -> None:
    """After the last day and not before, with everything that was known, and told once."""
    an, bob = enter(unit, "an", insz=made_up(0)), enter(unit, "bob")
    enter(unit, "bob", NOW + DAY)
    node(NOW + DAYS * DAY).lapse()
    assert there(unit) == {an, bob}
    for _ in range(2):
        node().lapse()
    assert there(unit) == {bob}
    assert (told(unit), told(unit, "person.delete")) == ([an], [an])
    with unit() as uow:
        (event,) = events(uow, "person.lapse")
        assert (event["caller"], event["facts"]) == ("upkeep", {"days": DAYS})
        left = {
            table: uow.conn.all(text(f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608 - ours
            for table in ("link", "link_identity", "last_sign_in", "session")
        }
        numbered = uow.conn.all(text("SELECT id FROM person WHERE insz_index IS NOT NULL"))
    assert left == {"link": 1, "link_identity": 1, "last_sign_in": 1, "session": 2}
    assert numbered == []
    assert enter(unit, "an", LATER) != an, "who comes again is somebody new"


def test_nobody_goes_where_it_is_off(unit: Unit, node: Node) -> None:
    """With 0 days they stay."""
    an = enter(unit, "an")
    node(LATER * 2, days=0).lapse()
    assert there(unit) == {an}


def test_whom_a_client_registered_stays(unit: Unit, node: Node) -> None:
    """Their client withdraws them; after that they are as any other whom a sign-in made."""
    an = enter(unit, "an", insz=made_up(0))
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        draft = PersonDraft("an", None, active=True, document={}, insz=made_up(0))
        assert people.create(uow, school, draft).id == an
        uow.commit()
    node().lapse()
    assert there(unit) == {an}
    with unit() as uow:
        people.delete(uow, school, an, lambda _view: None)
        uow.commit()
    node().lapse()
    assert there(unit) == set()


def test_who_has_a_session_stays(unit: Unit, node: Node) -> None:
    """However long the days and the session are."""
    an = enter(unit, "an", LATER - HOUR // 2)
    with unit() as uow:
        uow.write().run(text(f"UPDATE last_sign_in SET at = {NOW}"))  # noqa: S608 - ours
        uow.commit()
    node().lapse()
    assert there(unit) == {an}
    with unit() as uow:
        sessions.end_by_provider(uow, ISSUER, subject="an")
        uow.commit()
    node().lapse()
    assert there(unit) == set()


def test_whom_two_providers_know_goes_with_both(unit: Unit, node: Node) -> None:
    """One who came through either lately stays for both."""
    an = enter(unit, "an", insz=made_up(0))
    assert enter(unit, "x", LATER - DAY, issuer=SECOND, insz=made_up(0)) == an
    node().lapse()
    assert there(unit) == {an}
    with unit(LATER + DAYS * DAY) as uow:
        assert [one.person for one in lapsing.due(uow, DAYS)] == [an]
    node(LATER + DAYS * DAY).lapse()
    assert there(unit) == set()
    assert told(unit) == [an]
    with unit() as uow:
        assert uow.conn.all(text("SELECT count(*) FROM link")) == [(0,)]


def test_a_block_stays(unit: Unit, node: Node) -> None:
    """Who was blocked and is removed is not let in as somebody new."""
    an = enter(unit, "an")
    with unit() as uow:
        blocks.block_person(uow, an, "Onderzoek")
        uow.commit()
    node().lapse()
    assert there(unit) == set()
    with pytest.raises(Refused) as refused:
        enter(unit, "an", LATER)
    assert refused.value.code == "inactive"


def test_several_nodes_remove_each_once(
    unit: Unit, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the same moment, over several pages, also when two hold themselves for the one."""
    monkeypatch.setattr("mo_access.storage.lapsing.PAGE", 2)
    who = sorted(enter(unit, f"p-{n}") for n in range(5))
    monkeypatch.setattr(leases, "take", lambda *_: True)
    nodes = [node(), node(), node()]
    gate = threading.Barrier(len(nodes))

    def run(one: Upkeep) -> None:
        gate.wait(20)
        one.lapse()

    threads = [threading.Thread(target=run, args=(one,)) for one in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert there(unit) == set()
    assert (sorted(told(unit)), sorted(told(unit, "person.delete"))) == (who, who)


def test_one_node_does_it(unit: Unit, node: Node) -> None:
    """Who does not hold the lease removes nobody."""
    an = enter(unit, "an")
    with unit(LATER) as uow:
        assert leases.take(uow.write(), lapsing.LEASE, "another", LATER, HOUR)
        uow.commit()
    node().lapse()
    assert there(unit) == {an}


def test_who_signs_in_at_that_moment_stays(unit: Unit) -> None:
    """The sign-in came first and is not yet written: the removal waits for it, and looks again."""
    an = enter(unit, "an")
    removed = []

    def remove() -> None:
        with unit(LATER) as uow:
            (one,) = lapsing.due(uow, DAYS)
            removed.append(one)
            lapsing.remove(uow, "node", one, DAYS)
            uow.commit()

    with unit(LATER) as uow:
        assert admitted(uow, "an") == an
        other = threading.Thread(target=remove)
        other.start()
        other.join(0.3)
        assert other.is_alive()
        uow.commit()
    other.join(60)
    assert [one.person for one in removed] == [an]
    assert there(unit) == {an}
    assert told(unit) == []
