"""How many threads may wait for somebody else at once, so that one who stalls stops nobody else.

A worker has few threads (``deploy.server.THREADS``). Each sign-in, renewal and question about a
token waits for a provider in one of them, five seconds at a time when it stalls: without a bound
a few people, or one stranger with a loop, would keep everybody from every page.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from mo_web.faults import UNAVAILABLE, ProviderTrouble

EACH: Final = 8
TOGETHER: Final = 12
PATIENCE: Final = 2.0


class Crowded(ProviderTrouble):
    """So many wait for this provider that another would be too many: 503, nothing was asked."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("too_many_waiting", UNAVAILABLE)


class Turnstile:
    """Lets so many threads of this process wait for one peer, and for all peers together.

    While the peer is quick, who finds no room waits for a turn, and a rush is served. Once
    somebody inside has waited longer than ``PATIENCE``, or the last one who left had, nobody
    else waits: they get `Crowded` at once.
    """

    def __init__(
        self,
        each: int = EACH,
        together: int = TOGETHER,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let ``each`` in for one peer and ``together`` for all; ``patience`` in seconds."""
        self._each, self._together, self._patience = each, together, patience
        self._now = now
        self._changed = threading.Condition()
        self._inside: dict[str, dict[int, float]] = defaultdict(dict)
        self._slow: set[str] = set()

    @contextmanager
    def passed(self, peer: str) -> Iterator[None]:
        """Hold a turn for ``peer``, or raise `Crowded`; who holds one already needs no other."""
        me = threading.get_ident()
        if any(me in waiting for waiting in list(self._inside.values())):
            yield
            return
        began = self._enter(peer, me)
        try:
            yield
        finally:
            self._leave(peer, me, self._now() - began)

    def _enter(self, peer: str, me: int) -> float:
        with self._changed:
            came = self._now()
            while not self._has_room(peer):
                left = self._left(peer, came)
                if left <= 0 or peer in self._slow:
                    raise Crowded
                self._changed.wait(left)
            began = self._inside[peer][me] = self._now()
            return began

    def _has_room(self, peer: str) -> bool:
        inside = sum(map(len, self._inside.values()))
        return len(self._inside[peer]) < self._each and inside < self._together

    def _left(self, peer: str, came: float) -> float:
        """Return for how long it makes sense to wait for a turn."""
        return min([came, *self._inside[peer].values()]) + self._patience - self._now()

    def _leave(self, peer: str, me: int, seconds: float) -> None:
        with self._changed:
            del self._inside[peer][me]
            if seconds > self._patience:
                self._slow.add(peer)
            else:
                self._slow.discard(peer)
            self._changed.notify_all()
