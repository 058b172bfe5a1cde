"""Connections to SQLite: one for each thread."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Final

from mo_access.storage.connections import DatabaseDown, Duplicate, NoTable, Raw
from mo_access.storage.write_ahead import WriteAheadLog

BUSY_MILLISECONDS: Final = 5_000
_PRAGMAS: Final = (
    f"busy_timeout={BUSY_MILLISECONDS}",
    "foreign_keys=ON",
    # LIKE on stored text must mean the same on both engines.
    "case_sensitive_like=ON",
    # The log is flushed by us, after the commit and before anything is answered.
    "synchronous=NORMAL",
)


class _Handle(sqlite3.Connection):
    """A connection that knows how many of its changes were flushed."""

    flushed = 0


class SqliteSource:
    """A connection for each thread, and one more for each loan within a loan."""

    faults = sqlite3.Error

    def __init__(self, path: str) -> None:
        """Remember the file; nothing is opened yet."""
        self._path = path
        self._log = WriteAheadLog(Path(path))
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

    def flush(self, raw: Raw) -> None:
        """Return when what was committed survives a power cut."""
        assert isinstance(raw, _Handle)  # noqa: S101 - what was lent
        if raw.total_changes == raw.flushed:
            return
        try:
            self._log.flush()
        except OSError as error:
            raise DatabaseDown(f"a commit may not be on the disk: {error}") from error
        raw.flushed = raw.total_changes

    def close(self) -> None:
        """Close what rests in this thread."""
        self._log.close()
        if (resting := self._taken()) is not None:
            resting.close()

    def known(self, error: Exception) -> Exception | None:
        """Tell errors apart by their texts, as SQLite does."""
        text = str(error)
        if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in text:
            return Duplicate(text)
        if isinstance(error, sqlite3.OperationalError):
            return NoTable(text) if text.startswith("no such table") else DatabaseDown(text)
        return None

    def _taken(self) -> sqlite3.Connection | None:
        resting: sqlite3.Connection | None = getattr(self._local, "resting", None)
        self._local.resting = None
        return resting

    def _opened(self) -> sqlite3.Connection:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, factory=_Handle
            )
            for pragma in _PRAGMAS:
                opened.execute(f"PRAGMA {pragma}")
            (journal,) = opened.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.Error as error:
            raise DatabaseDown(str(error)) from error
        if journal != "wal":
            opened.close()
            raise DatabaseDown(f"{self._path}: SQLite keeps no write-ahead log here")
        return opened
