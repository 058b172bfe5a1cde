"""Sealing: giving written events their place in their chain, under signed checkpoints.

One sealer at a time holds the lease. Each chain has one checkpoint, its signed head; the
checkpoint of all (``*``) binds every chain's checkpoint, so that no chain can go missing.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.domain.keys import KeyRing
from mo_access.storage.audit import chain_hash
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import audit_checkpoint, audit_event, lease

LEASE: Final = "audit-seal"
LEASE_MICROSECONDS: Final = 15_000_000
BATCH: Final = 5_000
ALL: Final = "*"
START: Final = bytes(32)

_event = audit_event.c
_check = audit_checkpoint.c
# The engines spell this upsert alike; PostgreSQL's construct compiles on both.
_lease = upsert(lease).values(
    name=bindparam("name"), holder=bindparam("holder"), expires=bindparam("expires")
)
_TAKE = _lease.on_conflict_do_update(
    index_elements=["name"],
    set_={"holder": _lease.excluded.holder, "expires": _lease.excluded.expires},
    where=or_(lease.c.expires < bindparam("now"), lease.c.holder == _lease.excluded.holder),
)
_skipped = json_texts(bindparam("skipped"))
_OPEN = (
    select(_event.pk, _event.chain, _event.content_hash)
    .where(_event.seq.is_(None), _event.chain.not_in(select(_skipped.c.value)))
    .order_by(_event.pk)
    .limit(bindparam("page"))
)
_wanted = json_texts(bindparam("wanted"))
_HEADS = select(_check.chain, _check.seq, _check.head, _check.at, _check.signature).where(
    _check.chain.in_(select(_wanted.c.value))
)
_EVERY_HEAD = select(_check.chain, _check.seq, _check.head, _check.at, _check.signature)
_FIRST_SEALED = select(func.min(_event.seq)).where(_event.chain == bindparam("of"))
_SEAL = (
    update(audit_event)
    .where(_event.pk == bindparam("of"))
    .values(seq=bindparam("place"), chain_hash=bindparam("hash"))
)
_FORGET = delete(audit_checkpoint).where(_check.chain == bindparam("of"))
_KEEP = insert(audit_checkpoint).values(
    {name: bindparam(name) for name in ("chain", "seq", "head", "at", "signature")}
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The signed head of a chain: the number and hash of its last event."""

    chain: str
    seq: int
    head: bytes
    at: int
    signature: bytes = b""

    @property
    def content(self) -> bytes:
        """What is signed."""
        told = json.dumps([self.chain, self.seq, self.head.hex(), self.at]).encode()
        return b"mo:audit:checkpoint:" + told

    def signed(self, keys: KeyRing) -> Checkpoint:
        """Return the same checkpoint with our signature."""
        return Checkpoint(self.chain, self.seq, self.head, self.at, keys.sign(self.content))

    def holds(self, keys: KeyRing) -> bool:
        """Tell whether the signature is ours."""
        return hmac.compare_digest(keys.sign(self.content), self.signature)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round did: how many events got a place, and which chains could not go on."""

    events: int
    broken: tuple[str, ...] = ()


def seal(conn: Connection, *, now: int, holder: str, keys: KeyRing, batch: int = BATCH) -> Sealed:
    """Seal waiting events in the open write transaction; nothing when another holds the lease.

    A chain whose checkpoint is not ours any more is left as it is: to go on would sign what
    somebody else wrote.
    """
    row: dict[str, int | str | bytes | None] = {
        "name": LEASE,
        "holder": holder,
        "expires": now + LEASE_MICROSECONDS,
        "now": now,
    }
    if not conn.run(_TAKE, row):
        return Sealed(0)
    broken: list[str] = []
    while waiting := conn.all(_OPEN, {"page": batch, "skipped": json.dumps(broken)}):
        done = _Round(conn, now, keys).seal(waiting)
        broken += done.broken
        if done.events or not done.broken:
            return Sealed(done.events, tuple(broken))
        # Chains that cannot go on must not keep the others waiting.
    return Sealed(0, tuple(broken))


def checkpoints(conn: Connection) -> dict[str, Checkpoint]:
    """Give the checkpoint of every chain, and the one of all under ``*``."""
    return {row[0]: _checkpoint(row) for row in conn.all(_EVERY_HEAD, {})}


def summary(points: dict[str, Checkpoint]) -> bytes:
    """Fold checkpoints of distinct chains into one value, whatever their order."""
    folded = START
    for point in points.values():
        folded = _toggled(folded, point)
    return folded


def _checkpoint(row: Row) -> Checkpoint:
    return Checkpoint(row[0], row[1], bytes(row[2]), row[3], bytes(row[4]))


def _toggled(folded: bytes, point: Checkpoint) -> bytes:
    """Put a checkpoint into the fold, or take it out again: the fold is an exclusive or."""
    part = chain_hash(point.chain.encode(), point.seq, point.head)
    return bytes(a ^ b for a, b in zip(folded, part, strict=True))


class _Round:
    """One round of sealing: the heads that it started from and the ones it made."""

    def __init__(self, conn: Connection, now: int, keys: KeyRing) -> None:
        self.conn = conn
        self.now = now
        self.keys = keys
        self.broken: list[str] = []

    def seal(self, waiting: list[Row]) -> Sealed:
        """Give each event its place and store the new heads."""
        old = self._heads({row[1] for row in waiting})
        new: dict[str, Checkpoint] = {}
        places = []
        for pk, chain, content in waiting:
            if chain in old:
                point = self._next(new.get(chain) or old[chain], bytes(content))
                new[chain] = point
                places.append({"of": pk, "place": point.seq, "hash": point.head})
        self.conn.many(_SEAL, places)
        self._store([point.signed(self.keys) for point in new.values()])
        self._bind(old, new)
        return Sealed(len(places), tuple(self.broken))

    def _next(self, point: Checkpoint, content: bytes) -> Checkpoint:
        seq = point.seq + 1
        return Checkpoint(point.chain, seq, chain_hash(point.head, seq, content), self.now)

    def _heads(self, chains: set[str]) -> dict[str, Checkpoint]:
        found = {
            row[0]: _checkpoint(row)
            for row in self.conn.all(_HEADS, {"wanted": json.dumps(sorted(chains))})
        }
        heads = {chain: found.get(chain) or self._start(chain) for chain in sorted(chains)}
        self.broken += [chain for chain, point in heads.items() if not self._sound(point)]
        return {chain: point for chain, point in heads.items() if chain not in self.broken}

    def _start(self, chain: str) -> Checkpoint:
        """The head of a chain without one; a chain that has sealed events lost its own."""
        row = self.conn.one(_FIRST_SEALED, {"of": chain})
        lost = row is not None and row[0] is not None
        return Checkpoint(chain, -1 if lost else 0, START, self.now)

    def _sound(self, point: Checkpoint) -> bool:
        return point.seq == 0 or (point.seq > 0 and point.holds(self.keys))

    def _store(self, points: list[Checkpoint]) -> None:
        self.conn.many(_FORGET, [{"of": point.chain} for point in points])
        self.conn.many(
            _KEEP,
            [
                {
                    "chain": p.chain,
                    "seq": p.seq,
                    "head": p.head,
                    "at": p.at,
                    "signature": p.signature,
                }
                for p in points
            ],
        )

    def _bind(self, old: dict[str, Checkpoint], new: dict[str, Checkpoint]) -> None:
        """Bring the checkpoint of all up to the new heads, unless it is not ours any more."""
        if not new:
            return
        rows = {r[0]: _checkpoint(r) for r in self.conn.all(_HEADS, {"wanted": json.dumps([ALL])})}
        whole = rows.get(ALL) or self._first_whole(new)
        if whole is None or not self._sound(whole):
            self.broken.append(ALL)
            return
        folded = whole.head
        for chain, point in new.items():
            folded = folded if old[chain].seq == 0 else _toggled(folded, old[chain])
            folded = _toggled(folded, point)
        added = sum(point.seq - old[chain].seq for chain, point in new.items())
        self._store([Checkpoint(ALL, whole.seq + added, folded, self.now).signed(self.keys)])

    def _first_whole(self, new: dict[str, Checkpoint]) -> Checkpoint | None:
        """Begin the checkpoint of all only while no other chain has one: else it went missing."""
        others = {row[0] for row in self.conn.all(_EVERY_HEAD, {})} - set(new)
        return None if others else Checkpoint(ALL, 0, START, self.now)
