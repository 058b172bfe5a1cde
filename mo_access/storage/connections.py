"""Where connections come from: one for each thread on SQLite, a pool on PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

Raw = sqlite3.Connection | psycopg.Connection

BUSY_MILLISECONDS: Final = 5_000
POOL_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 1.0
"""A pooled connection that rested longer is tried before it is lent."""
_PRAGMAS: Final = (
    f"busy_timeout={BUSY_MILLISECONDS}",
    "journal_mode=WAL",
    # A commit that was answered survives a power cut.
    "synchronous=FULL",
    "foreign_keys=ON",
    # LIKE on stored text must mean the same on both engines.
    "case_sensitive_like=ON",
)


class DatabaseDown(Exception):
    """The database cannot be reached or is too busy; nothing was changed by this call."""


class Source(Protocol):
    """Lends driver connections in autocommit mode and takes them back."""

    def lend(self) -> Raw:
        """Return a connection outside any transaction; raises ``DatabaseDown``."""

    def take_back(self, raw: Raw, *, broken: bool) -> None:
        """Keep the connection for the next loan, unless it is of no more use."""

    def close(self) -> None:
        """Close what is at rest (SQLite: what rests in this thread)."""


class SqliteSource:
    """A connection for each thread, and one more for each loan within a loan."""

    def __init__(self, path: str) -> None:
        """Remember the file; nothing is opened yet."""
        self._path = path
        self._local = threading.local()

    def lend(self) -> sqlite3.Connection:
        """Return the one that rests in this thread, else a new one."""
        return self._taken() or self._opened()

    def take_back(self, raw: Raw, *, broken: bool) -> None:
        """Let one rest in this thread and close any other."""
        spare = self._taken()
        self._local.resting = spare or (None if broken else raw)
        if raw is not self._local.resting:
            raw.close()

    def close(self) -> None:
        """Close what rests in this thread."""
        if (resting := self._taken()) is not None:
            resting.close()

    def _taken(self) -> sqlite3.Connection | None:
        resting: sqlite3.Connection | None = getattr(self._local, "resting", None)
        self._local.resting = None
        return resting

    def _opened(self) -> sqlite3.Connection:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for pragma in _PRAGMAS:
                opened.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise DatabaseDown(str(error)) from error
        return opened


class PostgresqlSource:
    """A pool; a connection that has just worked is lent again without asking the server."""

    def __init__(self, url: str) -> None:
        """Remember the server; nothing is opened yet."""
        self._target = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._pool: ConnectionPool | None = None
        self._lock = threading.Lock()
        self._returned: WeakKeyDictionary[Raw, float] = WeakKeyDictionary()

    def lend(self) -> psycopg.Connection:
        """Return one of the pool's, waiting for it two seconds at most."""
        try:
            return (self._pool or self._opened()).getconn(timeout=POOL_SECONDS)
        except (PoolTimeout, psycopg.Error) as error:
            raise DatabaseDown(str(error)) from error

    def take_back(self, raw: Raw, *, broken: bool) -> None:
        """Give it to the pool, which drops a broken one by itself."""
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 - what was lent
        if not broken:
            self._returned[raw] = time.monotonic()
        if self._pool is not None:
            self._pool.putconn(raw)

    def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _opened(self) -> ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._target,
                    min_size=1,
                    max_size=16,
                    kwargs={"autocommit": True, "connect_timeout": 5},
                    open=True,
                    configure=_configured,
                    check=self._check,
                    name=urlsplit(self._target).path,
                )
            return self._pool

    def _check(self, raw: psycopg.Connection) -> None:
        """Try a connection that rested for a while: the server may have gone meanwhile."""
        if time.monotonic() - self._returned.get(raw, 0.0) > IDLE_SECONDS:
            ConnectionPool.check_connection(raw)


def _configured(raw: psycopg.Connection) -> None:
    """Switch the server's compiler off: our statements are short, compiling one costs far more.

    Their estimates are high where tables are small or never analysed, and so it would be used.
    """
    raw.execute("SET jit = off")
