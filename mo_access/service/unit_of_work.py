"""One transaction with its clock, its keys and its audit trail (rule 9)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, lru_cache
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Document, Event
from mo_access.domain.terms import DEFAULT, Terms
from mo_access.service.held_tokens import HeldToken
from mo_access.storage import audit, audit_subjects
from mo_access.storage.audit import Entry
from mo_access.storage.ended import Ended
from mo_access.storage.engine import Connection, Database

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
PLATFORM: Final = "platform"
_HOUR: Final = 3_600_000_000
# Built once: json.dumps with arguments makes an encoder on every call.
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def clock() -> int:
    """Return the time as integer microseconds since the epoch (UTC)."""
    return time.time_ns() // 1_000


@lru_cache(maxsize=2)
def _day(hour: int) -> str:
    """Return the day of an hour since the epoch; days in Brussels begin on whole hours."""
    return datetime.fromtimestamp(hour * _HOUR // 1_000_000, BRUSSELS).date().isoformat()


class UnitOfWork:
    """What a door opens for each request and hands to the services.

    Reads run outside a transaction until ``write`` begins one. Leaving without ``commit`` undoes
    everything. ``caller`` says who acts, for the audit trail: ``client:<id>``,
    ``person:<id>``, ``cli:<name>`` or ``anonymous``.
    """

    def __init__(  # noqa: PLR0913 - what every use case works with
        self,
        database: Database,
        *,
        keys: KeyRing,
        request_id: str,
        caller: str = "anonymous",
        now: Callable[[], int] = clock,
        terms: Terms = DEFAULT,
        hand_on: Callable[[Sequence[HeldToken]], None] | None = None,
    ) -> None:
        """Remember what the unit works with; the connection is lent on entering."""
        self.database = database
        self.keys = keys
        self.request_id = request_id
        self.caller = caller
        self.now = now()
        self.bounds: dict[int, frozenset[str]] = {}
        """What clients may act for, by key, held since this transaction asked (``bounds``)."""
        self.terms = terms
        """What the installation chose about beheerders."""
        self.beheerders: dict[str, frozenset[int]] = {}
        """Institutions whose beheerders may be others now, with the links that lost the role."""
        self.before_commit: Callable[[UnitOfWork], None] | None = None
        """What follows from those, once the rest is done (``service.beheerders``)."""
        self._hand_on = hand_on
        self._held: list[HeldToken] = []
        self._conn: Connection | None = None

    def __enter__(self) -> Self:
        """Borrow a connection."""
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Undo what was not committed and give the connection back."""
        self.close()

    def open(self) -> Self:
        """Borrow a connection until ``close``, for whom a ``with`` does not fit."""
        self._conn = self.database.lend()
        return self

    def close(self) -> None:
        """Undo what was not committed and give the connection back; harmless when closed."""
        conn, self._conn = self._conn, None
        self._forget()
        if conn is not None:
            self.database.take_back(conn)

    @property
    def conn(self) -> Connection:
        """The connection, for storage functions that read."""
        if self._conn is None:
            raise RuntimeError("the unit of work is not open")
        return self._conn

    @cached_property
    def today(self) -> str:
        """The day in Brussels as ISO text (ruling 4)."""
        return _day(self.now // _HOUR)

    def write(self) -> Connection:
        """Begin the write transaction when there is none yet, and return the connection."""
        if not self.conn.in_transaction:
            self.conn.begin()
        return self.conn

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo only what the block wrote when it raises: one operation of a Bulk (RFC 7644 3.7)."""
        noted, held = dict(self.beheerders), len(self._held)
        try:
            with self.write().savepoint():
                yield
        except BaseException:
            # Locks that were taken since the savepoint went with it.
            self.bounds.clear()
            self.beheerders = noted
            del self._held[held:]
            raise

    def ended(self, sessions: Sequence[Ended]) -> int:
        """Note sessions that this transaction ends, and return how many.

        What they held of their provider is handed on once that is durable, and not before.
        """
        self._held += [
            HeldToken(s.provider, s.issuer, s.subject, s.id_hash, s.refresh_sealed, self.request_id)
            for s in sessions
            if s.refresh_sealed is not None
        ]
        return len(sessions)

    def record(self, event: Event) -> None:
        """Write the event in this transaction, once per institution that it touches."""
        audit.write(self.write(), self._entry(event))

    def record_all(self, events: Iterable[Event]) -> None:
        """Write many events in this transaction, in as few statements as for one."""
        audit.write_all(self.write(), map(self._entry, events))

    def _entry(self, event: Event) -> Entry:
        body: Document = {
            "caller": self.caller,
            "request": self.request_id,
            "person": event.person,
            "theme": event.theme,
            "institutions": list(event.institutions),
            "facts": dict(event.facts),
        }
        if event.subjects:
            body["subjects"] = audit_subjects.digest(event.subjects)
        return Entry(
            self.now,
            event.kind,
            event.outcome,
            event.institutions or (PLATFORM,),
            _CANONICAL.encode(body),
            event.person,
            event.subjects,
        )

    def commit(self) -> None:
        """Make everything durable; the unit may go on and begin anew."""
        if self.beheerders and self.before_commit is not None:
            self.before_commit(self)
        self.conn.commit()
        held = self._held
        self._forget()
        if held and self._hand_on is not None:
            self._hand_on(held)

    def flush(self) -> None:
        """Return when what was read is durable: for an answer that only tells what was done."""
        self.conn.flush()

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        self.conn.rollback()
        self._forget()

    def _forget(self) -> None:
        self.bounds.clear()
        self.beheerders = {}
        self._held = []
