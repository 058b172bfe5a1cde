"""So many threads wait for one peer, and for all: a rush is served, a stall stops nobody else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from deploy.server import THREADS
from mo_web.faults import ProviderTrouble
from mo_web.kept import Kept
from mo_web.turnstile import TOGETHER, Crowded, Turnstile


@contextmanager
def waiting(turns: Turnstile, peer: str, count: int) -> Iterator[None]:
    """Let so many threads hold a turn until the block is left."""
    go, inside = threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        with turns.passed(peer):
            inside.release()
            go.wait(10)

    threads = [threading.Thread(target=wait) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        assert all(inside.acquire(timeout=10) for _ in range(count))
        yield
    finally:
        go.set()
        for thread in threads:
            thread.join(10)


def crowded(turns: Turnstile, peer: str) -> bool:
    """Tell whether another finds no room."""
    try:
        with turns.passed(peer):
            return False
    except Crowded as refusal:
        return (refusal.code, refusal.status) == ("too_many_waiting", 503)


def test_a_stalling_peer_keeps_few_threads() -> None:
    """Beyond the bound it is a no, at once from the moment that somebody has waited too long."""
    turns = Turnstile(each=2, together=9, patience=0.1)
    with waiting(turns, "slow", 2):
        assert crowded(turns, "slow")
        assert not crowded(turns, "other")
        began = time.monotonic()
        assert all(crowded(turns, "slow") for _ in range(50))
        assert time.monotonic() - began < 0.1
    assert not crowded(turns, "slow")


def test_who_was_slow_is_not_waited_for() -> None:
    """While nobody who comes next was quick, no thread waits beside those who are inside."""
    turns = Turnstile(each=1, patience=0.1)
    with waiting(turns, "slow", 1):
        time.sleep(0.15)
    with waiting(turns, "slow", 1):
        began = time.monotonic()
        assert crowded(turns, "slow")
        assert time.monotonic() - began < 0.05


def test_peers_together_leave_threads_for_others() -> None:
    """However many providers stall, some threads of a worker wait for none."""
    turns = Turnstile(each=2, together=3, patience=0.05)
    with ExitStack() as stack:
        stack.enter_context(waiting(turns, "one", 2))
        stack.enter_context(waiting(turns, "two", 1))
        assert crowded(turns, "two")
        assert crowded(turns, "three")
    assert TOGETHER <= THREADS - 4


def test_a_rush_at_a_quick_peer_is_served() -> None:
    """Thirty at once with room for two: each waits for a turn and nobody is refused."""
    turns, served = Turnstile(each=2, patience=1.0), []

    def ask() -> None:
        with turns.passed("quick"):
            time.sleep(0.005)
        served.append(1)

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(served) == 30


def test_one_turn_is_enough_for_what_is_asked_within_it() -> None:
    """The keys need the document first: the thread that asks for both stands in nobody's way."""
    turns = Turnstile(each=1, patience=0.05)
    with turns.passed("a"), turns.passed("a"), turns.passed("b"):
        assert list(map(len, turns._inside.values())) == [1]
    assert not crowded(turns, "a")


@pytest.mark.parametrize(("age", "bridged"), [(11.0, True), (31.0, False)])
def test_what_is_known_bridges_a_crowd(age: float, bridged: bool) -> None:
    """Who finds no room to load anew goes on with what is known, as long as that is allowed."""
    turns, now = Turnstile(each=1, patience=0.05), [0.0]
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731 - a clock that the test moves
    kept = Kept(lambda: "value", 10.0, 20.0, clock, lambda: turns.passed("a"))
    kept.get()
    now[0] = age
    with waiting(turns, "a", 1):
        if bridged:
            assert kept.get() == "value"
        else:
            with pytest.raises(ProviderTrouble, match="too_many_waiting"):
                kept.get()
