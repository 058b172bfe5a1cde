"""Connections to SQLite or PostgreSQL, and the one way in which SQL runs.

A statement is a SQLAlchemy Core expression. One that is made at module level and takes
parameters is compiled once per dialect; one that is built for a single query carries its own
values. Either way it runs on the driver's own cursor: columns hold integers, text and bytes
only, so nothing has to be converted on the way.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

Params = Mapping[str, int | str | bytes | None]
Row = tuple[Any, ...]

BUSY_MILLISECONDS = 5_000
POOL_SECONDS = 2.0


class DatabaseDown(Exception):
    """The database cannot be reached or is too busy; nothing was changed by this call."""


class Duplicate(Exception):
    """A unique constraint refused the row; ``columns`` is the driver's text naming them."""

    def __init__(self, columns: str) -> None:
        """Keep the driver's naming of the constraint for the caller to match on."""
        super().__init__(columns)
        self.columns = columns


class _Cursor(Protocol):
    rowcount: int

    def execute(self, sql: str, params: Any, /) -> Any: ...  # noqa: ANN401 - the drivers differ
    def executemany(self, sql: str, params: Any, /) -> Any: ...  # noqa: ANN401 - as above
    def fetchall(self) -> list[Row]: ...
    def fetchone(self) -> Row | None: ...


class Database:
    """One database; connections are pooled per thread (SQLite) or shared (PostgreSQL).

    ``url`` is ``sqlite:///path`` or ``postgresql://…`` (``postgresql+psycopg://`` too).
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self.url = url
        parts = make_url(url)
        self.dialect_name = parts.get_backend_name()
        if self.dialect_name not in {"sqlite", "postgresql"}:
            raise ValueError(f"unknown database {self.dialect_name!r}: use sqlite or postgresql")
        sqlite = self.dialect_name == "sqlite"
        self.dialect: Dialect = sqlite_dialect() if sqlite else PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
        self._compiled: WeakKeyDictionary[CompilerElement, SQLCompiler] = WeakKeyDictionary()
        self._path = parts.database or ":memory:"
        self._local = threading.local()
        self._pool: ConnectionPool | None = None
        self._lock = threading.Lock()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Lend a connection outside any transaction; a transaction left open is rolled back.

        Raises ``DatabaseDown`` when none can be had.
        """
        if self.dialect_name == "sqlite":
            yield from self._lend_sqlite()
        else:
            yield from self._lend_postgresql()

    def close(self) -> None:
        """Close what this thread and the pool hold."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        held = getattr(self._local, "connection", None)
        if held is not None:
            held.close()
            self._local.connection = None

    def compiled(self, statement: CompilerElement, *, fixed: bool) -> SQLCompiler:
        """Compile; a ``fixed`` statement is remembered for as long as it lives."""
        if not fixed:
            return self._compile(statement, {"render_postcompile": True})
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = self._compile(statement, {})
        return found

    def _compile(self, statement: CompilerElement, options: dict[str, bool]) -> SQLCompiler:
        compiled = statement.compile(dialect=self.dialect, compile_kwargs=options)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - every statement here is SQL
        return compiled

    def _lend_sqlite(self) -> Iterator[Connection]:
        held = getattr(self._local, "connection", None)
        if held is None:
            held = self._local.connection = self._open_sqlite()
        lent = Connection(self, held)
        self._local.connection = None
        try:
            yield lent
        finally:
            lent.rollback()
            if getattr(self._local, "connection", None) is None:
                self._local.connection = held
            else:
                held.close()

    def _open_sqlite(self) -> sqlite3.Connection:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            opened.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            opened.execute("PRAGMA journal_mode=WAL")
            opened.execute("PRAGMA synchronous=FULL")
            opened.execute("PRAGMA foreign_keys=ON")
            # LIKE on stored text must mean the same on both engines.
            opened.execute("PRAGMA case_sensitive_like=ON")
        except sqlite3.Error as error:
            raise DatabaseDown(str(error)) from error
        return opened

    def _lend_postgresql(self) -> Iterator[Connection]:
        pool = self._pool or self._open_pool()
        try:
            held = pool.getconn(timeout=POOL_SECONDS)
        except (PoolTimeout, psycopg.Error) as error:
            raise DatabaseDown(str(error)) from error
        lent = Connection(self, held)
        try:
            yield lent
        finally:
            lent.rollback()
            pool.putconn(held)

    def _open_pool(self) -> ConnectionPool:
        with self._lock:
            if self._pool is None:
                target = self.url.replace("postgresql+psycopg://", "postgresql://", 1)
                settings = {"autocommit": True, "connect_timeout": 5}
                self._pool = ConnectionPool(
                    target,
                    min_size=1,
                    max_size=16,
                    kwargs=settings,
                    open=True,
                    check=ConnectionPool.check_connection,
                    name=urlsplit(target).path,
                )
            return self._pool


class Connection:
    """One lent connection. Outside ``begin`` each statement stands for itself."""

    def __init__(self, database: Database, raw: sqlite3.Connection | psycopg.Connection) -> None:
        """Wrap the driver's connection; ``Database.connect`` is the only caller."""
        self.database = database
        self._raw = raw
        self.in_transaction = False

    def all(self, statement: CompilerElement, params: Params | None = None) -> list[Row]:
        """Return every row. Without ``params`` the statement carries its own values."""
        return self._execute(statement, params).fetchall()

    def one(self, statement: CompilerElement, params: Params | None = None) -> Row | None:
        """Return the first row, or None."""
        return self._execute(statement, params).fetchone()

    def run(self, statement: CompilerElement, params: Params | None = None) -> int:
        """Change rows and return how many."""
        return self._execute(statement, params).rowcount

    def insert(self, statement: CompilerElement, params: Params | None = None) -> int:
        """Insert one row with a statement that returns the new key. Raises ``Duplicate``."""
        row = self._execute(statement, params).fetchone()
        if row is None:
            raise LookupError("the statement returned no key")
        return int(row[0])

    def many(self, statement: CompilerElement, rows: Sequence[Params]) -> None:
        """Run one module-level statement for each set of parameters."""
        if not rows:
            return
        compiled = self.database.compiled(statement, fixed=True)
        with self._errors():
            self._cursor().executemany(str(compiled), [_bound(compiled, row) for row in rows])

    def begin(self) -> None:
        """Start a write transaction (SQLite: IMMEDIATE, so that it never has to upgrade)."""
        sqlite = self.database.dialect_name == "sqlite"
        self._text("BEGIN IMMEDIATE" if sqlite else "BEGIN")
        self.in_transaction = True

    def begin_read(self) -> None:
        """Start a read transaction: every statement in it sees one state of the data."""
        sqlite = self.database.dialect_name == "sqlite"
        self._text("BEGIN" if sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.in_transaction = True

    def commit(self) -> None:
        """Make the transaction's changes durable."""
        if self.in_transaction:
            self._text("COMMIT")
            self.in_transaction = False

    def rollback(self) -> None:
        """Undo the transaction's changes; harmless outside one."""
        if not self.in_transaction:
            return
        self.in_transaction = False
        try:
            self._text("ROLLBACK")
        except DatabaseDown:
            # A connection that cannot roll back is dropped: the server undoes what it held.
            self._raw.close()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what the block did when it raises."""
        self._text("SAVEPOINT inner_work")
        try:
            yield
        except BaseException:
            self._text("ROLLBACK TO SAVEPOINT inner_work")
            self._text("RELEASE SAVEPOINT inner_work")
            raise
        self._text("RELEASE SAVEPOINT inner_work")

    def _execute(self, statement: CompilerElement, params: Params | None) -> _Cursor:
        compiled = self.database.compiled(statement, fixed=params is not None)
        cursor = self._cursor()
        with self._errors():
            cursor.execute(str(compiled), _bound(compiled, params or {}))
        return cursor

    def _text(self, sql: str) -> None:
        with self._errors():
            self._raw.execute(sql)

    def _cursor(self) -> _Cursor:
        cursor: Any = self._raw.cursor()
        return cast("_Cursor", cursor)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the drivers' errors into the two that the floors above know."""
        try:
            yield
        except sqlite3.IntegrityError as error:
            if "UNIQUE" not in str(error):
                raise
            raise Duplicate(str(error)) from error
        except psycopg.errors.UniqueViolation as error:
            raise Duplicate(error.diag.constraint_name or "") from error
        except (sqlite3.OperationalError, psycopg.OperationalError) as error:
            raise DatabaseDown(str(error)) from error


def _bound(compiled: SQLCompiler, params: Params) -> Any:  # noqa: ANN401 - tuple or dict, by driver
    values = {**compiled.params, **params}
    if compiled.positiontup is not None:
        return tuple(values[name] for name in compiled.positiontup)
    return values
