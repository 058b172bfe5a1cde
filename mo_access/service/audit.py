"""The audit trail as an operator sees it: seal, verify, show (rule 9, trust.md P7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Document
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit as stored
from mo_access.storage import audit_sealing as sealing
from mo_access.storage import audit_subjects
from mo_access.storage.audit import Record
from mo_access.storage.audit_sealing import ALL, START, Checkpoint, Sealed
from mo_access.storage.engine import Connection

# Only an event about several people has one; a fact that holds this text has its quotes escaped.
_SUBJECTS: Final = re.compile(r'(?<!\\)"subjects":"([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record of a chain that is not as it was sealed; ``seq`` None: not sealed yet."""

    chain: str
    seq: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole check of the trail found."""

    chains: int
    sealed: int
    unsealed: int
    oldest_unsealed: int | None
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether every record is as it was sealed."""
        return not self.faults


def seal_due(uow: UnitOfWork, holder: str) -> Sealed:
    """Seal one batch of waiting events; the caller commits (the background sealer, each second)."""
    if not stored.unsealed_tail(uow.conn)[0]:
        return Sealed(0)
    return sealing.seal(uow.write(), now=uow.now, holder=holder, keys=uow.keys)


def verify(uow: UnitOfWork) -> Verdict:
    """Recompute every hash and compare with the signed checkpoints, on one state of the data."""
    conn = uow.conn
    if not conn.in_transaction:
        conn.begin_read()
    points = sealing.checkpoints(conn)
    whole = points.pop(ALL, None)
    names = sorted({*stored.chains(conn), *points})
    found = [_check_chain(conn, n, points.get(n), uow.keys) for n in names]
    faults = [fault for _, fault in found if fault]
    faults += _check_whole(whole, points, uow.keys)
    faults += _check_unsealed(conn)
    faults += [_planted(*one) for one in audit_subjects.planted(conn)]
    waiting, oldest = stored.unsealed_tail(conn)
    return Verdict(len(names), sum(n for n, _ in found), waiting, oldest, tuple(faults))


def last(uow: UnitOfWork, count: int) -> tuple[Document, ...]:
    """Give the newest events as they are shown, oldest first."""
    return tuple(shown(record) for record in stored.last(uow.conn, count))


def following(uow: UnitOfWork, pk: int) -> Iterator[Document]:
    """Give every event written after the one with this key."""
    return (shown(record) for record in stored.after(uow.conn, pk))


def shown(record: Record) -> Document:
    """Render an event: its place and hashes, and what it says."""
    body = json.loads(record.body)
    return {
        "pk": record.pk,
        "chain": record.chain,
        "seq": record.seq,
        "at": record.at,
        "kind": record.kind,
        "outcome": record.outcome,
        **body,
        "contentHash": record.content_hash.hex(),
        "chainHash": record.chain_hash.hex() if record.chain_hash else None,
    }


def _check_chain(
    conn: Connection, chain: str, point: Checkpoint | None, keys: KeyRing
) -> tuple[int, Fault | None]:
    """Walk one chain; returns how many records held, and the first fault."""
    if point is not None and not point.holds(keys):
        return 0, Fault(chain, point.seq, "the checkpoint is not signed by this installation")
    seq, head = 0, START
    for record in stored.of_chain(conn, chain):
        problem = _problem(record, seq + 1, head) or _other_people(conn, record)
        if problem:
            return seq, Fault(chain, seq + 1, problem)
        seq, head = seq + 1, record.chain_hash or b""
    return seq, _check_end(chain, seq, head, point)


def _problem(record: Record, expected: int, head: bytes) -> str | None:
    if record.seq != expected:
        return "the record is missing"
    if not record.intact:
        return "the record was changed"
    if record.chain_hash != stored.chain_hash(head, expected, record.content_hash):
        return "the record is not the one that was sealed here (changed or reordered)"
    return None


def _other_people(conn: Connection, record: Record) -> str | None:
    """Compare whom an event can be found by with the digest that was sealed with it."""
    said = _SUBJECTS.search(record.body)
    if said is None or said[1] == audit_subjects.stored(conn, record.pk):
        return None
    return "whom the record is about was changed"


def _check_end(chain: str, seq: int, head: bytes, point: Checkpoint | None) -> Fault | None:
    sealed = point.seq if point else 0
    if seq < sealed:
        return Fault(chain, seq + 1, f"the records from here to {sealed} are missing")
    if seq > sealed:
        return Fault(chain, sealed + 1, "the record is not covered by the checkpoint")
    if point and point.head != head:
        return Fault(chain, seq, "the chain was rewritten: its head is not the signed one")
    return None


def _check_whole(
    whole: Checkpoint | None, points: dict[str, Checkpoint], keys: KeyRing
) -> list[Fault]:
    if whole is None:
        return [Fault(ALL, None, "the checkpoint of all chains is missing")] if points else []
    if not whole.holds(keys):
        return [Fault(ALL, whole.seq, "the checkpoint of all chains is not signed by us")]
    total = sum(point.seq for point in points.values())
    if whole.seq == total and whole.head == sealing.summary(points):
        return []
    return [Fault(ALL, whole.seq, "a chain's checkpoint was removed or put back to an older one")]


def _planted(chain: str, pk: int) -> Fault:
    return Fault(chain, None, f"record {pk} is shown for people whom it says nothing of")


def _check_unsealed(conn: Connection) -> list[Fault]:
    """Return what is wrong with events that wait for their seal: each may be changed alone."""
    found = ((record, _changed(conn, record)) for record in stored.unsealed(conn))
    return [Fault(record.chain, None, problem) for record, problem in found if problem]


def _changed(conn: Connection, record: Record) -> str | None:
    if not record.intact:
        return f"unsealed record {record.pk} was changed"
    other = _other_people(conn, record)
    return f"unsealed record {record.pk}: {other}" if other else None
