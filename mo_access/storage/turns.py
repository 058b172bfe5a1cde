"""Whose turn it is to write to a SQLite file: a queue, in place of SQLite's own wait.

SQLite lets a waiting writer sleep up to a tenth of a second between tries, and who asks at the
right moment is first: under two processes a writer starves for seconds. Here the threads of one
process wait in a queue, and processes look every half millisecond, each giving way to another
that was waiting when its own turn ended.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.0005
GIVE_WAY_SECONDS: Final = 0.0015
"""Long enough for another process to look once."""


class Turns:
    """The turns of this process at one database file; two small files stand beside it.

    A process that dies gives up its locks, as the kernel holds them.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        """Remember where the file is, and how long a writer waits at most."""
        self._path = path
        self._seconds = seconds
        self._here = threading.Lock()
        self._turn = self._queue = -1
        self._gives_way = False

    def take(self) -> bool:
        """Wait for the turn; False when it did not come in time."""
        deadline = time.monotonic() + self._seconds
        if not self._here.acquire(timeout=self._seconds):
            return False
        try:
            taken = self._among_processes(deadline)
        except BaseException:
            self._here.release()
            raise
        if not taken:
            self._here.release()
        return taken

    def give(self) -> None:
        """End the turn."""
        fcntl.flock(self._turn, fcntl.LOCK_UN)
        self._gives_way = not _tried(self._queue)
        if not self._gives_way:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        self._here.release()

    def close(self) -> None:
        """Close the files; the next turn opens them again."""
        for file in (self._turn, self._queue):
            if file >= 0:
                os.close(file)
        self._turn = self._queue = -1

    def _among_processes(self, deadline: float) -> bool:
        self._open()
        if self._gives_way:
            time.sleep(GIVE_WAY_SECONDS)
        if _tried(self._turn):
            return True
        fcntl.flock(self._queue, fcntl.LOCK_SH)
        try:
            while not _tried(self._turn):
                if time.monotonic() > deadline:
                    return False
                time.sleep(POLL_SECONDS)
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        return True

    def _open(self) -> None:
        if self._turn < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._turn, self._queue = (
                os.open(f"{self._path}-{name}", flags, 0o600) for name in ("turn", "queue")
            )


def _tried(file: int) -> bool:
    """Take a lock if nobody has it."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
