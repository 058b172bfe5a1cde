"""Who reads does not wait behind who waits to write: a Bulk keeps the turn for a second."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from mo_access import settings as configuration
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_access.storage.turns import Turns

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 12
SECONDS = 4
"""Less than a writer waits for its turn."""


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """Give a database that nobody uses yet."""
    path = tmp_path / "mo.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return path


@pytest.fixture
def token(file: Path, tmp_path: Path) -> str:
    """Give the token of a client."""
    database = Database(f"sqlite:///{file}")
    keys = configuration.keys(Settings(var=tmp_path))
    with (
        closing(database),
        UnitOfWork(database, keys=keys, request_id="test", caller="cli:test") as uow,
    ):
        _, made = create(uow, NewClient("platform", platform=True))
        uow.commit()
    return made


@pytest.fixture
def port(file: Path, tmp_path: Path) -> Iterator[int]:
    """Run the server with one worker and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        "PYTHONPATH": str(ROOT),
        "MO_VAR": str(tmp_path),
        "MO_DATABASE_URL": f"sqlite:///{file}",
    }
    command = [sys.executable, "-m", "deploy.server", "--host", "127.0.0.1", "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--port", str(port)], env={**os.environ, **environment}, cwd=tmp_path
    )
    try:
        for _ in range(100):
            with suppress(OSError):
                asked(port, "GET", "/health/ready")
                break
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def asked(port: int, method: str, path: str, token: str = "", user: str = "") -> int:
    """Send a request and return its status; raises ``TimeoutError`` where none comes in time."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        body = json.dumps({"userName": user}) if user else None
        connection.request(method, path, body, headers)
        return connection.getresponse().status


def test_a_read_passes_by_waiting_writers(file: Path, token: str, port: int) -> None:
    """While one writes for long, others wait in threads, and there must be more than these."""
    turns = Turns(file, SECONDS)
    assert turns.take()
    with ThreadPoolExecutor(WRITERS) as writers:
        try:
            sent = [
                writers.submit(asked, port, "POST", "/scim/v2/Users", token, f"u{number}")
                for number in range(WRITERS)
            ]
            time.sleep(0.5)
            assert not [one for one in sent if one.done()]
            assert asked(port, "GET", "/scim/v2/Users", token) == 200
            assert not [one for one in sent if one.done()]
        finally:
            turns.give()
        assert {one.result() for one in sent} == {201}
    turns.close()
