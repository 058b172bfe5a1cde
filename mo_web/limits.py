"""How fast is too fast: token buckets in this process (ruling 14).

They protect one node against a loop or a guesser; they are no quota, so nodes share nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

FAILURES_PER_MINUTE: Final = 600
CLIENT_PER_SECOND: Final = 1_000
NUMBERS_PER_MINUTE: Final = 300
MAX_KEYS: Final = 10_000


class Buckets:
    """One bucket for each key, ``per_second`` drops in, ``burst`` at most; oldest keys go first."""

    def __init__(
        self, per_second: float, burst: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with every bucket full."""
        self._rate = per_second
        self._burst = float(burst)
        self._now = now
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Return in how many whole seconds there is a drop for ``key``; 0 means now."""
        with self._lock:
            missing = 1.0 - self._level(key)
        return math.ceil(missing / self._rate) if missing > 0 else 0

    def take(self, key: str, drops: int = 1) -> int:
        """Take so many drops and return 0, or take nothing and return the seconds to wait.

        Who asks for more than a bucket holds waits for a full one, and owes the rest of it.
        """
        with self._lock:
            level = self._level(key)
            missing = min(float(drops), self._burst) - level
            if missing <= 0:
                self._held[key] = (level - drops, self._now())
                self._held.move_to_end(key)
                self._trim()
        return math.ceil(missing / self._rate) if missing > 0 else 0

    def _level(self, key: str) -> float:
        level, at = self._held.get(key, (self._burst, self._now()))
        return min(self._burst, level + (self._now() - at) * self._rate)

    def _trim(self) -> None:
        while len(self._held) > MAX_KEYS:
            self._held.popitem(last=False)


class Limits:
    """The limits of one application, with the defaults of ruling 14."""

    def __init__(
        self,
        failures_per_minute: int = FAILURES_PER_MINUTE,
        client_per_second: int = CLIENT_PER_SECOND,
        numbers_per_minute: int = NUMBERS_PER_MINUTE,
    ) -> None:
        """Make the buckets: failed credentials by address, requests and numbers by client."""
        self.failures = Buckets(failures_per_minute / 60, failures_per_minute)
        self.clients = Buckets(client_per_second, 2 * client_per_second)
        self.numbers = Buckets(numbers_per_minute / 60, numbers_per_minute)
