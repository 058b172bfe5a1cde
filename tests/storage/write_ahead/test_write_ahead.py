"""A commit that was answered survives a power cut; others write while it is flushed."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from mo_access.storage import resealing, write_ahead
from mo_access.storage.engine import Database
from mo_access.storage.turns import Turns
from tests.storage.write_ahead.conftest import COUNT, INSERT, Disk, Files, put


def test_what_was_answered_survives(database: Database, disk: Disk) -> None:
    """After each commit the row is on the disk, not only in the log."""
    with database.connect() as conn:
        for number in range(5):
            put(conn, number)
            assert disk.rows() == set(range(number + 1))


def test_many_writers_share_flushes_and_lose_nothing(database: Database, disk: Disk) -> None:
    """Each finds its own row on the disk when it is answered; flushes are fewer than commits."""
    disk.wait = 0.01
    lost: list[int] = []

    def write(first: int) -> None:
        with database.connect() as conn:
            for number in range(first, first + 10):
                put(conn, number)
                if number not in disk.rows():
                    lost.append(number)

    writers = [threading.Thread(target=write, args=(100 * n,)) for n in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert lost == []
    assert len(disk.rows()) == 80
    assert disk.flushes < 60


def test_another_process_writes_while_a_commit_is_flushed(
    database: Database, disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn ended with the commit."""
    free: list[bool] = []

    def sync(file: int) -> None:
        other = Turns(path, 0.5)
        free.append(other.take())
        other.give()
        other.close()
        disk.sync(file)

    monkeypatch.setattr(write_ahead, "_sync", sync)
    with database.connect() as conn:
        put(conn, 1)
    assert free == [True]


def test_a_transaction_that_changed_nothing_waits_for_what_it_saw(
    database: Database, disk: Disk, path: Path
) -> None:
    """Its answer says that all is so already; who made it so may still wait for the disk."""
    with database.connect() as conn:
        assert conn.one(COUNT, {}) == (0,)
        with sqlite3.connect(path) as other:
            other.execute("INSERT INTO kept VALUES (1)")
        other.close()
        conn.begin()
        assert conn.one(COUNT, {}) == (1,)
        conn.commit()
    assert disk.rows() == {1}


def test_who_waits_for_all_other_writers_waits_for_the_disk_too(
    database: Database, disk: Disk, path: Path
) -> None:
    """What they sealed with the new key is on the disk before the old one is thrown away."""
    with database.connect() as conn:
        with sqlite3.connect(path) as other:
            other.execute("INSERT INTO kept VALUES (1)")
        other.close()
        assert resealing.wait_for_others(conn)
    assert disk.rows() == {1}


def test_reading_waits_for_no_disk(database: Database, disk: Disk) -> None:
    """Nor does what is undone."""
    with database.connect() as conn:
        conn.one(COUNT, {})
        conn.commit()
        conn.begin()
        conn.run(INSERT, {"n": 1})
        conn.rollback()
    assert disk.flushes == 0


def test_the_log_is_open_before_anything_is_committed(
    database: Database, disk: Disk, files: Files
) -> None:
    """The kernel tells of a failed write each file that is open then, and maybe no later one."""
    with database.connect() as conn:
        assert files.names == [f"{disk.path.name}-wal"]
        put(conn, 1)
    assert files.names == [f"{disk.path.name}-wal", disk.path.parent.name]


def test_a_log_that_begins_anew_before_the_flush(
    database: Database, disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process moved the commit into the database and wrote over it in the log."""

    def sync(file: int) -> None:
        with sqlite3.connect(path) as other:
            assert other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0
            other.execute("INSERT INTO kept VALUES (2)")
        other.close()
        disk.sync(file)

    monkeypatch.setattr(write_ahead, "_sync", sync)
    with database.connect() as conn:
        put(conn, 1)
    assert disk.rows() == {1, 2}


def test_sqlite_flushes_by_itself_around_a_checkpoint(database: Database) -> None:
    """Else the file would not even be whole; more than that is done here."""
    with database.connect() as conn:
        assert conn.raw.execute("PRAGMA synchronous").fetchone() == (1,)


def test_a_new_log_is_followed(database: Database, disk: Disk) -> None:
    """The last connection to leave takes the log away; the next one makes another."""
    for number in range(3):
        with database.connect() as conn:
            put(conn, number)
        database.source.close()
        assert not Path(f"{disk.path}-wal").exists()
    assert disk.flushes == 3


def test_a_log_is_followed_that_others_replaced(database: Database, disk: Disk, path: Path) -> None:
    """Its file stays open here, so the other is known by what it is and not by its name."""
    with database.connect() as conn:
        put(conn, 1)
    resting = database.source.lend()
    resting.close()
    assert not Path(f"{path}-wal").exists()
    with database.connect() as conn:
        put(conn, 2)
    assert disk.rows() == {1, 2}


def test_a_link_to_the_database(disk: Disk, path: Path, tmp_path: Path) -> None:
    """SQLite keeps the log beside the file that the link leads to."""
    link = tmp_path / "elsewhere" / "link.sqlite"
    link.parent.mkdir()
    link.symlink_to(path)
    database = Database(f"sqlite:///{link}")
    with database.connect() as conn:
        put(conn, 1)
    database.close()
    assert disk.rows() == {1}


def test_the_folder_of_a_new_log_is_flushed_too(
    database: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the power cut takes the file; once is enough for each."""
    folders: list[bool] = []
    fsync = os.fsync

    def counted(file: int) -> None:
        folders.append(os.path.samestat(os.fstat(file), disk.path.parent.stat()))
        fsync(file)

    monkeypatch.setattr(os, "fsync", counted)
    with database.connect() as conn:
        put(conn, 1)
        put(conn, 2)
    assert folders == [True]
