"""Who and what there is in a made-up nation: told by number, so that nothing has to be kept.

The same numbers and the same seed give the same nation. Institutions have the numbers 900001 to
999999, which no real one has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

FIRST_NUMBER: Final = 900_001
FEWEST_INSTITUTIONS: Final = 2
"""A board and its school."""
MOST_INSTITUTIONS: Final = 99_999
MOST_PEOPLE: Final = 900_000
"""As many as there are made-up numbers of people (``person``)."""
SCHOOLS_OF_A_BOARD: Final = 5
PEOPLE: Final = 250_000
AT_ONE: Final = 50
MOST_BOARDS: Final = 20
PLACES_OF_ONE: Final = 4
ONE_IN: Final = 12
"""One in so many of a school is a member of one of its groups."""
Group = tuple[str, tuple[int, ...]]
"""What a group is called, and the numbers of its members."""


@dataclass(frozen=True, slots=True)
class Nation:
    """How much there is of everything; ``of`` keeps the proportions of the load we are made for.

    ``affiliations`` are those that the government's broker says, one or more for each person;
    ``groups`` those that it makes, ``largest`` the members of the one of no institution. The first
    ``crowd`` people are all at the first school. ``boards`` brokers of a board say once more what
    they know of their own people. Raises ``ValueError`` where it does not add up.
    """

    people: int
    institutions: int
    affiliations: int
    groups: int
    largest: int
    crowd: int
    boards: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for holds, problem in (
            (self.institutions >= FEWEST_INSTITUTIONS, "institutions: two at least"),
            (self.institutions <= MOST_INSTITUTIONS, "institutions: 99,999 at most"),
            (1 <= self.people <= MOST_PEOPLE, f"people: from 1 to {MOST_PEOPLE:,}"),
            (
                self.people <= self.affiliations <= PLACES_OF_ONE * self.people,
                f"affiliations: from one for each person to {PLACES_OF_ONE}",
            ),
            (0 <= self.largest <= self.people, "the largest group: no more than there are people"),
            (0 <= self.crowd <= self.people, "at one school: no more than there are people"),
            (self.groups >= 0, "groups: none or more"),
            (0 <= self.boards <= self.governing, f"boards' brokers: from 0 to {self.governing}"),
        ):
            if not holds:
                raise ValueError(problem)

    @classmethod
    def of(
        cls, people: int = PEOPLE, places: int | None = None, *, crowd: int = 0, seed: int = 1
    ) -> Self:
        """Give so many people as much of everything as 250,000 have at the design load."""
        institutions = max(FEWEST_INSTITUTIONS, people // AT_ONE) if places is None else places
        return cls(
            people=people,
            institutions=institutions,
            affiliations=people * 6 // 5,
            groups=people * 2 // 5,
            largest=people * 2 // 5,
            crowd=crowd,
            boards=min(MOST_BOARDS, _governing(institutions)),
            seed=seed,
        )

    @property
    def governing(self) -> int:
        """How many of the institutions are boards; they come first."""
        return _governing(self.institutions)

    @property
    def schools(self) -> int:
        """How many are schools."""
        return self.institutions - self.governing

    def number(self, place: int) -> str:
        """Return the number of an institution, boards first."""
        return str(FIRST_NUMBER + place)

    def school(self, place: int) -> str:
        """Return the number of a school, beginning anew behind the last."""
        return self.number(self.governing + place % self.schools)

    def board_of(self, place: int) -> str:
        """Return the number of the board of a school."""
        return self.number(place % self.schools % self.governing)

    def home(self, n: int) -> int:
        """Return the school that a person is at first of all."""
        return 0 if n < self.crowd else n % self.schools

    def staff(self, place: int) -> Iterator[int]:
        """Yield who is at a school first of all."""
        if place == 0:
            yield from range(self.crowd)
        skipped = -(-max(0, self.crowd - place) // self.schools)
        yield from range(place + skipped * self.schools, self.people, self.schools)

    def leads(self, n: int) -> bool:
        """Tell whether a person is beheerder: the first of each school is."""
        return n == 0 or (n >= self.crowd > n - self.schools and (n % self.schools != 0))

    def places(self, n: int) -> list[str]:
        """Return where a person is something: at home first, then at other schools and boards."""
        extra = self.affiliations - self.people
        more = (n + 1) * extra // self.people - n * extra // self.people
        home = self.home(n)
        others = [self.school(home + turn) for turn in range(1, PLACES_OF_ONE)]
        if n % 10 == 0:
            others.insert(0, self.board_of(home))
        return list(dict.fromkeys([self.school(home), *others]))[: 1 + more]

    def group(self, turn: int, slugs: tuple[str, ...]) -> Group:
        """Return a group of the government's broker: for each theme at a school, and more."""
        place, kind = turn % self.schools, turn // self.schools
        number, staff = self.school(place), self.staff(place)
        if kind < len(slugs):
            part = tuple(n for j, n in enumerate(staff) if (j + kind) % ONE_IN == 0)
            return f"MO_{number}_{slugs[kind]}", part
        if kind == len(slugs):
            return f"MO_{number}_beheerder", tuple(n for n in staff if self.leads(n))
        return f"Werkgroep {kind - len(slugs)} van {number}", tuple(n for n in staff if n % 30 == 0)

    def of_board(self, board: int) -> Iterator[int]:
        """Yield the schools of a board."""
        return iter(range(board, self.schools, self.governing))


def _governing(institutions: int) -> int:
    return max(1, institutions // (SCHOOLS_OF_A_BOARD + 1))
