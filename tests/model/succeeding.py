"""Who succeeds whom, and what follows for bounds and rights (ruling 10; design section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tests.model.universe import BOARD, BOARDS, BOUND, NEW, OLD, PLACES, PLATFORM

EVERYWHERE: Final = frozenset({BOARD, *PLACES})


@dataclass
class Successions:
    """Which institution another succeeded, by now or on a day to come."""

    done: dict[str, str] = field(default_factory=lambda: {OLD: NEW})
    planned: dict[str, tuple[str, date]] = field(default_factory=dict)

    def lineage(self, at: str) -> set[str]:
        """Return a place with all that it succeeded."""
        return {place for place in EVERYWHERE if at in {place, *_after(place, self.done)}}

    def later(self, at: str) -> set[str]:
        """Return who succeeded a place, and who those."""
        return {*_after(at, self.done)}

    def scope(self, client: str) -> frozenset[str]:
        """Return where a client may act; a platform client everywhere."""
        return EVERYWHERE if client == PLATFORM else self.reach(BOUND[client])

    def reach(self, bound: Iterable[str]) -> frozenset[str]:
        """Return where one may act who is bound to these: there, at the schools of a board, later.

        A board that another succeeds hands its schools on.
        """
        mine = {*bound}
        mine |= {later for place in mine for later in self.later(place)}
        mine |= {school for school, board in BOARDS.items() if board in mine}
        return frozenset(mine | {later for place in mine for later in self.later(place)})

    def home(self, client: str) -> str | None:
        """Return where a role or theme without institution counts: the only one of a client."""
        mine = [] if client == PLATFORM else [*self.scope(client)]
        return mine[0] if len(mine) == 1 else None

    def refuses(self, old: str, new: str, on: date | None, today: date) -> bool:
        """Tell whether a plan comes where a succession happened, or all would form a circle."""
        if old in self.done and on is not None and on > today:
            return True
        known = {place: new for place, (new, _) in self.planned.items()} | self.done | {old: new}
        return old in _after(old, known)

    def succeed(self, old: str, new: str, on: date | None, today: date) -> None:
        """Let one succeed the other, in place of what was said of it before."""
        self.take_back(old)
        if on is not None and on > today:
            self.planned[old] = new, on
        else:
            self.done[old] = new

    def take_back(self, old: str) -> None:
        """Let a place have no successor, now or to come."""
        self.done.pop(old, None)
        self.planned.pop(old, None)

    def come(self, today: date) -> None:
        """Let happen whatever was planned for a day until today."""
        for old, (new, on) in [*self.planned.items()]:
            if on <= today:
                self.succeed(old, new, None, today)


def _after(at: str, successor: Mapping[str, str]) -> Iterator[str]:
    """Yield who comes after a place, in order, until nobody or a circle."""
    seen: set[str] = set()
    here = successor.get(at)
    while here is not None and here not in seen:
        seen.add(here)
        yield here
        here = successor.get(here)
