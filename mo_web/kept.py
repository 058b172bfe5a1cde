"""What was fetched and is kept for a while, and how often one may ask: for documents and keys.

A value that cannot be had now is bridged with the known one; nothing bad is ever kept. Threads
share one load.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

from mo_web.faults import ProviderTrouble
from mo_web.turnstile import Crowded

T = TypeVar("T")
Clock = Callable[[], float]
Turn = Callable[[], AbstractContextManager[None]]

_RETRY_AFTER = 30.0


class Kept(Generic[T]):
    """A value that is loaded when first asked for, again after `ttl`, and bridged while stale."""

    def __init__(
        self,
        load: Callable[[], T],
        ttl: float,
        stale: float,
        clock: Clock,
        turn: Turn = nullcontext,
    ) -> None:
        """Remember how to load; nothing is loaded yet. Times are seconds of `clock`.

        `turn` is held by who loads and by who waits for that.
        """
        self._load, self._clock, self._turn = load, clock, turn
        self._ttl, self._stale = ttl, stale
        self._lock = threading.Lock()
        self._value: T | None = None
        self._loaded = self._fresh_until = 0.0
        self._attempts = 0
        self._trouble: ProviderTrouble | None = None

    def get(self) -> T:
        """Return the value; a `ProviderTrouble` only when there is none that is young enough."""
        value = self._value
        if value is not None and self._clock() < self._fresh_until:
            return value
        try:
            return self._shared(self._load_or_bridge)
        except Crowded:
            if value is None or self._is_over():
                raise
            return value

    def reload(self) -> T:
        """Return the value as it is now; what was known is kept when that fails."""
        return self._shared(self._load_now)

    def _shared(self, load: Callable[[], T]) -> T:
        """Let threads that wait for a load take its result, the failure too."""
        seen = self._attempts
        with self._turn(), self._lock:
            if self._attempts == seen:
                return self._attempt(load)
            if self._trouble is not None:
                raise ProviderTrouble(self._trouble.code, self._trouble.status)
            return load() if self._value is None else self._value

    def _attempt(self, load: Callable[[], T]) -> T:
        self._trouble = None
        try:
            return load()
        except ProviderTrouble as error:
            self._trouble = error
            raise
        finally:
            self._attempts += 1

    def _load_now(self) -> T:
        value = self._load()
        self._value, self._loaded = value, self._clock()
        self._fresh_until = self._loaded + self._ttl
        return value

    def _load_or_bridge(self) -> T:
        try:
            return self._load_now()
        except ProviderTrouble:
            if self._value is None or self._is_over():
                raise
            self._fresh_until = self._clock() + _RETRY_AFTER
            return self._value

    def _is_over(self) -> bool:
        """Tell whether what was loaded is too old even for a bridge."""
        return self._clock() >= self._loaded + self._ttl + self._stale


class Budget:
    """At most `count` grants per `period` seconds (a token bucket), shared by all threads."""

    def __init__(self, count: int, period: float, clock: Clock) -> None:
        """Start full."""
        self._count, self._rate, self._clock = count, count / period, clock
        self._lock = threading.Lock()
        self._left, self._at = float(count), clock()

    def take(self) -> bool:
        """Say whether one more is granted."""
        with self._lock:
            now = self._clock()
            self._left = min(self._count, self._left + (now - self._at) * self._rate)
            self._at = now
            granted = self._left >= 1
            self._left -= 1 if granted else 0
            return granted
