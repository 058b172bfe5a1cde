"""Hypothesis chooses what brokers do; the twin says what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.model import compare
from tests.model.rules import BEHEERDER, ENTITLED, FLAT, GEBRUIKER, NAMES, TEXTS, Said, World
from tests.model.twin import ABSENT, Draft, Twin
from tests.model.universe import (
    CLIENTS,
    FIRST_DAY,
    NUMBERS,
    OLD,
    ONE,
    OPEN,
    PAY,
    PLACES,
    PLATFORM,
    TWO,
    Site,
)

clients: Final = st.sampled_from(CLIENTS)
names: Final = st.sampled_from(["an", "An", "bo", "cis"])
externals: Final = st.sampled_from([None, None, "e1", "e2"])
numbers: Final = st.sampled_from([None, *NUMBERS])
which: Final = st.integers(0, 5)
places: Final = st.sampled_from(PLACES)
days: Final = st.sampled_from([None, None, -10, 0, 3])
some: Final = st.sets(st.integers(0, 4), max_size=3)


AT_ONE: Final = f"{ONE}:{OPEN}"
AT_TWO: Final = f"{PAY}:{TWO}"
BOTH: Final = f"MijnOnderwijsPortaalGebruiker:{ONE}, {TWO}"
ASSISTANT: Final = f"MijnOnderwijsPortaalBeheerderAssistent:{ONE}"
SOON: Final = Said(TWO, BEHEERDER, None, FIRST_DAY + timedelta(3))


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


FIRST: Final = (
    ("one", Draft("an", "e1", True, (Said(ONE, GEBRUIKER),), (), (AT_ONE,), None, NUMBERS[0])),
    ("board", Draft("an", None, True, (), (f"beheerder:{ONE}",), (), None, NUMBERS[0])),
    ("two", Draft("bo", "e1", True, (SOON,), (), (AT_TWO,), None, NUMBERS[1])),
    ("old", Draft("bo", None, True, (Said(OLD, GEBRUIKER),), (), (), None, NUMBERS[1])),
    ("webidm", Draft("cis", "e2", True, (), (BOTH,), (AT_ONE,), None, NUMBERS[2])),
    ("webidm", Draft("an", None, True, (), (ASSISTANT,), (AT_ONE, AT_TWO))),
    ("one", Draft("cis", None, True, (), (), (AT_ONE,), ONE)),
)
GROUPS: Final = (
    ("one", f"MO_{ONE}_{OPEN}", 0),
    ("board", OPEN, 0),
    (PLATFORM, f"MO_{TWO}_{PAY}", 1),
    ("old", f"MO_{OLD}_{OPEN}", 0),
    ("two", f"mo_{TWO}_GEBRUIKER", 0),
)


class Brokers(RuleBasedStateMachine):
    """Several brokers at one service; after every step both tell the same."""

    site: Callable[[], Site]
    """Gives an empty service; set by the test that runs the machine."""

    def __init__(self) -> None:
        super().__init__()
        site = type(self).site()
        site.begin_anew()
        self.twin = Twin(site, World(site.day))

    def person(self, client: str, number: int) -> str:
        """Choose somebody: mostly whom the client sees, else anybody or nobody."""
        world = self.twin.world
        choice = [*world.seen_by(client), *world.people, ABSENT]
        return choice[number % len(choice)]

    def group(self, client: str, number: int) -> str:
        """Choose a group: mostly one that the client sees."""
        choice = [*self.twin.world.groups_seen_by(client), *self.twin.world.groups, ABSENT]
        return choice[number % len(choice)]

    @initialize(several=st.lists(st.tuples(clients, drafts()), max_size=2))
    def begin(self, several: list[tuple[str, Draft]]) -> None:
        """Start with people who have rights of every form, since chance alone makes few."""
        for client, draft in [*FIRST, *several]:
            self.twin.create(client, draft)
        for client, name, place in GROUPS:
            self.twin.group(client, name, None, {self.person(client, place)})

    @rule(client=clients, draft=drafts())
    def create(self, client: str, draft: Draft) -> None:
        """Register somebody."""
        self.twin.create(client, draft)

    @rule(client=clients, number=which, draft=drafts())
    def replace(self, client: str, number: int, draft: Draft) -> None:
        """Say everything anew, as WebIDM does."""
        self.twin.replace(client, self.person(client, number), draft)

    @rule(
        client=clients,
        number=which,
        dropped=st.sampled_from([(), ("roles",), ("entitlements",), ("roles", "entitlements")]),
    )
    def put_back(self, client: str, number: int, dropped: tuple[str, ...]) -> None:
        """Read, change one thing, put the rest back."""
        self.twin.echo(client, self.person(client, number), dropped)

    @rule(client=clients, number=which, active=st.booleans())
    def switch(self, client: str, number: int, *, active: bool) -> None:
        """Deactivate or activate."""
        self.twin.activate(client, self.person(client, number), active=active)

    @rule(client=clients, number=which, one=said())
    def affiliate(self, client: str, number: int, one: Said) -> None:
        """Add an affiliation."""
        self.twin.affiliate(client, self.person(client, number), one)

    @rule(client=clients, number=which, at=places)
    def part(self, client: str, number: int, at: str) -> None:
        """Remove an affiliation."""
        self.twin.part(client, self.person(client, number), at)

    @rule(client=clients, number=which)
    def delete(self, client: str, number: int) -> None:
        """Withdraw somebody."""
        self.twin.delete(client, self.person(client, number))

    @rule(client=clients, name=st.sampled_from(list(NAMES)), external=externals, members=some)
    def add_group(self, client: str, name: str, external: str | None, members: set[int]) -> None:
        """Make a group."""
        self.twin.group(client, name, external, {self.person(client, m) for m in members})

    @rule(client=clients, number=which, name=st.sampled_from(list(NAMES)), members=some)
    def replace_group(self, client: str, number: int, name: str, members: set[int]) -> None:
        """Say everything of a group anew."""
        people = {self.person(client, m) for m in members}
        self.twin.regroup(client, self.group(client, number), name, people)

    @rule(
        client=clients,
        number=which,
        op=st.sampled_from(["add", "add", "remove", "replace"]),
        members=st.sets(st.integers(0, 4), min_size=1, max_size=3),
    )
    def change_members(self, client: str, number: int, op: str, members: set[int]) -> None:
        """Change who is in a group."""
        people = {self.person(client, m) for m in members}
        self.twin.member(client, self.group(client, number), op, people)

    @rule(client=clients, number=which)
    def delete_group(self, client: str, number: int) -> None:
        """Remove a group."""
        self.twin.ungroup(client, self.group(client, number))

    @rule(passed=st.sampled_from([1, 3, 10]))
    def time_goes_by(self, passed: int) -> None:
        """Let affiliations begin and end."""
        self.twin.pass_days(passed)

    @invariant()
    def both_tell_the_same(self) -> None:
        """Compare everything that can be read."""
        compare.all_alike(self.twin)

    def teardown(self) -> None:
        """Let the platform end everybody, and each client its groups: nothing may be left."""
        for person in self.twin.world.alive():
            self.twin.delete(PLATFORM, person)
        for group_id, group in list(self.twin.world.groups.items()):
            self.twin.ungroup(group.client, group_id)
        self.both_tell_the_same()


def run(site: Site, examples: int, steps: int, *, shrink: bool = True, fixed: bool = True) -> None:
    """Run the machine against a service; raises when it and the model part.

    ``fixed``: with the same choices each time.
    """

    class OnSite(Brokers):
        pass

    OnSite.site = staticmethod(lambda: site)
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        OnSite,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=fixed,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def parted(site: Site, examples: int, steps: int) -> bool:
    """Tell whether the machine finds service and model apart."""
    try:
        run(site, examples, steps, shrink=False)
    except AssertionError:
        return True
    return False
