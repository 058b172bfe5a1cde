"""Connections to SQLite or PostgreSQL, and the one way in which SQL runs.

A statement is a SQLAlchemy Core expression. One that is made at module level and takes
parameters is compiled once per dialect; one that is built for a single query carries its own
values. Either way it runs on the driver's own cursor: columns hold integers, text and bytes
only, so nothing has to be converted on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy.engine.url import make_url
from sqlalchemy.sql.elements import CompilerElement

from mo_access.storage.connections import (
    DatabaseDown,
    Duplicate,
    NoTable,
    Raw,
    Source,
)
from mo_access.storage.sqlite_source import BUSY_MILLISECONDS, SqliteSource
from mo_access.storage.statements import Params, Prepared, statements_for
from mo_access.storage.turns import Turns

__all__ = ["Connection", "Database", "DatabaseDown", "Duplicate", "NoTable", "Params", "Row"]

Row = tuple[Any, ...]
Key = tuple[str, int, int]


class _Cursor(Protocol):
    rowcount: int

    def execute(self, sql: str, params: Any, /) -> Any: ...  # noqa: ANN401 - the drivers differ
    def executemany(self, sql: str, params: Any, /) -> Any: ...  # noqa: ANN401 - as above
    def fetchall(self) -> list[Row]: ...
    def fetchone(self) -> Row | None: ...


class Database:
    """One database; connections are kept by thread (SQLite) or pooled (PostgreSQL).

    ``url`` is ``sqlite:///path`` or ``postgresql://…`` (``postgresql+psycopg://`` too).
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened yet."""
        self.url = url
        parts = make_url(url)
        self.dialect_name = parts.get_backend_name()
        if self.dialect_name not in {"sqlite", "postgresql"}:
            raise ValueError(f"unknown database {self.dialect_name!r}: use sqlite or postgresql")
        self.statements = statements_for(self.dialect_name)
        self.turns: Turns | None = None
        self.source: Source
        if self.dialect_name == "sqlite":
            path = parts.database or ":memory:"
            self.source = SqliteSource(path)
            self.turns = Turns(Path(path), BUSY_MILLISECONDS / 1_000)
        else:
            # Where there is none, nobody waits for its driver.
            from mo_access.storage.postgresql_source import PostgresqlSource  # noqa: PLC0415 - as said

            self.source = PostgresqlSource(url)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Lend a connection outside any transaction; a transaction left open is rolled back.

        Raises ``DatabaseDown`` when none can be had.
        """
        lent = self.lend()
        try:
            yield lent
        finally:
            self.take_back(lent)

    def lend(self) -> Connection:
        """Lend a connection until ``take_back``; raises as ``connect`` does."""
        return Connection(self, self.source.lend())

    def take_back(self, lent: Connection) -> None:
        """Undo what was left open and keep the connection for the next loan."""
        lent.rollback()
        self.source.take_back(lent.raw, broken=lent.broken)

    def close(self) -> None:
        """Close what this thread and the pool hold."""
        self.source.close()
        if self.turns is not None:
            self.turns.close()


class Connection:
    """One lent connection. Outside ``begin`` each statement stands for itself."""

    def __init__(self, database: Database, raw: Raw) -> None:
        """Wrap the driver's connection; ``Database.lend`` is the only caller."""
        self.database = database
        self.raw = raw
        self.in_transaction = False
        self.broken = False
        self._faults = database.source.faults
        self._turns: Turns | None = None
        self._owed: dict[Key, tuple[int, Pay]] = {}

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
        if len(rows) <= 1:
            # Two drivers, one answer: a batch of one costs PostgreSQL's twice a statement.
            for row in rows:
                self._execute(statement, row)
            return
        prepared = self.database.statements.fixed(statement)
        bound = [prepared.bound(row) for row in rows]
        try:
            self._cursor().executemany(prepared.sql, bound)
        except self._faults as error:
            self._raise_known(error)
            raise

    def owe(self, key: Key, by: int, pay: Pay) -> None:
        """Hold an amount back until the commit, which has ``pay`` add the sum of each key.

        For rows that many transactions change: nobody waits for one longer than a commit takes.
        As all take them last and in one order, nobody waits in a circle.
        """
        self._owed[key] = (self.owed(key) + by, pay)
        if not self.in_transaction:
            self._settle()

    def owed(self, key: Key) -> int:
        """Return what this transaction holds back of a key."""
        return self._owed[key][0] if key in self._owed else 0

    def begin(self) -> None:
        """Start a write transaction (SQLite: IMMEDIATE, so that it never has to upgrade)."""
        self.database.source.check()
        if self.database.turns is not None:
            self._take_turn(self.database.turns)
            self._text("BEGIN IMMEDIATE")
        else:
            self._text("BEGIN")
        self.in_transaction = True

    def begin_read(self) -> None:
        """Start a read transaction: every statement in it sees one state of the data."""
        sqlite = self.database.dialect_name == "sqlite"
        self._text("BEGIN" if sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.in_transaction = True

    def commit(self) -> None:
        """Make the transaction's changes durable, and what it read of others' too.

        Also where it changed nothing: who is told that all is so already is told by this answer.
        """
        if self.in_transaction:
            self._settle()
            self._text("COMMIT")
            self.in_transaction = False
            self._give_turn()
            self.flush()

    def flush(self) -> None:
        """Return when all is durable that others committed and this connection may have read."""
        self.database.source.flush()

    def rollback(self) -> None:
        """Undo the transaction's changes; harmless outside one."""
        self._owed = {}
        if self.in_transaction:
            self.in_transaction = False
            try:
                self._text("ROLLBACK")
            except DatabaseDown:
                # A connection that cannot roll back is dropped: the server undoes what it held.
                self.broken = True
                self.raw.close()
        self._give_turn()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what the block did when it raises."""
        self._text("SAVEPOINT inner_work")
        owed = dict(self._owed)
        try:
            yield
        except BaseException:
            self._owed = owed
            self._text("ROLLBACK TO SAVEPOINT inner_work")
            self._text("RELEASE SAVEPOINT inner_work")
            raise
        self._text("RELEASE SAVEPOINT inner_work")

    def _settle(self) -> None:
        owed, self._owed = self._owed, {}
        for key in sorted(owed):
            amount, pay = owed[key]
            if amount:
                pay(self, key, amount)

    def _take_turn(self, turns: Turns) -> None:
        if not turns.take():
            raise DatabaseDown("the database is busy: other writes did not end in time")
        self._turns = turns

    def _give_turn(self) -> None:
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.give()

    def _execute(self, statement: CompilerElement, params: Params | None) -> _Cursor:
        prepared, given = self._prepared(statement, params)
        cursor = self._cursor()
        try:
            cursor.execute(prepared.sql, prepared.bound(given))
        except self._faults as error:
            self._raise_known(error)
            raise
        return cursor

    def _prepared(
        self, statement: CompilerElement, params: Params | None
    ) -> tuple[Prepared, Params]:
        statements = self.database.statements
        if params is None:
            return statements.single(statement), {}
        return statements.fixed(statement), params

    def _text(self, sql: str) -> None:
        try:
            self.raw.execute(sql)
        except self._faults as error:
            self._raise_known(error)
            raise

    def _raise_known(self, error: Exception) -> None:
        """Raise what the floors above know of the driver's errors; others are faults."""
        known = self.database.source.known(error)
        if known is not None:
            raise known from error

    def _cursor(self) -> _Cursor:
        cursor: Any = self.raw.cursor()
        return cast("_Cursor", cursor)


Pay = Callable[[Connection, Key, int], None]
