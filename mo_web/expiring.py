"""A small memory of answers that end (the one stated exception to rule 7), safe across threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Expiring(Generic[T]):
    """A bounded map whose values end; what was asked for longest ago goes first."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        """Start empty; `size` is how many are kept at most."""
        self._size = size
        self._now = now
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, tuple[T, float]] = OrderedDict()

    def get(self, key: bytes) -> tuple[bool, T | None]:
        """Return whether there is a value that has not ended, and the value."""
        with self._lock:
            held = self._held.get(key)
            if held is None or held[1] <= self._now():
                self._held.pop(key, None)
                return False, None
            self._held.move_to_end(key)
            return True, held[0]

    def put(self, key: bytes, value: T, until: float) -> None:
        """Keep the value until that time."""
        with self._lock:
            self._held[key] = (value, until)
            self._held.move_to_end(key)
            while len(self._held) > self._size:
                self._held.popitem(last=False)
