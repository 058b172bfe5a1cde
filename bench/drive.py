"""One load generator for every server: connections that are kept, one request at a time on each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FAILED: Final = 400
HUNG_UP: Final = 999
Make = Callable[[], bytes]
"""Gives the next request, ready to be sent."""


Told = Callable[[int, bytes], None]
"""Takes the body of an answer, and which request it answers."""


@dataclass
class Sample:
    """What one stretch of load showed."""

    seconds: float = 0.0
    cpu: float = 0.0
    """CPU seconds of the server's processes."""
    times: list[float] = field(default_factory=list)
    failed: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    @property
    def cost(self) -> float:
        """CPU microseconds of the server per request; processes are counted in 10 ms."""
        return self.cpu * 1e6 / len(self.times) if self.times else 0.0

    def quantile(self, part: float) -> float:
        """Return a quantile of the answer times in milliseconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1e3 if ordered else 0.0


def load(port: int, pids: list[int], make: Make, *, seconds: float, connections: int) -> Sample:
    """Send requests for so long; every one that began is waited for."""
    sample = Sample()
    before, start = cpu_seconds(pids), time.perf_counter()
    asyncio.run(_all(port, make, sample, (start + seconds, connections)))
    sample.seconds = time.perf_counter() - start
    sample.cpu = cpu_seconds(pids) - before
    return sample


def through(
    port: int, pids: list[int], requests: Iterable[bytes], told: Told, *, connections: int
) -> Sample:
    """Send every request once, and tell each answer with the place of its request."""
    sample, waiting = Sample(), enumerate(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        for place, request in waiting:
            began = time.perf_counter()
            writer.write(request)
            status, body, closes = await _answer(reader)
            sample.times.append(time.perf_counter() - began)
            if status >= FAILED:
                sample.failed[status] = sample.failed.get(status, 0) + 1
            told(place, body)
            if closes:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        writer.close()

    async def every() -> None:
        await asyncio.gather(*(one() for _ in range(connections)))

    before, start = cpu_seconds(pids), time.perf_counter()
    asyncio.run(every())
    sample.seconds = time.perf_counter() - start
    sample.cpu = cpu_seconds(pids) - before
    return sample


def once(port: int, request: bytes) -> tuple[int, bytes]:
    """Send one request and return its status and body."""
    return asyncio.run(answered(port, request))


async def answered(port: int, request: bytes) -> tuple[int, bytes]:
    """Send one request on a connection of its own and return its status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    writer.write(request)
    try:
        return (await _answer(reader))[:2]
    finally:
        writer.close()


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def pss(pids: list[int]) -> float:
    """Return the memory of these processes in MiB, with shared pages divided (PSS)."""
    kilobytes = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


async def _all(port: int, make: Make, sample: Sample, until: tuple[float, int]) -> None:
    end, connections = until
    await asyncio.gather(*(_one(port, make, sample, end) for _ in range(connections)))


async def _one(port: int, make: Make, sample: Sample, end: float) -> None:
    """Ask one after the other; a server that closes each connection is connected to again."""
    open_: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (began := time.perf_counter()) < end:
        reader, writer = open_ or await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        try:
            writer.write(make())
            status, _, closes = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            # Some servers hang up on a body that they do not want.
            status, closes = HUNG_UP, True
        sample.times.append(time.perf_counter() - began)
        if status >= FAILED:
            sample.failed[status] = sample.failed.get(status, 0) + 1
        open_ = None if closes else (reader, writer)
        if closes:
            writer.close()
    if open_ is not None:
        open_[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Read status and body, and whether the server ends the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status, closes = int(head[9:12]), b"connection: close" in head
    if b"transfer-encoding: chunked" in head:
        return status, await _chunks(reader), closes
    at = head.find(b"content-length:")
    size = 0 if at < 0 else int(head[at + 15 : head.index(b"\r\n", at)])
    return status, await reader.readexactly(size), closes


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
