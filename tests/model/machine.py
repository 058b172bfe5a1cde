"""Hypothesis chooses what brokers do; the twin says what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.model import bulk, compare, legs, restructuring, shutting
from tests.model.beginning import EVERYBODY, FIRST, GROUPS
from tests.model.chance import (
    asleep_at_first,
    blocked_at,
    clients,
    drafts,
    externals,
    group_names,
    member_ops,
    pairs,
    places,
    said,
    shut_at_first,
    some,
    ways,
    which,
)
from tests.model.rules import Said, World
from tests.model.twin import Twin
from tests.model.universe import PLACES, PLATFORM, Site
from tests.model.wire import ABSENT, Draft
from tests.model.wishes import Wanted, Wish, several
from tests.support.rounds import in_rounds


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

    @initialize(
        more=st.lists(st.tuples(clients, drafts()), max_size=2),
        asleep=asleep_at_first,
        shut=shut_at_first,
    )
    def begin(
        self,
        more: list[tuple[str, Draft]],
        asleep: int | None,
        shut: tuple[int, str | None] | None,
    ) -> None:
        """Start with people who have rights of every form, since chance alone makes few.

        Perhaps one client said that somebody is not active, and one of them is under a block.
        """
        for number, (client, draft) in enumerate([*FIRST, *more]):
            active = False if number == asleep else draft.active
            self.twin.do(self.twin.create(client, draft._replace(active=active)))
        for client, name, place in GROUPS:
            everybody = self.twin.world.seen_by(client)
            members = everybody if place is EVERYBODY else [self.person(client, place)]
            self.twin.do(self.twin.group(client, name, None, {*members}))
        if shut is not None:
            shutting.block_human(self.twin, self.person(PLATFORM, shut[0]), shut[1])

    @rule(client=clients, draft=drafts())
    def create(self, client: str, draft: Draft) -> None:
        """Register somebody."""
        self.twin.do(self.twin.create(client, draft))

    @rule(client=clients, number=which, draft=drafts())
    def replace(self, client: str, number: int, draft: Draft) -> None:
        """Say everything anew, as WebIDM does."""
        self.twin.do(self.twin.replace(client, self.person(client, number), draft))

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
        self.twin.do(self.twin.activate(client, self.person(client, number), active=active))

    @rule(client=clients, number=which, one=said())
    def affiliate(self, client: str, number: int, one: Said) -> None:
        """Add an affiliation."""
        self.twin.do(self.twin.affiliate(client, self.person(client, number), one))

    @rule(client=clients, number=which, at=places)
    def part(self, client: str, number: int, at: str) -> None:
        """Remove an affiliation."""
        self.twin.do(self.twin.part(client, self.person(client, number), at))

    @rule(client=clients, number=which)
    def delete(self, client: str, number: int) -> None:
        """Withdraw somebody."""
        self.twin.do(self.twin.delete(client, self.person(client, number)))

    @rule(client=clients, name=group_names, external=externals, members=some)
    def add_group(self, client: str, name: str, external: str | None, members: set[int]) -> None:
        """Make a group."""
        people = {self.person(client, m) for m in members}
        self.twin.do(self.twin.group(client, name, external, people))

    @rule(client=clients, number=which, name=group_names, members=some)
    def replace_group(self, client: str, number: int, name: str, members: set[int]) -> None:
        """Say everything of a group anew."""
        people = {self.person(client, m) for m in members}
        group = self.group(client, number)
        external = self.twin.external_of(group)
        self.twin.do(self.twin.regroup(client, group, name, external, people))

    @rule(
        client=clients,
        number=which,
        op=member_ops,
        members=st.sets(st.integers(0, 4), min_size=1, max_size=3),
    )
    def change_members(self, client: str, number: int, op: str, members: set[int]) -> None:
        """Change who is in a group."""
        people = {self.person(client, m) for m in members}
        self.twin.do(self.twin.member(client, self.group(client, number), op, people))

    @rule(client=clients, number=which)
    def delete_group(self, client: str, number: int) -> None:
        """Remove a group."""
        self.twin.do(self.twin.ungroup(client, self.group(client, number)))

    @rule(client=clients, wanted=several(), fail_on=st.sampled_from([None, None, 1, 2]))
    def do_several(self, client: str, wanted: list[Wish], fail_on: int | None) -> None:
        """Send several operations in one Bulk, some of which fail."""
        operations = Wanted(self.twin, client, wanted).operations()
        bulk.send(self.twin, client, operations, fail_on)

    @rule(client=clients, number=which, at=blocked_at)
    def block(self, client: str, number: int, at: str | None) -> None:
        """The platform blocks somebody, everywhere or at an institution."""
        shutting.block_human(self.twin, self.person(client, number), at)

    @rule(number=which, at=blocked_at)
    def unblock(self, number: int, at: str | None) -> None:
        """It lifts a block on somebody, mostly one that stands."""
        choice = [*shutting.standing(self.twin.world), (self.person(PLATFORM, number), at)]
        shutting.unblock_human(self.twin, *choice[number % len(choice)])

    @rule(at=places, shut=st.sampled_from([True, False, False]))
    def block_place(self, at: str, *, shut: bool) -> None:
        """The platform blocks an institution, or lifts that."""
        (shutting.block_place if shut else shutting.unblock_place)(self.twin, at)

    @rule(client=clients, number=which, kept=st.sampled_from(["name", "number", "external"]))
    def make_anew(self, client: str, number: int, kept: str) -> None:
        """Everybody forgets somebody, and its client registers it again under something it had."""
        person_id = self.person(client, number)
        person = self.twin.world.people.get(person_id)
        if person is None or client not in person.links:
            return
        was, insz = person.links[client], person.insz
        self.twin.do(self.twin.delete(PLATFORM, person_id))
        anew = Draft(
            was.name if kept == "name" else "anew",
            was.external if kept == "external" else None,
            True,
            tuple(was.affiliations),
            was.roles,
            was.entitled,
            was.organization,
            insz if kept == "number" else None,
        )
        self.twin.do(self.twin.create(client, anew))

    @rule(number=st.integers(0, 11), leg=which, how=ways)
    def take_away(self, number: int, leg: int, how: str) -> None:
        """One of those on whose word a right stands takes it back; others may still hold it."""
        rights = legs.rights(self.twin.world)
        if not rights:
            return
        right = rights[number % len(rights)]
        holders = legs.holders(self.twin.world, right)
        client, person = holders[leg % len(holders)], right.person
        if how == "deactivate":
            self.twin.do(self.twin.activate(client, person, active=False))
        elif how == "part":
            self.twin.do(self.twin.part(client, person, right.at))
        elif how == "delete":
            self.twin.do(self.twin.delete(client, person))
        else:
            self.twin.echo(client, person, ("roles", "entitlements"))

    @rule(passed=st.sampled_from([1, 3, 10]))
    def time_goes_by(self, passed: int) -> None:
        """Let affiliations begin and end."""
        self.twin.pass_days(passed)

    @rule(pair=pairs, passed=st.sampled_from([None, 0, 1, 3, 3]))
    def succeed(self, pair: tuple[str, str], passed: int | None) -> None:
        """One institution is succeeded by another, at once or from a day on."""
        old, new = pair
        on = None if passed is None else self.twin.world.today + timedelta(passed)
        restructuring.succeed(self.twin, old, new, on)

    @rule(number=which)
    def take_back(self, number: int) -> None:
        """The platform takes a succession back, mostly one that stands."""
        told = self.twin.world.successions
        choice = [*told.done, *told.planned, *PLACES]
        restructuring.take_back(self.twin, choice[number % len(choice)])

    @invariant()
    def both_tell_the_same(self) -> None:
        """Compare everything that can be read."""
        compare.all_alike(self.twin)

    def teardown(self) -> None:
        """Let the platform end everybody, and each client its groups: nothing may be left."""
        for person in self.twin.world.alive():
            self.twin.do(self.twin.delete(PLATFORM, person))
        for group_id, group in list(self.twin.world.groups.items()):
            self.twin.do(self.twin.ungroup(group.client, group_id))
        self.both_tell_the_same()


def run(
    site: Site, examples: int, steps: int, *, shrink: bool = True, chance: int | None = None
) -> None:
    """Run the machine against a service; raises when it and the model part.

    ``chance``: with the choices of this one, else with others each time.
    """

    class OnSite(Brokers):
        pass

    OnSite.site = staticmethod(lambda: site)
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    for number, histories in enumerate(in_rounds(examples)):
        run_state_machine_as_test(
            OnSite if chance is None else seed(f"{chance}, {number}")(OnSite),
            settings=settings(
                max_examples=histories,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=phases,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )


def parted(site: Site, examples: int, steps: int, chance: int) -> bool:
    """Tell whether the machine finds service and model apart.

    Perhaps only once, as the ids that the service draws are others each time.
    """
    try:
        run(site, examples, steps, shrink=False, chance=chance)
    except (AssertionError, Flaky):
        return True
    return False
