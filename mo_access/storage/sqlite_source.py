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


class SqliteSource:
    """A connection for each thread, and one more for each loan within a loan."""

    faults = sqlite3.Error

    def __init__(self, path: str) -> None:
        """Remember the file; nothing is opened yet."""
        self._path = path
        self._log = WriteAheadLog(Path(path), BUSY_MILLISECONDS / 1_000)
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

    def flush(self) -> None:
        """Return when what was committed survives a power cut."""
        try:
            self._log.flush()
        except OSError as error:
            raise DatabaseDown(f"a commit may not be on the disk: {error}") from error

    def check(self) -> None:
        """Refuse once a flush failed, before anything is changed that nobody could promise."""
        if self._log.failed:
            raise DatabaseDown("a commit may not be on the disk: start every process anew")

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
            opened = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            try:
                self._made_ready(opened)
            except BaseException:
                opened.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise DatabaseDown(str(error)) from error
        return opened

    def _made_ready(self, opened: sqlite3.Connection) -> None:
        for pragma in _PRAGMAS:
            opened.execute(f"PRAGMA {pragma}")
        (journal,) = opened.execute("PRAGMA journal_mode=WAL").fetchone()
        if journal != "wal":
            raise DatabaseDown(f"{self._path}: SQLite keeps no write-ahead log here")
        # The first look makes the log where there is none; nothing was committed yet.
        opened.execute("PRAGMA schema_version").fetchone()
        self._log.follow()
