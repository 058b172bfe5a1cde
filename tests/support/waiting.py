"""Seeing that a thread waits for the database, so that a test need not guess how long it takes."""

from __future__ import annotations

import threading
import time
from typing import Final

from sqlalchemy import Boolean, column, func, select, table

from mo_access.storage.engine import Database

AT_MOST: Final = 10.0
"""So many seconds a thread may need until it waits or ends."""
_LOCKS = table("pg_locks", column("granted", Boolean))
_WAITING = select(func.count()).select_from(_LOCKS).where(~_LOCKS.c.granted)


def until_it_waits(database: Database, thread: threading.Thread) -> None:
    """Return once the thread ended or waits for a lock; on SQLite at once, as writers take turns.

    Whoever waits on this server is taken for the thread: each worker of the tests has its own.
    """
    end = time.monotonic() + AT_MOST
    while database.dialect_name == "postgresql" and thread.is_alive() and time.monotonic() < end:
        with database.connect() as conn:
            found = conn.one(_WAITING, {})
        if found and found[0]:
            return
        time.sleep(0.005)
