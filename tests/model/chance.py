"""What chance chooses of: who, whom, where, when, and whole users."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Final

from hypothesis import strategies as st

from tests.model.beginning import FIRST
from tests.model.rules import BEHEERDER, ENTITLED, FLAT, GEBRUIKER, NAMES, TEXTS, Said
from tests.model.universe import CLIENTS, FIRST_DAY, NUMBERS, ONE, PLACES
from tests.model.wire import Draft

clients: Final = st.sampled_from(CLIENTS)
names: Final = st.sampled_from(["an", "An", "bo", "cis"])
externals: Final = st.sampled_from([None, None, "e1", "e2"])
numbers: Final = st.sampled_from([None, *NUMBERS])
which: Final = st.integers(0, 5)
places: Final = st.sampled_from(PLACES)
pairs: Final = st.sampled_from([*permutations(PLACES, 2), (ONE, ONE)])
blocked_at: Final = st.sampled_from([None, None, *PLACES])
asleep_at_first: Final = st.one_of(st.none(), st.none(), st.integers(0, len(FIRST) - 1))
shut_at_first: Final = st.one_of(st.none(), st.none(), st.tuples(st.integers(0, 2), blocked_at))
days: Final = st.sampled_from([None, None, -10, 0, 3])
some: Final = st.sets(st.integers(0, 4), max_size=3)
group_names: Final = st.sampled_from(list(NAMES))
ways: Final = st.sampled_from(["deactivate", "deactivate", "delete", "delete", "drop", "part"])
member_ops: Final = st.sampled_from(["add", "add", "remove", "replace"])


@st.composite
def said(draw: st.DrawFn) -> Said:
    """Draw an affiliation around the first day."""
    start, end = draw(days), draw(days)
    if start is not None and end is not None and end < start:
        start, end = end, start
    begin, until = (None if d is None else FIRST_DAY + timedelta(d) for d in (start, end))
    return Said(draw(places), draw(st.sampled_from([GEBRUIKER, BEHEERDER])), begin, until)


def texts(of: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw at most two texts."""
    return st.lists(st.sampled_from(of), max_size=2, unique=True).map(tuple)


@st.composite
def drafts(draw: st.DrawFn, *, insz: bool = True) -> Draft:
    """Draw a whole user; most say rights in one form only."""
    form = draw(st.sampled_from(["affiliations", "roles", "organization", "both", "none"]))
    several = form in {"affiliations", "both"}
    flat = form in {"roles", "both"}
    return Draft(
        draw(names),
        draw(externals),
        draw(st.sampled_from([None, True, True, False])),
        tuple(draw(st.lists(said(), max_size=2))) if several else (),
        draw(texts([*TEXTS, FLAT])) if flat else (),
        draw(texts(list(ENTITLED))),
        draw(st.sampled_from([ONE, "De Linde"])) if form == "organization" else None,
        draw(numbers) if insz else None,
    )
