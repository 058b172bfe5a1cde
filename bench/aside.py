"""Another client at work meanwhile, gently, from a process of its own: what it has to wait.

Requests leave by the clock, on a connection each, whether or not the last one is answered, so
that a server which stands still is seen by all that would have asked. It also weighs the server.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

from bench.drive import FAILED, answered, pss

WEIGH_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 120.0


async def one_request(port: int, request: bytes) -> int:
    """Send a request and return the status of its answer."""
    return (await answered(port, request))[0]


@dataclass(frozen=True)
class Kind:
    """Requests of one kind, to be sent in turn, so many a second; ``way`` sends one."""

    requests: Sequence[bytes]
    per_second: float
    way: Callable[[int, bytes], Coroutine[None, None, int]] = one_request


@dataclass
class Seen:
    """What came of it since the last look: seconds that each kind took, and the server's MiB."""

    times: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[int, int] = field(default_factory=dict)
    weights: list[float] = field(default_factory=list)

    def quantile(self, kind: str, part: float) -> float:
        """Return a quantile in milliseconds; of one value it is that one, of none 0."""
        ordered = sorted(self.times.get(kind, ())) or [0.0]
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1e3


class Aside:
    """The running process; ``look`` takes what was seen since the look before."""

    def __init__(self, pipe: Connection) -> None:
        """Remember the end of the pipe."""
        self._pipe = pipe

    def look(self) -> Seen:
        """Return what was seen, and begin anew."""
        self._pipe.send("look")
        seen = self._pipe.recv()
        assert isinstance(seen, Seen)  # noqa: S101 - our own process sends nothing else
        return seen


@contextmanager
def beside(port: int, pids: Sequence[int], kinds: Mapping[str, Kind]) -> Iterator[Aside]:
    """Ask the server of this port and weigh these processes for the time of the block."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_run, args=(theirs, port, list(pids), dict(kinds)))
    process.start()
    try:
        yield Aside(ours)
    finally:
        process.terminate()
        process.join()


def _run(pipe: Connection, port: int, pids: list[int], kinds: dict[str, Kind]) -> None:
    asyncio.run(_work(pipe, port, pids, kinds))


async def _work(pipe: Connection, port: int, pids: list[int], kinds: dict[str, Kind]) -> None:
    seen = [Seen()]

    def told() -> None:
        pipe.recv()
        seen[0].weights.append(pss(pids))
        pipe.send(seen[0])
        seen[0] = Seen()

    asyncio.get_running_loop().add_reader(pipe.fileno(), told)
    tasks = [_asking(port, name, kind, seen) for name, kind in kinds.items()]
    await asyncio.gather(_weighing(pids, seen), *tasks)


async def _weighing(pids: list[int], seen: list[Seen]) -> None:
    while True:
        seen[0].weights.append(pss(pids))
        await asyncio.sleep(WEIGH_SECONDS)


async def _asking(port: int, name: str, kind: Kind, seen: list[Seen]) -> None:
    due, under_way = time.perf_counter(), set[asyncio.Task[None]]()
    for request in itertools.cycle(kind.requests):
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(_ask(kind.way(port, request), (name, due), seen))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        due += 1 / kind.per_second


async def _ask(
    work: Coroutine[None, None, int], asked: tuple[str, float], seen: list[Seen]
) -> None:
    name, due = asked
    try:
        status = await asyncio.wait_for(work, PATIENCE_SECONDS)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        status = 999
    seen[0].times.setdefault(name, []).append(time.perf_counter() - due)
    if status >= FAILED:
        seen[0].failed[status] = seen[0].failed.get(status, 0) + 1
