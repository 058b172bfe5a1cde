"""Patterns of group names: their parts, and whether a name exists that two of them read.

A pattern becomes a small automaton; two overlap when both accept one name, which is searched
for by walking the two side by side. ``{theme}`` is any text, ``{institution}`` digits or a known
code, ``{role}`` one of the words for a role.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_ANY: Final = "any"
_DIGIT: Final = "digit"


def places(pattern: str) -> list[str]:
    """Return the names of the places of a pattern, in order."""
    return _PLACE.findall(pattern)


def literals(pattern: str) -> list[str]:
    """Return the fixed texts around the places of a pattern, empty ones included."""
    return _PLACE.split(pattern)[::2]


def expression(pattern: str, words: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """Return what reads a whole name by a pattern, without case; a group for each place.

    ``words`` holds by place what it may be beside digits (institution) and any text (theme).
    """
    parts = [
        _group(part, words.get(part, ())) if index % 2 else re.escape(part)
        for index, part in enumerate(_PLACE.split(pattern))
    ]
    return re.compile("".join(parts), re.IGNORECASE)


def _group(name: str, words: Iterable[str]) -> str:
    """Write a place as a group; one that is unknown stands for itself."""
    free = {"institution": "[0-9]+", "theme": ".+"}
    told = [*filter(None, [free.get(name)]), *(re.escape(word) for word in words)]
    return f"(?P<{name}>{'|'.join(told)})" if name in {*free, "role"} else re.escape(f"{{{name}}}")


class _Automaton:
    """States are numbers; ``steps`` holds (label, next state) and a label is a sign or a class."""

    def __init__(self, pattern: str, words: Mapping[str, Iterable[str]]) -> None:
        self.steps: list[list[tuple[str, int]]] = [[]]
        self.last = 0
        for index, part in enumerate(_PLACE.split(pattern)):
            if index % 2 == 0:
                self._text(part)
            else:
                self._place(part, words.get(part, ()))

    def _state(self) -> int:
        self.steps.append([])
        return len(self.steps) - 1

    def _text(self, text: str) -> None:
        for sign in text.lower():
            state = self._state()
            self.steps[self.last].append((sign, state))
            self.last = state

    def _place(self, name: str, words: Iterable[str]) -> None:
        begin, end = self.last, self._state()
        known: dict[tuple[int, str], int] = {}
        for word in {word.lower() for word in words}:
            self.steps[self._along(begin, word[:-1], known)].append((word[-1], end))
        if name != "role":
            self._many(_DIGIT if name == "institution" else _ANY, begin, end)
        self.last = end

    def _along(self, state: int, text: str, known: dict[tuple[int, str], int]) -> int:
        """Walk a text from a state; words that begin alike share their way (there may be many)."""
        for sign in text:
            if (state, sign) not in known:
                known[state, sign] = self._state()
                self.steps[state].append((sign, known[state, sign]))
            state = known[state, sign]
        return state

    def _many(self, label: str, begin: int, end: int) -> None:
        """Accept one or more; the loop is apart from ``end``, where other words arrive too."""
        loop = self._state()
        self.steps[begin] += [(label, loop), (label, end)]
        self.steps[loop] += [(label, loop), (label, end)]


def common(one: str, other: str, words: Mapping[str, Iterable[str]]) -> str | None:
    """Return a name that both patterns read, None when there is none."""
    left, right = _Automaton(one, words), _Automaton(other, words)
    seen, waiting = {(0, 0)}, deque([(0, 0, "")])
    while waiting:
        at, beside, name = waiting.popleft()
        if (at, beside) == (left.last, right.last):
            return name
        for label, to in left.steps[at]:
            for label_too, to_too in right.steps[beside]:
                sign = _both(label, label_too)
                if sign is not None and (to, to_too) not in seen:
                    seen.add((to, to_too))
                    waiting.append((to, to_too, name + sign))
    return None


def _both(one: str, other: str) -> str | None:
    """Return a sign that both labels accept."""
    for label, beside in ((one, other), (other, one)):
        if len(label) == 1:
            accepts = beside in {label, _ANY} or (beside == _DIGIT and label in "0123456789")
            return label if accepts else None
    return "9" if _DIGIT in {one, other} else "x"
