"""Refresh tokens of sessions that ended, on their way back to the provider (RFC 7009).

They wait sealed, in this process alone: who asked for a session's end waits for no provider, and
what a process that is killed still had here ends at the provider by its own age.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LIMIT: Final = 10_000
"""How many wait at most; what comes then is counted and let go."""


class NotGiven(StrEnum):
    """Why a token does not go back where neither the provider nor a key is in trouble."""

    SWITCHED_OFF = "switched_off"
    NO_ENDPOINT = "no_endpoint"
    SESSION_GOES_ON = "session_goes_on"
    REFUSED = "revocation_refused"
    QUEUE_FULL = "queue_full"
    OUT_OF_TIME = "out_of_time"
    DATABASE_DOWN = "database_down"
    FAILED = "revocation_failed"


@dataclass(frozen=True, slots=True)
class HeldToken:
    """The sealed refresh token of a session that ended, and whose it is."""

    provider: str
    issuer: str
    subject: str
    hashed: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    request: str = ""
    """The request by which the session ended."""


class HeldTokens:
    """Those of one process; safe across threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        """Start with none."""
        self._waiting: queue.Queue[HeldToken] = queue.Queue(limit)
        self._lock = threading.Lock()
        self._let_go = 0

    def put(self, tokens: Iterable[HeldToken]) -> None:
        """Take tokens in; never waits, never fails."""
        for token in tokens:
            try:
                self._waiting.put_nowait(token)
            except queue.Full:
                with self._lock:
                    self._let_go += 1

    def take(self, seconds: float = 0.0) -> HeldToken | None:
        """Return the one that waited longest; None when none comes in this time."""
        try:
            return self._waiting.get(block=seconds > 0, timeout=seconds or None)
        except queue.Empty:
            return None

    def let_go(self) -> int:
        """Return how many found no place since this was last asked."""
        with self._lock:
            count, self._let_go = self._let_go, 0
        return count
