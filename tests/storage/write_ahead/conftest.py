"""A disk that is played: what it has is what the files held when the last flush began."""

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
from mo_access.storage.engine import Connection, Database

INSERT = text("INSERT INTO kept (n) VALUES (:n)").bindparams(bindparam("n"))
COUNT = text("SELECT count(*) FROM kept")


def put(conn: Connection, number: int) -> None:
    """Commit one row."""
    conn.begin()
    conn.run(INSERT, {"n": number})
    conn.commit()


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
        held = (self.path.read_bytes(), log.read_bytes())
        time.sleep(self.wait)
        if self.broken:
            self.broken -= 1
            raise OSError(5, "Input/output error")
        self.flushes += 1
        self.files = held

    def rows(self) -> set[int]:
        """Return what a database has that starts from what is on the disk."""
        found = self.folder / f"after-{threading.get_ident()}-{time.monotonic_ns()}"
        for end, content in zip(("", "-wal"), self.files, strict=True):
            Path(f"{found}{end}").write_bytes(content)
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


class Files:
    """Which files were opened for flushing, and which of them still are."""

    def __init__(self) -> None:
        """Begin with none."""
        self.names: list[str] = []
        self.open: set[int] = set()

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Look at each that is opened to be read and closed again."""
        opened, closed = os.open, os.close

        def opening(path: str | Path, flags: int, mode: int = 0o777) -> int:
            file = opened(path, flags, mode)
            if flags == os.O_RDONLY | os.O_CLOEXEC:
                self.names.append(Path(path).name)
                self.open.add(file)
            return file

        def closing(file: int) -> None:
            self.open.discard(file)
            closed(file)

        patch.setattr(os, "open", opening)
        patch.setattr(os, "close", closing)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    """Watch files from now on."""
    made = Files()
    made.watch(monkeypatch)
    return made


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Return the database as the service opens it."""
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()
