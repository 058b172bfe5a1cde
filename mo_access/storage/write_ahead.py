"""When a commit to a SQLite file is durable: once its write-ahead log is flushed.

SQLite flushes the log inside the commit, while nobody else may write. Here the turn to write ends
with the commit and the flush comes after it, before anything is answered: others write meanwhile,
and one flush serves all whose commits came before it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_sync: Final = getattr(os, "fdatasync", os.fsync)
"""Not every system has the lesser one."""


class WriteAheadLog:
    """The log beside one database file, as this process flushes it.

    A flush that failed is final: the kernel may have dropped what it could not write, and the next
    flush would not tell. Until the process starts again nothing counts as durable.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        """Remember the database, and how long a flush waits at most for another one.

        The log stands beside the file itself, not beside a link to it.
        """
        self._path = Path(f"{path.resolve()}-wal")
        self._seconds = seconds
        self._counting, self._flushing = threading.Lock(), threading.Lock()
        self._file = -1
        self._entered = False
        self._asked = self._flushed = 0
        self.failed = False

    def follow(self) -> None:
        """Open the log, anew where the last connection took it away and another made one.

        To be called by each connection before it commits: of a write that failed the kernel tells
        every file that is open then, once, and whoever opens the log later may hear of nothing.
        While the connection stays open nobody takes the log away. Raises ``OSError``.
        """
        # Without waiting for a flush where there is nothing to do, so for every reader.
        with suppress(OSError):
            if self._is_followed():
                return
        with self._alone():
            self._follow()

    def flush(self) -> None:
        """Return when all that was committed before this call is on the disk.

        Raises ``OSError`` where it is not, or cannot be known to be.
        """
        with self._counting:
            self._asked += 1
            mine = self._asked
        with self._alone():
            if self._flushed >= mine:
                return
            covered = self._asked
            self._on_disk()
            self._flushed = covered

    def close(self) -> None:
        """Close the file; the next flush opens it again."""
        with self._flushing:
            self._let_go()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others out; a disk that hangs must not keep every thread of the process."""
        if not self._flushing.acquire(timeout=self._seconds):
            raise TimeoutError("another flush did not end in time")
        try:
            yield
        finally:
            self._flushing.release()

    def _on_disk(self) -> None:
        if self.failed:
            raise OSError("an earlier flush failed")
        self._follow()
        self._synced(_sync, self._file)
        if not self._entered:
            self._enter()

    def _enter(self) -> None:
        """Flush the folder: without it a new file is not there after a power cut."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._synced(os.fsync, folder)
        finally:
            os.close(folder)
        self._entered = True

    def _synced(self, sync: Callable[[int], None], file: int) -> None:
        try:
            sync(file)
        except OSError:
            self.failed = True
            raise

    def _follow(self) -> None:
        if not self._is_followed():
            self._let_go()
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def _is_followed(self) -> bool:
        file = self._file
        return file >= 0 and os.path.samestat(os.fstat(file), self._path.stat())

    def _let_go(self) -> None:
        file, self._file, self._entered = self._file, -1, False
        if file >= 0:
            os.close(file)
