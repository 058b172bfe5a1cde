"""What clients sent, as an operator reads it, and the upkeep beside answering."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Actor, Event
from mo_access.service import activity, audit, clients, reports, tally
from mo_access.service.activity import KEPT_MICROSECONDS, Activity
from mo_access.service.clients import NewClient
from mo_access.service.tally import Kind, Tally
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.service.upkeep import Upkeep
from mo_access.storage.engine import Database
from mo_access.storage.tally import HOUR
from tests.access.conftest import NOW

Unit = Callable[..., UnitOfWork]


def client(unit: Unit, name: str) -> Actor:
    """Make a platform client and give its actor."""
    with unit() as uow:
        _, token = clients.create(uow, NewClient(name, platform=True))
        uow.commit()
        actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def sent(unit: Unit, actor: Actor, at: int, *activities: Activity) -> None:
    """Record what a client sent at this time."""
    with unit(at) as uow:
        for one in activities:
            activity.record(uow, actor, one)
        uow.commit()


def test_the_report_tells_what_came_in_and_why_it_was_refused(unit: Unit) -> None:
    """Counts per kind, one line per reason, what gives nothing, and when it last went well."""
    busy = client(unit, "busy")
    client(unit, "silent")
    taken = Activity("POST", "Users", "id", 201, unmapped=("roles: x", "roles: y"))
    refused = Activity("PUT", "Users", "id", 400, "userName: is missing")
    sent(unit, busy, NOW, taken, Activity("POST", "Users", "id", 201, unmapped=("roles: x",)))
    sent(unit, busy, NOW + 1, refused, refused)
    with unit() as uow:
        told, silent = reports.sync(uow)
    assert (silent.name, silent.requests, silent.last_success) == ("silent", 0, None)
    assert (told.requests, told.taken) == (4, 2)
    assert (told.last_success, told.last_refusal) == (NOW, NOW + 1)
    assert {(c.method, c.requests, c.taken) for c in told.came_in} == {
        ("POST", 2, 2),
        ("PUT", 2, 0),
    }
    (why,) = told.refused
    assert (why.status, why.detail, why.times) == (400, "userName: is missing", 2)
    assert [(one.text, one.times) for one in told.unmapped] == [("roles: x", 2), ("roles: y", 1)]
    assert {(one.resource, one.resource_id, one.last) for one in told.unmapped} == {
        ("Users", "id", NOW)
    }
    assert why.resource_id == "id"
    assert told.needs_a_look
    assert not silent.needs_a_look


def test_the_report_may_start_at_a_moment(unit: Unit) -> None:
    """What came before is left out."""
    busy = client(unit, "busy")
    sent(unit, busy, NOW - 10, Activity("POST", "Users", None, 201))
    with unit() as uow:
        assert reports.sync(uow, NOW)[0].requests == 0


def test_old_activity_is_swept(unit: Unit) -> None:
    """Ninety days are kept; the trail keeps what counts."""
    busy = client(unit, "busy")
    sent(unit, busy, NOW - KEPT_MICROSECONDS - 1, Activity("POST", "Users", None, 201))
    sent(unit, busy, NOW, Activity("POST", "Users", None, 201))
    with unit() as uow:
        assert activity.sweep(uow) == 1
        uow.commit()


def test_counts_of_an_hour_are_added_up_and_swept(
    unit: Unit, database: Database, keys: KeyRing
) -> None:
    """Whoever stores them; ``--hours`` counts the hour in which it begins whole."""
    busy = client(unit, "busy")
    hour = NOW - NOW % HOUR
    for moment in (hour - 1, hour + 1, hour + 2):
        counts = Tally(partial(int, moment))
        counts.count(busy.client_pk, Kind.TOLERATED, "op_case")
        counts.count(busy.client_pk, Kind.READ, "GET User")
        Upkeep(database, keys, HOUR, counts).store_counts()
    with unit() as uow:
        (whole,), (since,) = reports.sync(uow), reports.sync(uow, hour + 10)
        assert (whole.tolerated, whole.requests) == ((("op_case", 3),), 3)
        assert (since.tolerated, since.last_read) == ((("op_case", 2),), hour + 2)
    with unit(hour + KEPT_MICROSECONDS) as uow:
        assert tally.sweep(uow) == 2
        uow.commit()
    with unit() as uow:
        assert reports.sync(uow)[0].tolerated == (("op_case", 2),)


def test_upkeep_stores_counts_when_it_ends(unit: Unit, database: Database, keys: KeyRing) -> None:
    """What was counted since the last time is not lost by an orderly end."""
    busy = client(unit, "busy")
    counts = Tally()
    upkeep = Upkeep(database, keys, HOUR, counts)
    upkeep.start()
    counts.count(busy.client_pk, Kind.READ, "GET User")
    upkeep.stop()
    with unit() as uow:
        assert reports.sync(uow)[0].requests == 1


def test_upkeep_seals_in_the_background(unit: Unit, database: Database, keys: KeyRing) -> None:
    """Within seconds of a commit the event stands in its chain."""
    upkeep = Upkeep(database, keys, 3_600_000_000, Tally())
    upkeep.sweep()
    upkeep.start()
    try:
        with unit() as uow:
            uow.record(Event("test.done", "ok", institutions=("900001",)))
            uow.commit()
        assert _sealed_within(unit, seconds=20)
    finally:
        upkeep.stop()


def test_a_fault_ends_no_upkeep(
    unit: Unit,
    database: Database,
    keys: KeyRing,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next round seals; the log names the kind of the fault and none of its text."""
    upkeep = Upkeep(database, keys, HOUR, Tally())
    faults, seal = iter([RuntimeError("what was to be stored")]), upkeep.seal

    def failing() -> int:
        for fault in faults:
            raise fault
        return seal()

    monkeypatch.setattr(upkeep, "seal", failing)
    upkeep.start()
    try:
        with unit() as uow:
            uow.record(Event("test.done", "ok", institutions=("900001",)))
            uow.commit()
        assert _sealed_within(unit, seconds=20)
    finally:
        upkeep.stop()
    told = [vars(record) for record in caplog.records if record.msg == "upkeep_failed"]
    assert [record["reason"] for record in told] == ["RuntimeError"]
    assert "what was to be stored" not in caplog.text


def _sealed_within(unit: Unit, *, seconds: int) -> bool:
    for _ in range(seconds * 5):
        with unit() as uow:
            verdict = audit.verify(uow)
        if verdict.sealed:
            return verdict.sound and verdict.unsealed == 0
        time.sleep(0.2)
    return False
