"""What came of the checks: one outcome each, and the suites as one Markdown page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of a check.

    ``disputed``: it fails, and the list itself says why the check is wrong or goes beyond the RFC.
    ``left_out``: it asks for something that the service does not offer, or that HTTP cannot show.
    """

    passed = "passed"
    failed = "failed"
    disputed = "disputed"
    left_out = "left out"


@dataclass(frozen=True)
class Check:
    """One check and what came of it; a reason unless it passed."""

    name: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Suite:
    """All checks of one judge, in the order in which they were made."""

    title: str
    version: str
    checks: Sequence[Check]

    def count(self, outcome: Outcome) -> int:
        """Return how many checks ended so."""
        return sum(check.outcome is outcome for check in self.checks)

    @property
    def failures(self) -> list[str]:
        """Every failed check with its reason, as lines."""
        return [
            f"{check.name}: {check.reason}"
            for check in self.checks
            if check.outcome is Outcome.failed
        ]


def numbered(checks: Iterable[Check]) -> Iterator[Check]:
    """Give checks of one name a number, so that each can be named."""
    seen: Counter[str] = Counter()
    for check in checks:
        seen[check.name] += 1
        times = seen[check.name]
        name = check.name if times == 1 else f"{check.name} ({times})"
        yield Check(name, check.outcome, check.reason)


HEADING = """# SCIM conformance

Written by `make conformance`; change the lists in [conformance/](../../conformance/README.md), not
this page. It holds no date and no address, so that a difference is a difference in behaviour.

*Disputed*: the check fails and is wrong or asks more than the RFC; the reason is below. *Left out*:
it asks for something that the service says it does not offer, or that HTTP cannot show.
"""


def page(suites: Sequence[Suite]) -> str:
    """Write the table of suites, and below it every check that did not pass."""
    rows = [
        "| suite | version | checks | passed | failed | disputed | left out |",
        "|---|---|--:|--:|--:|--:|--:|",
        *map(_row, suites),
    ]
    notes = [line for suite in suites for line in _notes(suite)]
    return "\n".join([HEADING, *rows, *notes, ""])


def _row(suite: Suite) -> str:
    counts = " | ".join(str(suite.count(outcome)) for outcome in Outcome)
    return f"| {suite.title} | {suite.version} | {len(suite.checks)} | {counts} |"


def _notes(suite: Suite) -> list[str]:
    open_ones = [check for check in suite.checks if check.outcome is not Outcome.passed]
    if not open_ones:
        return []
    rows = [
        f"| {_cell(check.name)} | {check.outcome} | {_cell(check.reason)} |" for check in open_ones
    ]
    return ["", f"## {suite.title}", "", "| check | outcome | reason |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
