"""What the sync bench saw, as tables: a phase in a row, and what more people would take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bench import report
from bench.aside import Seen
from bench.drive import Sample

NATION: Final = 250_000
FLAT: Final = 1.2
"""Costs that differ by no more than this, from one size to another, count as the same."""
KINDS: Final = ("GET", "evaluation", "write", "sign-in")
HEAD: Final = (
    "| phase | how many | s | per s | CPU us each | GET p50 / p99 ms | evaluation | write "
    "| sign-in | MiB before / most | failed |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True)
class Phase:
    """One phase: its own requests, what the other client saw, and the server's weight before."""

    name: str
    count: int
    sample: Sample
    seen: Seen
    before: float
    failed: Counter[int]

    @property
    def cost(self) -> float:
        """CPU microseconds of the server for each, the other client's requests included."""
        return self.sample.cpu * 1e6 / self.count if self.count else 0.0

    def line(self) -> str:
        """Return the row of the table."""
        waits = [
            f"{self.seen.quantile(kind, 0.5):,.1f} / {self.seen.quantile(kind, 0.99):,.1f}"
            for kind in KINDS
        ]
        rate = self.count / self.sample.seconds
        failed = self.failed + Counter(self.seen.failed)
        cells = (
            *(f"{self.count:,}", f"{self.sample.seconds:,.1f}", f"{rate:,.0f}"),
            *(f"{self.cost:,.0f}", *waits),
            f"{self.before:,.0f} / {max(self.seen.weights):,.0f}",
            report.failures(failed, self.count),
        )
        return f"| {self.name} | {' | '.join(cells)} |"


@dataclass(frozen=True)
class Run:
    """The phases of one way to sync so many people, on one engine."""

    engine: str
    people: int
    way: str
    phases: list[Phase] = field(default_factory=list)


def value_of(body: bytes, name: str) -> str:
    """Return a member of a JSON answer; says the answer when it is not there."""
    try:
        return str(json.loads(body)[name])
    except (ValueError, KeyError) as fault:
        raise RuntimeError(f"no {name} in the answer {body[:300]!r}") from fault


def section(runs: Iterable[Run], command: str) -> list[str]:
    """Return the section of the page."""
    known = list(runs)
    return [*_intro(command), *(line for run in known for line in _table(run)), *_sizes(known)]


def _intro(command: str) -> list[str]:
    return [
        "## A first sync and the nightly ones",
        "",
        (
            f"`{command}`: for N people N/50 institutions, 1.2 N affiliations, N/30 groups and "
            "N/6 memberships (`mo-access dev generate` makes the same people), into an empty "
            "database; Bulks as large as announced on one connection, single requests on four. "
            "Meanwhile another client reads a user and asks "
            "for a decision ten times a second each, and writes four times a second, on a new "
            "connection each time and by the clock: its waits include the queue. Twice a second "
            "somebody signs in, to a provider on this machine and back. All that is "
            "in the CPU. MiB: PSS of the workers and their parent, before and at most."
        ),
        "",
        report.machine(),
    ]


def _table(run: Run) -> Iterator[str]:
    yield from ("", f"**{run.people:,} people {run.way}, {run.engine}**", "", HEAD)
    yield from (phase.line() for phase in run.phases)
    first = [phase for phase in run.phases if phase.name.startswith("first sync")]
    seconds = sum(phase.sample.seconds for phase in first)
    cost = sum(phase.sample.cpu for phase in first) * 1e6 / run.people
    rate = run.people / seconds
    yield (
        f"| first sync, all of it, for each person | {run.people:,} | {seconds:,.1f} "
        f"| {rate:,.0f} | {cost:,.0f} | | | | | | |"
    )


def _sizes(runs: list[Run]) -> Iterator[str]:
    """Compare the smallest size with the largest, and scale what stayed the same."""
    small, large = min(r.people for r in runs), max(r.people for r in runs)
    if small == large:
        return
    yield from (
        "",
        (
            f"Does one cost the same at {large:,} people as at {small:,}? Where it does, within "
            f"{FLAT - 1:.0%}, what {NATION:,} would take:"
        ),
        "",
        f"| phase | CPU us at {small:,} | at {large:,} | ratio | minutes for {NATION:,} people |",
        "|---|---:|---:|---:|---:|",
    )
    for run in runs:
        twin = next((r for r in runs if _alike(r, run) and r.people == small), None)
        if run.people == large and twin is not None:
            pairs = zip(twin.phases[1:], run.phases[1:], strict=True)
            yield from (_compared(run, *pair) for pair in pairs)


def _alike(one: Run, other: Run) -> bool:
    return (one.engine, one.way) == (other.engine, other.way)


def _compared(run: Run, small: Phase, large: Phase) -> str:
    ratio = large.cost / small.cost
    minutes = large.sample.seconds / 60 * NATION / run.people
    told = f"{minutes:,.1f}" if ratio <= FLAT else "not flat"
    name = f"{large.name} ({run.way}, {run.engine})"
    return f"| {name} | {small.cost:,.0f} | {large.cost:,.0f} | {ratio:.2f} | {told} |"
