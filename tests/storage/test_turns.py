"""Turns at a SQLite file: one at a time, nobody starves, and the dead hold nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mo_access.storage.turns import Turns

SPAWN = multiprocessing.get_context("spawn")


def busy(path: Path, held: float, until: float) -> None:
    """Take turn after turn without a pause, as a sync does."""
    turns = Turns(path, 5)
    while time.time() < until:
        assert turns.take()
        time.sleep(held)
        turns.give()


def hold(path: Path, ready: str) -> None:
    """Take a turn and keep it."""
    assert Turns(path, 5).take()
    Path(ready).touch()
    time.sleep(60)


def test_one_process_does_not_starve_another(tmp_path: Path) -> None:
    """However eager one is, the other waits for about one turn of it."""
    path = tmp_path / "db"
    until = time.time() + 6
    other = SPAWN.Process(target=busy, args=(path, 0.01, until))
    other.start()
    try:
        turns, waits = Turns(path, 5), list[float]()
        while not (tmp_path / "db-turn").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        while len(waits) < 30 and time.time() < until:
            started = time.monotonic()
            assert turns.take()
            waits.append(time.monotonic() - started)
            turns.give()
            time.sleep(0.02)
    finally:
        other.join()
    assert len(waits) == 30
    assert sorted(waits)[len(waits) // 2] < 0.1


def test_threads_take_turns(tmp_path: Path) -> None:
    """Never two at once."""
    turns, inside, most = Turns(tmp_path / "db", 5), [0], [0]

    def work() -> None:
        for _ in range(50):
            assert turns.take()
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.0001)
            inside[0] -= 1
            turns.give()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_who_waits_too_long_is_told(tmp_path: Path) -> None:
    """In the same process and in another; afterwards the turn can be had."""
    first = Turns(tmp_path / "db", 0.05)
    assert first.take()
    assert not first.take()
    assert not Turns(tmp_path / "db", 0.05).take()
    first.give()
    assert first.take()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_process_holds_no_turn(tmp_path: Path) -> None:
    """The kernel gives its locks back."""
    ready = tmp_path / "ready"
    other = SPAWN.Process(target=hold, args=(tmp_path / "db", str(ready)))
    other.start()
    while not ready.exists():
        time.sleep(0.01)
    turns = Turns(tmp_path / "db", 5)
    assert other.pid is not None
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    assert turns.take()
