"""How many histories a state machine of Hypothesis plays before it begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

ROUND: Final = 9
"""From the tenth on, Hypothesis makes most histories by doubling a part of the one before, and
from a budget of ten on it cuts the first ones short."""


def in_rounds(histories: int) -> Iterator[int]:
    """Part so many histories into rounds in which each is drawn by itself.

    Left in one run, five of six repeat a step of another history instead of telling a new one:
    of 320 steps, 92 let time go by and two switched somebody off.
    """
    for begun in range(0, histories, ROUND):
        yield min(ROUND, histories - begun)
