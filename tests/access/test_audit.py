"""The audit trail: sealed in chains, and every kind of tampering found (trust.md, P7)."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Event
from mo_access.service import audit
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit_sealing
from mo_access.storage.schema import audit_checkpoint, audit_event
from tests.access.conftest import NOW

Unit = Callable[..., UnitOfWork]
EVENT = audit_event.c


def record(unit: Unit, count: int, *institutions: str) -> None:
    """Write and commit that many events about these institutions."""
    with unit() as uow:
        for number in range(count):
            uow.record(Event("test.done", "ok", institutions=institutions, facts={"n": number}))
        uow.commit()


def seal(unit: Unit, at: int = NOW, holder: str = "one") -> int:
    """Seal what waits and commit; returns how many events got a place."""
    with unit(at) as uow:
        done = audit.seal_due(uow, holder)
        uow.commit()
    return done.events


@pytest.fixture
def sealed(unit: Unit) -> Unit:
    """Give a trail of two institutions and the platform, all sealed in two rounds."""
    record(unit, 3, "900001", "900002")
    record(unit, 2)
    assert seal(unit) == 8
    record(unit, 2, "900001")
    assert seal(unit) == 2
    return unit


def faults(unit: Unit) -> list[tuple[str, int | None]]:
    """Name chain and number of each fault that a check finds."""
    with unit() as uow:
        return [(fault.chain, fault.seq) for fault in audit.verify(uow).faults]


def test_events_touching_two_institutions_stand_in_both_chains(sealed: Unit) -> None:
    """One event per institution touched, and the rest on the platform's chain."""
    with sealed() as uow:
        verdict = audit.verify(uow)
    assert verdict.sound
    assert (verdict.chains, verdict.sealed, verdict.unsealed) == (3, 10, 0)


def test_the_unsealed_tail_is_reported(sealed: Unit) -> None:
    """An event without a place is counted, with the time of the oldest."""
    record(sealed, 2, "900001")
    with sealed() as uow:
        verdict = audit.verify(uow)
    assert verdict.sound
    assert (verdict.unsealed, verdict.oldest_unsealed) == (2, NOW)


def test_an_event_rolled_back_leaves_nothing(unit: Unit) -> None:
    """No event without its change: leaving without commit undoes both."""
    with unit() as uow:
        uow.record(Event("test.done", "ok"))
    with unit() as uow:
        assert audit.verify(uow).chains == 0


def test_only_the_holder_of_the_lease_seals(unit: Unit) -> None:
    """A second sealer does nothing until the lease of the first has run out."""
    record(unit, 1)
    assert seal(unit, NOW, "one") == 1
    record(unit, 1)
    assert seal(unit, NOW + 1, "two") == 0
    assert seal(unit, NOW + 60_000_000, "two") == 1


@pytest.mark.parametrize("values", [{"body": "{}"}, {"outcome": "no"}, {"at": 1}])
def test_a_changed_record_is_named(sealed: Unit, values: dict[str, str | int]) -> None:
    """Any change of what an event says is found at its number."""
    with sealed() as uow:
        where = (EVENT.chain == "900001", EVENT.seq == 2)
        uow.write().run(update(audit_event).where(*where).values(values))
        uow.commit()
    assert faults(sealed) == [("900001", 2)]


def test_a_deleted_record_is_named(sealed: Unit) -> None:
    """A gap is found at the first number that is missing."""
    with sealed() as uow:
        uow.write().run(delete(audit_event).where(EVENT.chain == "900001", EVENT.seq == 3))
        uow.commit()
    assert faults(sealed) == [("900001", 3)]


def test_reordered_records_are_named(sealed: Unit) -> None:
    """Two records that changed places are found at the first of them."""
    with sealed() as uow:
        conn = uow.write()
        for old, new in ((2, -1), (3, 2), (-1, 3)):
            where = (EVENT.chain == "900001", EVENT.seq == old)
            conn.run(update(audit_event).where(*where).values(seq=new))
        uow.commit()
    assert faults(sealed) == [("900001", 2)]


def test_a_truncated_tail_is_named(sealed: Unit) -> None:
    """The signed checkpoint tells that the newest records are gone."""
    with sealed() as uow:
        uow.write().run(delete(audit_event).where(EVENT.chain == "900001", EVENT.seq > 3))
        uow.commit()
    assert faults(sealed) == [("900001", 4)]


def test_a_chain_that_is_gone_with_its_checkpoint_is_found(sealed: Unit) -> None:
    """The checkpoint of all chains tells that one is missing."""
    with sealed() as uow:
        uow.write().run(delete(audit_event).where(EVENT.chain == "900002"))
        uow.write().run(delete(audit_checkpoint).where(audit_checkpoint.c.chain == "900002"))
        uow.commit()
    assert [chain for chain, _ in faults(sealed)] == ["*"]


def test_a_forged_checkpoint_is_named_and_stops_its_chain(sealed: Unit) -> None:
    """The sealer never signs on top of a head that is not ours; other chains go on."""
    with sealed() as uow:
        where = audit_checkpoint.c.chain == "900001"
        uow.write().run(update(audit_checkpoint).where(where).values(head=bytes(32)))
        uow.commit()
    record(sealed, 1, "900001", "900002")
    with sealed() as uow:
        done = audit.seal_due(uow, "one")
        uow.commit()
    assert (done.events, done.broken) == (1, ("900001",))
    assert "900001" in [chain for chain, _ in faults(sealed)]


def test_a_broken_chain_does_not_keep_others_waiting(sealed: Unit, keys: KeyRing) -> None:
    """However many events wait on a broken chain, the others are sealed."""
    with sealed() as uow:
        where = audit_checkpoint.c.chain == "900001"
        uow.write().run(update(audit_checkpoint).where(where).values(head=bytes(32)))
        uow.commit()
    record(sealed, 3, "900001")
    record(sealed, 1, "900002")
    with sealed() as uow:
        done = audit_sealing.seal(uow.write(), now=NOW, holder="one", keys=keys, batch=2)
        uow.commit()
    assert (done.events, done.broken) == (1, ("900001",))


def test_a_removed_checkpoint_is_found_and_not_begun_anew(sealed: Unit) -> None:
    """A chain that has sealed records but no head stays as it is."""
    with sealed() as uow:
        uow.write().run(delete(audit_checkpoint).where(audit_checkpoint.c.chain == "900001"))
        uow.commit()
    record(sealed, 1, "900001")
    assert seal(sealed) == 0
    assert ("900001", 1) in faults(sealed)


def test_a_changed_record_that_waits_is_found(unit: Unit) -> None:
    """What is not sealed yet still has its content hash."""
    record(unit, 1)
    with unit() as uow:
        uow.write().run(update(audit_event).values(body="{}"))
        uow.commit()
    assert faults(unit) == [("platform", None)]


def test_showing_gives_the_newest_last(sealed: Unit) -> None:
    """``tail`` reads like a log: oldest first, and following starts after a key."""
    with sealed() as uow:
        newest = audit.last(uow, 2)
        everything = list(audit.following(uow, 0))
        keys = uow.conn.all(select(EVENT.pk).order_by(EVENT.pk))
    assert [event["chain"] for event in newest] == ["900001", "900001"]
    assert [event["pk"] for event in everything] == [row[0] for row in keys]
