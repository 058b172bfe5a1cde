"""When a commit to a SQLite file is durable: once its write-ahead log is flushed.

SQLite flushes the log inside the commit, while nobody else may write. Here the turn to write ends
with the commit and the flush comes after it, before anything is answered: others write meanwhile,
and one flush serves all whose commits came before it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

_sync: Final = getattr(os, "fdatasync", os.fsync)
"""Not every system has the lesser one."""


class WriteAheadLog:
    """The log beside one database file, as this process flushes it.

    A flush that failed is final: the kernel may have dropped what it could not write, and the next
    flush would not tell. Until the process starts again nothing counts as durable.
    """

    def __init__(self, path: Path) -> None:
        """Remember the database; its log stands beside the file itself, not beside a link to it."""
        self._path = Path(f"{path.resolve()}-wal")
        self._counting, self._flushing = threading.Lock(), threading.Lock()
        self._file = -1
        self._commits = self._flushed = 0
        self._failed = False

    def flush(self) -> None:
        """Return when all that was committed before this call is on the disk.

        Raises ``OSError`` where it is not, or cannot be known to be.
        """
        with self._counting:
            self._commits += 1
            mine = self._commits
        with self._flushing:
            if self._flushed >= mine:
                return
            covered = self._commits
            self._on_disk()
            self._flushed = covered

    def close(self) -> None:
        """Close the file; the next flush opens it again."""
        with self._flushing:
            self._let_go()

    def _on_disk(self) -> None:
        if self._failed:
            raise OSError("an earlier flush failed")
        try:
            self._follow()
            _sync(self._file)
        except OSError:
            self._failed = True
            raise

    def _follow(self) -> None:
        """Open the log, anew where the last connection took it away and another made one."""
        if self._file >= 0 and os.path.samestat(os.fstat(self._file), self._path.stat()):
            return
        self._let_go()
        self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        # A new file is not there after a power cut unless its folder is on the disk too.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
