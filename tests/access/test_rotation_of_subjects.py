"""A new key while some providers take the number for `sub`: who it is stays known (design 007)."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from mo_access.domain.errors import Refused
from mo_access.domain.keys import KeyRing
from mo_access.key_files import drop_keys, key_ring, prepare, switch
from mo_access.service import blocks, claimed_sign_in, clients, people, resealing, sessions
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork, clock
from mo_access.storage.engine import Database
from tests.access.test_rotation_of_blocks import Units, keys, rotated, unit
from tests.support.insz import made_up
from tests.support.kept import kept

__all__ = ["keys", "unit"]
ISSUER, HOUR = "https://broker.example", 3_600_000_000
NUMBER = made_up(0)


def enter(unit: Units, subject: str = NUMBER) -> str:
    """Sign in by claims; return the person."""
    with unit() as uow:
        said = SignIn("broker", ISSUER, subject, (), "token", uow.now + HOUR)
        claimed = Claimed("jit", Described(), ClaimedRights(HOUR, ()))
        done = claimed_sign_in.enter(uow, said, claimed)
        uow.commit()
    return done.person


def ended(unit: Units, subject: str = NUMBER) -> int:
    """Let the provider end the sessions of a subject; return how many there were."""
    with unit() as uow:
        found = sessions.end_by_provider(uow, ISSUER, subject=subject)
        uow.commit()
    return found


def stored(unit: Units) -> list[tuple[str, str]]:
    """Return (name, id of the key) of every sealed subject."""
    with unit() as uow:
        rows = uow.conn.all(text("SELECT subject, sealed FROM sealed_subject ORDER BY pk"))
        return [(str(name), uow.keys.sealed_by(bytes(sealed))) for name, sealed in rows]


def _prepared(path: Path) -> None:
    assert prepare(path)


def _switched(path: Path) -> None:
    _prepared(path)
    assert switch(path)


def _finished(path: Path) -> None:
    rotated()
    assert [*json.loads(path.read_text())["keys"]] == ["k2"]


def _resumed(path: Path) -> None:
    _switched(path)
    rotated("--finish")


def _twice(path: Path) -> None:
    _finished(path)
    rotated()


STEPS = (_prepared, _switched, _finished, _resumed, _twice)


@pytest.mark.parametrize("step", STEPS)
def test_a_number_is_the_same_person_at_each_step(
    unit: Units, keys: Path, step: Callable[[Path], None], database: Database
) -> None:
    """Sessions of before and after are found, and there is one name in the end."""
    who, other = enter(unit), enter(unit, made_up(1))
    step(keys)
    assert enter(unit) == who
    assert enter(unit, made_up(1)) == other
    assert ended(unit) == 2
    assert len(stored(unit)) == 2
    assert not any(made_up(n) in kept(database) for n in (0, 1))


@pytest.mark.parametrize("step", STEPS)
def test_who_comes_first_in_the_middle_is_known_after_it(
    unit: Units, keys: Path, step: Callable[[Path], None]
) -> None:
    """Named with whichever key is current, and named anew with the next."""
    step(keys)
    who = enter(unit)
    rotated("--finish")
    rotated()
    assert enter(unit) == who
    assert ended(unit) == 2
    ((_, sealed_by),) = stored(unit)
    assert list(json.loads(keys.read_text())["keys"]) == [sealed_by]


@pytest.mark.parametrize("step", STEPS)
def test_a_block_knows_the_subject_again(
    unit: Units, keys: Path, step: Callable[[Path], None]
) -> None:
    """Made by a sign-in, blocked and removed: the same subject is not somebody new."""
    who = enter(unit)
    with unit() as uow:
        blocks.block_person(uow, who, "Onderzoek")
        _, token = clients.create(uow, clients.NewClient("platform", platform=True))
        actor = clients.by_token(uow, token)
        assert actor is not None
        people.delete(uow, actor, who, lambda _view: None)
        uow.commit()
    step(keys)
    with pytest.raises(Refused) as refused:
        enter(unit)
    assert refused.value.code == "inactive"
    assert enter(unit, made_up(1)) != who


def test_a_key_in_use_by_a_subject_is_not_forgotten(unit: Units, keys: Path) -> None:
    """A sealed subject is counted among what a key has sealed, and none is lost with it."""
    who = enter(unit)
    with unit() as uow:
        assert resealing.in_use(uow)["k1"] == 2, "the subject and the ID token"
    _switched(keys)
    with unit() as uow:
        assert resealing.subjects(uow, 0).resealed == 1
        assert resealing.subjects(uow, 0).resealed == 0
        assert resealing.tokens(uow, 0).resealed == 1
        assert resealing.in_use(uow) == {"k2": 2}
        uow.commit()
    drop_keys(keys)
    assert enter(unit) == who


def test_two_names_of_one_subject_become_one(unit: Units, keys: Path) -> None:
    """However it came about: what stands under either is found by one afterwards."""
    who = enter(unit)
    (before,) = stored(unit)
    _switched(keys)
    with unit() as uow:
        uow.write().run(text("UPDATE sealed_subject SET issuer = 'aside'"))
        uow.commit()
    second = enter(unit)
    with unit() as uow:
        uow.write().run(text(f"UPDATE sealed_subject SET issuer = '{ISSUER}'"))  # noqa: S608 - ours
        uow.commit()
    assert second != who
    assert len(stored(unit)) == 2
    rotated("--finish")
    ((name, sealed_by),) = stored(unit)
    assert (name != before[0], sealed_by) == (True, "k2")
    assert ended(unit) == 2


@dataclass
class Servers:
    """Three servers that let people in until they are told to stop."""

    url: str
    keys: Path
    counted: Counter[str] = field(default_factory=Counter)
    found: dict[str, set[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, first: int) -> None:
        """Let known and new numbers in, of which other servers have the same."""
        own, ring = Database(self.url), key_ring(self.keys)
        try:
            for turn in itertools.count(first):
                if self.stop.is_set():
                    return
                number = made_up(turn % 6 if turn % 2 else 6 + turn // 4)
                who = enter(lambda: _unit(own, ring), number)
                with self.lock:
                    self.found.setdefault(number, set()).add(who)
                    self.counted[number] += 1
        except Exception as fault:  # noqa: BLE001 - told by the test
            self.faults.append(repr(fault))
        finally:
            own.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let them run meanwhile."""
        threads = [threading.Thread(target=self.serve, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(60)


def test_sign_ins_beside_a_rotation(database: Database, keys: Path, unit: Units) -> None:
    """Several servers, known and new numbers: nobody is made twice, no session is lost."""
    servers = Servers(database.url, keys)
    known = {made_up(n): {enter(unit, made_up(n))} for n in range(6)}
    servers.counted.update(known.keys())
    with servers.running():
        rotated()
        rotated()
    assert servers.faults == []
    assert all(len(who) == 1 for who in servers.found.values())
    assert servers.found | known == known | servers.found
    assert {key for _, key in stored(unit)} == {"k3"}
    assert len(stored(unit)) == len(servers.counted)
    with _unit(database, key_ring(keys)) as uow:
        ends = {n: sessions.end_by_provider(uow, ISSUER, subject=n) for n in servers.counted}
    assert ends == servers.counted


def _unit(database: Database, ring: KeyRing) -> UnitOfWork:
    return UnitOfWork(database, keys=ring, request_id="test", caller="cli:test", now=clock)
