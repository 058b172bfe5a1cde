"""A commit that may not be on the disk is never answered, and no other one after it."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from mo_access.storage import write_ahead
from mo_access.storage.engine import Database, DatabaseDown
from mo_access.storage.sqlite_source import SqliteSource
from tests.storage.write_ahead.conftest import COUNT, Disk, Files, put


def test_a_flush_that_failed_is_final(database: Database, disk: Disk) -> None:
    """A later flush that works proves nothing: the kernel may have dropped what it held.

    So nothing is changed any more that nobody could promise; what is there can still be read.
    """
    with database.connect() as conn:
        put(conn, 1)
        disk.broken = 1
        with pytest.raises(DatabaseDown, match="may not be on the disk"):
            put(conn, 2)
        with pytest.raises(DatabaseDown, match="may not be on the disk"):
            put(conn, 3)
        with pytest.raises(DatabaseDown, match="may not be on the disk"):
            conn.flush()
        assert conn.one(COUNT, {}) == (2,)
    database.source.close()
    with database.connect() as conn, pytest.raises(DatabaseDown, match="start every process anew"):
        conn.begin()
    assert disk.flushes == 1


def test_all_who_wait_for_a_flush_that_fails_are_told(database: Database, disk: Disk) -> None:
    """The one that flushes and those whose commits came before it."""
    disk.wait, disk.broken = 0.2, 1
    told: list[str] = []

    def write(number: int) -> None:
        with database.connect() as conn:
            try:
                put(conn, number)
            except DatabaseDown as down:
                told.append(str(down))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert (len(told), disk.flushes) == (4, 0)


def test_a_disk_that_hangs_does_not_keep_every_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for another's flush is told in time; nothing has failed yet, so it is not final."""
    begun, end = threading.Event(), threading.Event()

    def hang(_file: int) -> None:
        begun.set()
        end.wait(10)

    monkeypatch.setattr(write_ahead, "_sync", hang)
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("SELECT n FROM kept")
        log = write_ahead.WriteAheadLog(path, 0.05)
        log.follow()
        first = threading.Thread(target=log.flush)
        first.start()
        assert begun.wait(10)
        with pytest.raises(TimeoutError, match="in time"):
            log.flush()
        # A connection that only reads waits for nothing.
        log.follow()
        end.set()
        first.join()
        log.flush()
        log.close()
    conn.close()


def test_no_file_is_left_open(database: Database, disk: Disk, files: Files) -> None:
    """Neither of a log that is no more nor of a folder, also where its flush failed."""
    for number in range(3):
        with database.connect() as conn:
            put(conn, number)
        database.source.lend().close()
        with database.connect() as conn:
            put(conn, 10 + number)
        database.source.close()
    assert (len(files.names), files.open, disk.flushes) == (12, set(), 6)


def test_a_log_that_cannot_be_opened_is_not_final(
    database: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is out of files has lost nothing: the next time it may have one."""

    def none_left(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", none_left)
        with pytest.raises(DatabaseDown, match="Too many open files"):
            database.lend()
    with database.connect() as conn:
        put(conn, 1)
    assert disk.rows() == {1}


def test_a_folder_that_cannot_be_flushed_is_final(
    database: Database, disk: Disk, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the name of the log."""

    def broken(_file: int) -> None:
        raise OSError(5, "Input/output error")

    with database.connect() as conn:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", broken)
            with pytest.raises(DatabaseDown, match="may not be on the disk"):
                put(conn, 1)
        with pytest.raises(DatabaseDown, match="start every process anew"):
            put(conn, 2)
    database.source.close()
    assert (files.open, disk.flushes) == (set(), 1)


def test_without_a_log_nothing_is_opened() -> None:
    """A commit could not be told to be durable."""
    with pytest.raises(DatabaseDown, match="no write-ahead log"):
        SqliteSource(":memory:").lend()
