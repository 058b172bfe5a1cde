"""What is counted in this process and written down now and then, for ``sync report``.

A read must not cost a database write, and no write is to wait for a counter that every request of
its client raises. So a count is at most ``upkeep.COUNT_EVERY`` seconds old when it is stored, and
a process that is killed takes those seconds with it. What was changed or refused is not counted
here: it stands in the activity, in the transaction of the change. A write that changed nothing has
no such transaction, and a nightly sync has one for everybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple

from mo_access.service.activity import KEPT_MICROSECONDS
from mo_access.service.unit_of_work import UnitOfWork, clock
from mo_access.storage import tally as stored


class Kind(StrEnum):
    """What a count is of; its name says which."""

    READ = "read"
    TOLERATED = "tolerated"
    TOO_FAST = "too_fast"
    UNCHANGED = "unchanged"


class Counted(NamedTuple):
    """What is counted together; ``name`` is of a set that the code closes."""

    client_pk: int
    kind: Kind
    name: str


class Count(NamedTuple):
    """How often since it was last written down, and when last (microseconds)."""

    times: int
    last: int


class Tally:
    """The counts of one process; safe across threads."""

    def __init__(self, now: Callable[[], int] = clock) -> None:
        """Start with nothing."""
        self._now = now
        self._lock = threading.Lock()
        self._counts: dict[Counted, Count] = {}

    def count(self, client_pk: int, kind: Kind, name: str) -> None:
        """Count one."""
        with self._lock:
            self._add(Counted(client_pk, kind, name), Count(1, self._now()))

    @contextmanager
    def taken(self) -> Iterator[Mapping[Counted, Count]]:
        """Lend what was counted and forget it; when the block raises it is counted again."""
        with self._lock:
            lent, self._counts = self._counts, {}
        try:
            yield lent
        except BaseException:
            with self._lock:
                for what, count in lent.items():
                    self._add(what, count)
            raise

    def _add(self, what: Counted, more: Count) -> None:
        held = self._counts.get(what)
        if held is not None:
            more = Count(held.times + more.times, max(held.last, more.last))
        self._counts[what] = more


def write(uow: UnitOfWork, counts: Mapping[Counted, Count]) -> None:
    """Add counts to what is stored of their hour; the caller commits."""
    rows = [
        (what.client_pk, what.kind.value, what.name, count.times, count.last)
        for what, count in counts.items()
    ]
    stored.add(uow.write(), rows)


def sweep(uow: UnitOfWork) -> int:
    """Delete what is older than the activity beside it may be."""
    return stored.sweep(uow.write(), uow.now - KEPT_MICROSECONDS)
