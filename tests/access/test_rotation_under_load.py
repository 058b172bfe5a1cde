"""``key rotate`` while servers write and look up: nothing is lost, nobody is made twice (P8)."""

from __future__ import annotations

import base64
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access import settings
from mo_access.domain.criteria import Column, Compare, Op
from mo_access.domain.model import Actor, PersonDraft, Query
from mo_access.key_files import key_ring, prepare, switch
from mo_access.service import clients, people, resealing, sealing
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from tests.support.insz import made_up

SEEDED, WRITERS, PAGE = 160, 3, 8
# A process of its own, with small pages so that it can be killed between two of them.
ROTATE = f"""
import sys
from mo_access import cli
from mo_access.storage import resealing
resealing.PAGE = {PAGE}
sys.argv = ["mo-access", "key", "rotate", "--json"]
cli.main()
"""


@dataclass
class Server:
    """What a server process has for itself: a connection and its own reading of the key file."""

    url: str
    keys: Path

    def __post_init__(self) -> None:
        self.database = Database(self.url)
        self.ring = key_ring(self.keys)

    def unit(self) -> UnitOfWork:
        """Open a unit of work."""
        return UnitOfWork(self.database, keys=self.ring, request_id="load", caller="cli:load")


@dataclass
class Load:
    """Writers and readers that go on until they are told to stop."""

    url: str
    keys: Path
    actors: list[Actor]
    ids: dict[str, str]
    stopped: threading.Event = field(default_factory=threading.Event)
    faults: list[str] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    looked_up: int = 0

    def run(self, writer: int) -> None:
        """Look up numbers, link to known ones, and register new ones that others register too."""
        server = Server(self.url, self.keys)
        try:
            for turn in itertools.count():
                if self.stopped.is_set():
                    return
                self._turn(server, self.actors[writer], writer, turn)
        except Exception as fault:  # noqa: BLE001 - told by the test
            self.faults.append(repr(fault))
        finally:
            server.database.close()

    def _turn(self, server: Server, actor: Actor, writer: int, turn: int) -> None:
        number = made_up((turn * 37 + writer) % SEEDED)
        with server.unit() as uow:
            found = people.find(uow, self.actors[0], Query(Compare(Column.INSZ, Op.EQ, number)))
        if [one.id for one in found.items] != [self.ids[number]]:
            self.faults.append(f"not found: {found}")
        self.looked_up += 1
        fresh = made_up(SEEDED + turn)
        draft = PersonDraft(f"w{turn}", None, active=True, document={}, insz=fresh)
        with server.unit() as uow:
            people.create(uow, actor, draft)
            uow.commit()
        self.made[fresh] += 1
        time.sleep(0.03)


@pytest.fixture
def load(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Give four clients, people with numbers, and four threads that go on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MO_DATABASE_URL", migrated_url)
    server = Server(migrated_url, settings.load().key_file)
    ids = {}
    with server.unit() as uow:
        made = [_platform(uow, f"c{n}") for n in range(WRITERS)]
        for n in range(SEEDED):
            draft = PersonDraft(f"p{n}", None, active=True, document={}, insz=made_up(n))
            ids[made_up(n)] = people.create(uow, made[1], draft).id
        uow.commit()
    running = Load(migrated_url, server.keys, made, ids)
    threads = [threading.Thread(target=running.run, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    yield running
    running.stopped.set()
    for thread in threads:
        thread.join()
    server.database.close()


def _platform(uow: UnitOfWork, name: str) -> Actor:
    _, token = clients.create(uow, NewClient(name, platform=True))
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def rotate() -> subprocess.Popen[bytes]:
    """Begin ``key rotate`` in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", ROTATE], stdout=subprocess.PIPE)


def sealed_by(server: Server) -> Counter[str]:
    """Count how many numbers each key has sealed."""
    with server.unit() as uow:
        return resealing.in_use(uow)


def test_a_rotation_that_is_killed_goes_on_under_load(load: Load) -> None:
    """Every number stays findable, is one person's, and in the end only the new key is left."""
    server = Server(load.url, load.keys)
    first = json.loads(load.keys.read_text())["keys"]["k1"]
    killed = rotate()
    while sealed_by(server)["k2"] < SEEDED // 4:
        assert killed.poll() is None
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert sealed_by(server)["k1"] > 0
    again = rotate()
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert json.loads(told)["key"] == "k2"
    load.stopped.set()
    time.sleep(0.2)
    assert load.faults == []
    assert load.looked_up > 20
    content = load.keys.read_text()
    assert first not in content
    assert list(json.loads(content)["keys"]) == ["k2"]
    assert base64.b64decode(first) not in base64.b64decode(json.loads(content)["signing"])
    _all_under_one_key(server, load)
    server.database.close()


def _all_under_one_key(server: Server, load: Load) -> None:
    with server.unit() as uow:
        rows = uow.conn.all(select(person.c.id, person.c.insz_sealed, person.c.insz_index), {})
        numbers = [
            (uow.keys.open(sealing.of_person(i), bytes(sealed)), bytes(index))
            for i, sealed, index in rows
        ]
        assert all(uow.keys.index(number) == index for number, index in numbers)
    told = Counter(number for number, _ in numbers)
    assert max(told.values()) == 1
    assert set(told) == set(load.ids) | set(load.made)


@pytest.fixture
def steps(migrated_url: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Give a server that still makes entries with the old key, and one that makes new ones."""
    path, before = tmp_path / "keys.json", tmp_path / "before.json"
    key_ring(path)
    prepare(path)
    before.write_text(path.read_text())
    switch(path)
    slow, new = Server(migrated_url, before), Server(migrated_url, path)
    yield slow, new
    slow.database.close()
    new.database.close()


def test_two_servers_at_two_steps_make_one_person(steps: tuple[Server, Server]) -> None:
    """Both look under both keys, and of two who register one number the second waits."""
    slow, new = steps
    assert slow.ring.indexes("x") == new.ring.indexes("x")[::-1]
    draft = PersonDraft("x", None, active=True, document={}, insz=made_up(1))
    ids: list[str] = []
    with new.unit() as uow:
        actors = [_platform(uow, name) for name in ("a", "b")]
        uow.commit()

    def register() -> None:
        with new.unit() as uow:
            ids.append(people.create(uow, actors[1], draft).id)
            uow.commit()

    with slow.unit() as uow:
        ids.append(people.create(uow, actors[0], draft).id)
        other = threading.Thread(target=register)
        other.start()
        time.sleep(0.3)
        uow.commit()
    other.join()
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_an_unfinished_rotation_is_not_begun_anew(tmp_path: Path) -> None:
    """A second ``key rotate`` goes on with the key that there is."""
    path = tmp_path / "keys.json"
    key_ring(path)
    assert prepare(path)
    assert not prepare(path)
    switch(path)
    assert not prepare(path)
    assert sorted(json.loads(path.read_text())["keys"]) == ["k1", "k2"]


def test_turns_differ_by_number(tmp_path: Path) -> None:
    """Only writers of one number wait for each other."""
    ring = key_ring(tmp_path / "keys.json")
    turns = {ring.turn(made_up(n)) for n in range(200)}
    assert len(turns) == 200
