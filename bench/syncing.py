"""A broker's run against one server: its phases, each with what it cost and who waited."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from bench.aside import Aside
from bench.drive import FAILED, Sample, cpu_seconds, once, through
from bench.nation import Nation, as_json, bulk, group, joining
from bench.servers import Server
from bench.sync_report import Phase, value_of

CONNECTIONS: Final = 4
REST_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 2.0
"""What a phase left to be done in the background belongs to nobody's answer time."""
Operation = dict[str, Any]


class Syncing:
    """The ids that the broker was given so far; ``server`` presents its token."""

    def __init__(self, nation: Nation, server: Server, aside: Aside) -> None:
        """Begin with nobody known."""
        self._nation, self._server, self._aside = nation, server, aside
        self._everybody = range(nation.people)
        self._ids: dict[int, str] = {}
        self._refused: Counter[int] = Counter()

    def by_bulk(self) -> Iterator[Phase]:
        """Send Bulks as large as the server announces, one after the other."""
        yield self._rest()
        people = [_creation("/Users", n, self._nation.user(n)) for n in self._everybody]
        yield self._bulks("first sync: people", people, self._learn)
        groups = [
            _creation("/Groups", place, group(name, [self._ids[n] for n in members]))
            for place, (name, members) in enumerate(self._nation.groups())
        ]
        yield self._bulks("first sync: groups with their members", groups)
        for name, later in (("nothing changed", False), ("1 % changed", True)):
            puts = [_put(self._ids[n], self._nation.user(n, later=later)) for n in self._everybody]
            yield self._bulks(f"nightly, {name}: PUT of everybody", puts)
        self._verify()

    def singly(self) -> Iterator[Phase]:
        """Send one request for each thing, over a few connections."""
        yield self._rest()
        posts = [self._post("/Users", self._nation.user(n)) for n in self._everybody]
        yield self._requests("first sync: POST people", posts, self._ids)
        groups, made = list(self._nation.groups()), dict[int, str]()
        posts = [self._post("/Groups", group(name)) for name, _ in groups]
        yield self._requests("first sync: POST groups", posts, made)
        adds = [
            self._server.request("PATCH", f"/Groups/{made[place]}", as_json(joining(self._ids[n])))
            for place, (_, members) in enumerate(groups)
            for n in members
        ]
        yield self._requests("first sync: PATCH each member in", adds)
        gets = [self._server.request("GET", f"/Users/{self._ids[n]}") for n in self._everybody]
        yield self._requests("GET of everybody", gets)
        for name, later in (("nothing changed", False), ("1 % changed", True)):
            puts = [self._putting(n, later=later) for n in self._everybody]
            yield self._requests(f"nightly, {name}: PUT of everybody", puts)
        self._verify()

    def _rest(self) -> Phase:
        """Sync nothing for a while: what the other client waits, and costs, by itself."""
        pids = self._server.pids()
        phase = self._phase("nothing: the other client alone", 0, lambda: _slept(pids))
        return replace(phase, count=sum(map(len, phase.seen.times.values())))

    def _bulks(
        self,
        name: str,
        operations: Sequence[Operation],
        learn: Callable[[Operation], None] | None = None,
    ) -> Phase:
        sizes = self._limits()
        bodies = [as_json(bulk(part)) for part in _parts(operations, sizes[0])]
        if max(map(len, bodies)) > sizes[1]:
            raise RuntimeError("a Bulk of as many operations as announced is too large")
        requests = [self._server.request("POST", "/Bulk", body) for body in bodies]

        def told(_place: int, body: bytes) -> None:
            for result in json.loads(body).get("Operations", ()):
                if int(result["status"]) >= FAILED:
                    self._refused[int(result["status"])] += 1
                elif learn is not None:
                    learn(result)

        return self._driven(name, len(operations), requests, told, 1)

    def _requests(
        self, name: str, requests: Sequence[bytes], ids: dict[int, str] | None = None
    ) -> Phase:
        def told(place: int, body: bytes) -> None:
            if ids is not None:
                ids[place] = value_of(body, "id")

        return self._driven(name, len(requests), requests, told, CONNECTIONS)

    def _driven(
        self,
        name: str,
        count: int,
        requests: Iterable[bytes],
        told: Callable[[int, bytes], None],
        connections: int,
    ) -> Phase:
        server = self._server

        def work() -> Sample:
            return through(server.port, server.pids(), requests, told, connections=connections)

        return self._phase(name, count, work)

    def _phase(self, name: str, count: int, work: Callable[[], Sample]) -> Phase:
        time.sleep(SETTLE_SECONDS)
        self._refused.clear()
        before = self._aside.look().weights[-1]
        sample = work()
        failed = Counter(sample.failed) + self._refused
        return Phase(name, count, sample, self._aside.look(), before, failed)

    def _learn(self, result: Operation) -> None:
        self._ids[int(result["bulkId"])] = str(result["location"]).rpartition("/")[2]

    def _post(self, path: str, body: Operation) -> bytes:
        return self._server.request("POST", path, as_json(body))

    def _putting(self, n: int, *, later: bool) -> bytes:
        body = as_json(self._nation.user(n, later=later))
        return self._server.request("PUT", f"/Users/{self._ids[n]}", body)

    def _limits(self) -> tuple[int, int]:
        """Return how many operations and bytes a Bulk may have, as the server announces it."""
        announced = self._asked("/ServiceProviderConfig")["bulk"]
        return announced["maxOperations"], announced["maxPayloadSize"]

    def _verify(self) -> None:
        """Make sure that what was measured was done: a fast refusal is no sync."""
        for path, count in (("Users", len(self._ids)), ("Groups", self._nation.plan.groups)):
            told = self._asked(f"/{path}?count=0")["totalResults"]
            if told < count:
                raise RuntimeError(f"{told} of {count} {path} are there")

    def _asked(self, path: str) -> Operation:
        status, body = once(self._server.port, self._server.request("GET", path))
        if status >= FAILED:
            raise RuntimeError(f"GET {path} was answered {status}")
        told: Operation = json.loads(body)
        return told


def _creation(path: str, number: int, data: Operation) -> Operation:
    return {"method": "POST", "path": path, "bulkId": str(number), "data": data}


def _put(known: str, data: Operation) -> Operation:
    return {"method": "PUT", "path": f"/Users/{known}", "data": data}


def _parts(operations: Sequence[Operation], size: int) -> Iterator[list[Operation]]:
    rest = iter(operations)
    while part := list(itertools.islice(rest, size)):
        yield part


def _slept(pids: list[int]) -> Sample:
    before = cpu_seconds(pids)
    time.sleep(REST_SECONDS)
    return Sample(seconds=REST_SECONDS, cpu=cpu_seconds(pids) - before)
