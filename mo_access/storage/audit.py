"""The audit trail: events written with the change, sealed into hash chains soon after (rule 9).

Each institution has a chain of its own, so that no chain head is a hot row; what touches none
goes to ``platform``. Sealing gives an event its place and the hash over everything before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Select, bindparam, func, insert, select

from mo_access.storage import audit_subjects
from mo_access.storage.audit_subjects import Subjects
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.reserving import reserve
from mo_access.storage.schema import audit_event

PAGE: Final = 2_000

_event = audit_event.c
_NAMES = ("chain", "at", "kind", "outcome", "body", "content_hash", "person")
_INSERT = insert(audit_event).values({name: bindparam(name) for name in _NAMES})
_INSERT_ONE = _INSERT.returning(_event.pk)
_INSERT_KEYED = _INSERT.values(pk=bindparam("pk"))
_COLUMNS = (
    _event.pk,
    _event.chain,
    _event.at,
    _event.kind,
    _event.outcome,
    _event.body,
    _event.content_hash,
    _event.seq,
    _event.chain_hash,
    _event.person,
)
_AFTER = (
    select(*_COLUMNS)
    .where(_event.pk > bindparam("after"))
    .order_by(_event.pk)
    .limit(bindparam("page"))
)
_LAST = select(*_COLUMNS).order_by(_event.pk.desc()).limit(bindparam("page"))
_OF_CHAIN = (
    select(*_COLUMNS)
    .where(_event.chain == bindparam("of"), _event.seq > bindparam("after"))
    .order_by(_event.seq)
    .limit(bindparam("page"))
)
_UNSEALED = (
    select(*_COLUMNS)
    .where(_event.seq.is_(None), _event.pk > bindparam("after"))
    .order_by(_event.pk)
    .limit(bindparam("page"))
)
_CHAINS = select(_event.chain).distinct().order_by(_event.chain)
_COUNT_UNSEALED = select(func.count(), func.min(_event.at)).where(_event.seq.is_(None))


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that is to be written to each of these chains.

    ``person`` is whom the body names, ``subjects`` whom the body's digest stands for; an event
    can then be found by them.
    """

    now: int
    kind: str
    outcome: str
    chains: tuple[str, ...]
    body: str
    person: str | None = None
    subjects: Subjects | None = None

    def rows(self) -> list[Params]:
        """Give the row of each chain."""
        said = (self.now, self.kind, self.outcome, self.body)
        return [
            {
                "chain": chain,
                "at": self.now,
                "kind": self.kind,
                "outcome": self.outcome,
                "body": self.body,
                "content_hash": content_hash(chain, *said),
                "person": self.person,
            }
            for chain in dict.fromkeys(self.chains)
        ]


@dataclass(frozen=True, slots=True)
class Record:
    """One stored event; ``seq`` and ``chain_hash`` are None until it is sealed."""

    pk: int
    chain: str
    at: int
    kind: str
    outcome: str
    body: str
    content_hash: bytes
    seq: int | None
    chain_hash: bytes | None
    person: str | None = None
    """Whom it is about, as the body says: a column of its own so that it can be searched."""

    @property
    def intact(self) -> bool:
        """Whether the content still has the hash that was stored with it, and its person."""
        found = content_hash(self.chain, self.at, self.kind, self.outcome, self.body)
        return found == self.content_hash and f'"person":{json.dumps(self.person)}' in self.body


def write(conn: Connection, entry: Entry) -> None:
    """Write one event to each of its chains, inside the transaction of the change itself."""
    rows = entry.rows()
    if not entry.subjects:
        return conn.many(_INSERT, rows)
    for row in rows:
        audit_subjects.add(conn, conn.insert(_INSERT_ONE, row), entry.subjects)
    return None


def write_all(conn: Connection, entries: Iterable[Entry]) -> None:
    """Write many events as ``write`` does each, in two statements and one for the keys."""
    pairs = [(entry, row) for entry in entries for row in entry.rows()]
    pks = reserve(conn, "audit_event", len(pairs))
    conn.many(_INSERT_KEYED, [{**row, "pk": pk} for pk, (_, row) in zip(pks, pairs, strict=True)])
    of = [(pk, entry.subjects) for pk, (entry, _) in zip(pks, pairs, strict=True)]
    audit_subjects.add_all(conn, ((pk, told) for pk, told in of if told))


def content_hash(chain: str, at: int, kind: str, outcome: str, body: str) -> bytes:
    """Hash an event; every part goes in with its length, so that none can slip into the next."""
    digest = sha256()
    for part in (chain, str(at), kind, outcome, body):
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def chain_hash(previous: bytes, seq: int, content: bytes) -> bytes:
    """Hash the place of an event: what came before, its number, its content."""
    return sha256(previous + seq.to_bytes(8, "big") + content).digest()


def last(conn: Connection, count: int) -> tuple[Record, ...]:
    """Give the newest events, oldest first."""
    return tuple(Record(*row) for row in reversed(conn.all(_LAST, {"page": count})))


def after(conn: Connection, pk: int) -> Iterator[Record]:
    """Give every event with a higher key than ``pk``, in the order of the keys."""
    return _paged(conn, _AFTER, {}, pk, 0)


def of_chain(conn: Connection, chain: str) -> Iterator[Record]:
    """Give the sealed events of a chain in their order."""
    return _paged(conn, _OF_CHAIN, {"of": chain}, -1, 7)


def unsealed(conn: Connection) -> Iterator[Record]:
    """Give the events that have no place in a chain yet."""
    return _paged(conn, _UNSEALED, {}, 0, 0)


def unsealed_tail(conn: Connection) -> tuple[int, int | None]:
    """Count the events that are not sealed yet, and give the time of the oldest."""
    row = conn.one(_COUNT_UNSEALED, {})
    return (row[0], row[1]) if row else (0, None)


def chains(conn: Connection) -> tuple[str, ...]:
    """Name every chain that has an event."""
    return tuple(row[0] for row in conn.all(_CHAINS, {}))


def _paged(
    conn: Connection,
    statement: Select[tuple[int, str, int, str, str, str, bytes, int, bytes, str]],
    params: dict[str, int | str],
    start: int,
    key: int,
) -> Iterator[Record]:
    """Read page by page; ``key`` is the position in a row of the column that counts on."""
    rows: list[Row] = [()] * PAGE
    while len(rows) == PAGE:
        rows = conn.all(statement, {**params, "after": start, "page": PAGE})
        yield from (Record(*row) for row in rows)
        start = rows[-1][key] if rows else start
