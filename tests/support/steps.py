"""Counting what SQLite does for a question: a measure of cost that no busy machine changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from mo_access.storage.engine import Connection

EACH: Final = 10


def steps(conn: Connection, work: Callable[[], object]) -> int:
    """Return how many tens of steps of SQLite's machine the work takes on this connection."""
    raw, taken = conn.raw, 0
    assert isinstance(raw, sqlite3.Connection)

    def count() -> None:
        nonlocal taken
        taken += 1

    raw.set_progress_handler(count, EACH)
    work()
    raw.set_progress_handler(None, EACH)
    return taken
