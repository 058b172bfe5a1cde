"""Tells the story: steps with numbers, what went over the wire, what was checked."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

import requests

from mo_demo.process import DemoError


class StepFailed(DemoError):
    """A step of the story did not go as told; the text names the step and the reason."""


@dataclass
class Narrator:
    """Writes the story as it happens."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    count: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step; what goes wrong inside becomes a StepFailed that names it."""
        self.count += 1
        self.line(f"\n{self.count:2}. {title}")
        try:
            yield
        except StepFailed:
            raise
        except (DemoError, requests.RequestException, LookupError) as error:
            message = f"Step {self.count} failed: {title}\n    {error}"
            raise StepFailed(message) from error

    def line(self, text: str = "") -> None:
        """Write one line at once, also into a pipe."""
        self.out.write(f"{text}\n")
        self.out.flush()

    def wire(self, lines: Iterable[object]) -> None:
        """Tell what went over the wire."""
        for line in lines:
            self.line(f"      {line}")

    def check(self, claim: str, *, holds: bool, seen: object = "") -> None:
        """Tell what was checked; DemoError with what was seen instead when it does not hold."""
        if not holds:
            message = f"expected: {claim}; seen: {seen}"
            raise DemoError(message)
        self.line(f"    + {claim}")
