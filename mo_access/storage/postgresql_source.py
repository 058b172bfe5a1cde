"""Connections to PostgreSQL: a pool."""

from __future__ import annotations

import threading
import time
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from mo_access.storage.connections import DatabaseDown, Duplicate, NoTable, Raw

POOL_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 1.0
"""A pooled connection that rested longer is tried before it is lent."""


class PostgresqlSource:
    """A pool; a connection that has just worked is lent again without asking the server."""

    faults = psycopg.Error

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

    def flush(self) -> None:
        """Do nothing: the server shows and answers a commit when it is durable."""

    def check(self) -> None:
        """Do nothing: the server refuses by itself."""

    def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def known(self, error: Exception) -> Exception | None:
        """Tell errors apart by their SQLSTATE, a class each."""
        if isinstance(error, psycopg.errors.UniqueViolation):
            return Duplicate(error.diag.constraint_name or "")
        if isinstance(error, psycopg.errors.UndefinedTable):
            return NoTable(str(error))
        return DatabaseDown(str(error)) if isinstance(error, psycopg.OperationalError) else None

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
