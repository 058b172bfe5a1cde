"""A commit that was answered survives a power cut, and nobody waits to write while it is flushed.

The power cut is played: what the disk has is what the files held when the last flush began.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text

from mo_access.storage import write_ahead
from mo_access.storage.engine import Connection, Database, DatabaseDown
from mo_access.storage.sqlite_source import SqliteSource
from mo_access.storage.turns import Turns

INSERT = text("INSERT INTO kept (n) VALUES (:n)").bindparams(bindparam("n"))
COUNT = text("SELECT count(*) FROM kept")


class Disk:
    """Stands for the disk: keeps the two files as they are whenever a flush begins."""

    def __init__(self, path: Path, folder: Path) -> None:
        """Begin with nothing on it."""
        self.path, self.folder = path, folder
        self.flushes, self.wait = 0, 0.0
        self.files: tuple[bytes, bytes] = (b"", b"")
        self.broken = 0

    def sync(self, file: int) -> None:
        """Do as ``fdatasync``: of the log beside the database, and of no other file."""
        log = Path(f"{self.path}-wal")
        assert os.path.samestat(os.fstat(file), log.stat())
        if self.broken:
            self.broken -= 1
            raise OSError(5, "Input/output error")
        held = (self.path.read_bytes(), log.read_bytes())
        time.sleep(self.wait)
        self.flushes += 1
        self.files = held

    def rows(self) -> set[int]:
        """Return what a database has that starts from what is on the disk."""
        found = self.folder / f"after-{threading.get_ident()}-{time.monotonic_ns()}"
        for name, content in zip((found, f"{found}-wal"), self.files, strict=True):
            Path(name).write_bytes(content)
        with sqlite3.connect(found) as after:
            rows = {n for (n,) in after.execute("SELECT n FROM kept")}
        after.close()
        return rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database file with an empty table, checkpointed."""
    made = tmp_path / "db.sqlite"
    with sqlite3.connect(made) as conn:
        conn.execute("CREATE TABLE kept (n INTEGER PRIMARY KEY)")
    conn.close()
    return made


@pytest.fixture
def disk(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return the disk that the database is on."""
    made = Disk(path, tmp_path)
    monkeypatch.setattr(write_ahead, "_sync", made.sync)
    return made


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Return the database as the service opens it."""
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()


def put(conn: Connection, number: int) -> None:
    """Commit one row."""
    conn.begin()
    conn.run(INSERT, {"n": number})
    conn.commit()


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


def test_what_changes_nothing_is_not_flushed(database: Database, disk: Disk) -> None:
    """Neither a transaction that reads nor one that took its turn and left all as it was."""
    with database.connect() as conn:
        put(conn, 1)
        conn.begin_read()
        assert conn.one(COUNT, {}) == (1,)
        conn.commit()
        conn.begin()
        assert conn.one(COUNT, {}) == (1,)
        conn.commit()
    assert disk.flushes == 1


def test_a_flush_that_failed_is_final(database: Database, disk: Disk) -> None:
    """A later flush that works proves nothing: the kernel may have dropped what it held."""
    with database.connect() as conn:
        put(conn, 1)
        disk.broken = 1
        with pytest.raises(DatabaseDown, match="may not be on the disk"):
            put(conn, 2)
        with pytest.raises(DatabaseDown, match="may not be on the disk"):
            put(conn, 3)
        assert conn.one(COUNT, {}) == (3,)
    assert disk.flushes == 1


def test_a_new_log_is_followed(database: Database, disk: Disk) -> None:
    """The last connection to leave takes the log away; the next one makes another."""
    for number in range(3):
        with database.connect() as conn:
            put(conn, number)
        database.source.close()
        assert not Path(f"{disk.path}-wal").exists()
    assert disk.flushes == 3


def test_a_log_is_followed_that_others_replaced(
    database: Database, disk: Disk, path: Path
) -> None:
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


def test_without_a_log_nothing_is_opened() -> None:
    """A commit could not be told to be durable."""
    with pytest.raises(DatabaseDown, match="no write-ahead log"):
        SqliteSource(":memory:").lend()
