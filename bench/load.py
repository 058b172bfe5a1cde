"""Drive real servers over HTTP, in turn, and write the table: ``python -m bench.load``.

Ours with one and two workers on SQLite (and PostgreSQL with ``--postgres``), scim2-server's own
server and SCIMMY, each with the same requests from the same generator; the anchor is measured
beside every stretch, so that what else the machine does hits both.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import databases, report, servers
from bench.drive import Sample, load, pss
from bench.populate import Side, add_groups, fill_ours, fill_peer
from bench.servers import Server
from bench.work import Work, rows

SIZES: Final = (10, 1_000, 10_000, 100_000)
FRESH: Final = 100_000_000
PEER_PEOPLE: Final = 10_000
PEER_GROUP: Final = 1_000


@dataclass
class Cell:
    """All stretches of one kind of work on one server."""

    samples: list[Sample] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def line(self, work: str, name: str) -> str:
        """Return the row of the table; medians over the rounds."""

        def middle(values: list[float]) -> float:
            return statistics.median(values)

        failed = sum((Counter(sample.failed) for sample in self.samples), Counter[int]())
        done = sum(len(sample.times) for sample in self.samples)
        cells = (
            f"{middle([s.rate for s in self.samples]):,.1f}",
            f"{middle(self.ratios):.3f}",
            f"{middle([s.cost for s in self.samples]):,.0f}",
            f"{middle([s.quantile(0.5) for s in self.samples]):,.1f}",
            f"{middle([s.quantile(0.99) for s in self.samples]):,.1f}",
            report.failures(failed, done),
        )
        return f"| {work} | {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure and write the page."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="mo-bench-") as folder, ExitStack() as stack:
        unit = stack.enter_context(servers.anchor())
        sides = list(_sides(chosen, Path(folder), stack))
        lines = [report.HEAD]
        for work in rows(tuple(n for n in SIZES if n <= chosen.people)):
            if chosen.only not in work.name:
                continue
            cells = _measure(work, sides, unit, chosen)
            lines.extend(cell.line(work.name, name) for name, cell in cells.items())
            _tell("\n".join(lines[-len(cells) :] if cells else []))
        memory = [(side.server.name, pss(side.server.pids())) for side in sides]
    if not chosen.only:
        report.write(chosen.output, chosen, lines, memory)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--peer-people", type=int, default=PEER_PEOPLE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    databases.add_to(parser)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--only", default="", help="rows with this in their name; writes nothing")
    parser.add_argument("--output", type=Path, default=Path("docs/performance.md"))
    return parser.parse_args()


def _sides(chosen: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Side]:
    """Fill and start every server; those with the same database see the same people."""
    sides: list[Side] = []
    sizes = tuple(n for n in SIZES if n <= chosen.people)
    for engine, fresh in databases.chosen(chosen.postgres, folder, stack):
        url = fresh()
        _tell(f"registering {chosen.people:,} people on {engine}")
        token, ids = fill_ours(folder, url, chosen.people)
        databases.rested(url)
        env = {"MO_VAR": str(folder), "MO_DATABASE_URL": url}
        env["MO_SCIM_REQUESTS_PER_SECOND"] = "1000000"
        groups: dict[int, str] = {}
        for workers in (1, 2):
            name = f"ours, {workers} worker{'s' * (workers > 1)}, {engine}"
            server = stack.enter_context(servers.ours(name, env, token, workers))
            side = Side(server, ids, groups)
            if not groups:
                add_groups(side, sizes)
            sides.append(side)
    if not chosen.no_peers:
        sides.extend(_peers(chosen, folder, stack))
    for number, side in enumerate(sides, start=1):
        # Several servers share a database: nobody makes the same userName.
        side.fresh = itertools.count(number * FRESH)
    return sides


def _peers(chosen: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Side]:
    count = min(chosen.people, chosen.peer_people)
    found: list[Server | None] = [
        stack.enter_context(servers.scim2_server()),
        stack.enter_context(servers.scimmy(folder)),
    ]
    sides = []
    for server in filter(None, found):
        _tell(f"registering {count:,} people at {server.name}")
        side = Side(server, fill_peer(server, count))
        add_groups(side, tuple(n for n in SIZES if n <= min(count, PEER_GROUP)))
        sides.append(side)
    return sides


def _measure(
    work: Work, sides: list[Side], unit: Server, chosen: argparse.Namespace
) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for _ in range(chosen.rounds):
        for side in sides:
            try:
                make = work.make(side)
                make()
            except KeyError:
                continue  # a peer has no group of this size
            anchored = _stretch(unit, lambda: unit.request("GET", "/hello"), 16, chosen.seconds / 2)
            sample = _stretch(side.server, make, work.connections, chosen.seconds)
            cell = cells.setdefault(side.server.name, Cell())
            cell.samples.append(sample)
            cell.ratios.append(sample.rate / anchored.rate)
    return cells


def _stretch(server: Server, make: object, connections: int, seconds: float) -> Sample:
    """Load the server; where one request takes longer than the stretch, that one is the sample."""
    assert callable(make)  # noqa: S101 - a maker of requests
    first = load(server.port, server.pids(), make, seconds=0.001, connections=1)
    if first.seconds > seconds:
        return first
    return load(server.port, server.pids(), make, seconds=seconds, connections=connections)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
