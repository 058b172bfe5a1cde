"""Hypothesis chooses who says what and who signs in; plain rules say what may come of it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mo_access.domain.errors import AccessError, Conflict
from mo_access.domain.model import GroupDraft, MemberChange
from mo_access.service import blocks, clients, groups, people, sign_in
from tests.security.takeover_rules import NEW, REFUSED, Register, Told
from tests.security.takeover_seen import WAYS, Opened, Seen, Session, look
from tests.security.takeover_world import (
    AT,
    CLIENTS,
    HOSTILE,
    HUMANS,
    LIARS,
    PLATFORM,
    SHARED,
    TRUTHFUL,
    UNKNOWN_TO_PROVIDER,
    UNTRUSTED,
    Claims,
    Ground,
    Number,
    Words,
    arrival,
    draft,
)
from tests.support.rounds import in_rounds

humans: Final = st.sampled_from(HUMANS)
anybody: Final = st.sampled_from((None, *HUMANS))
which: Final = st.integers(0, 5)
active: Final = st.sampled_from((True, True, True, True, False))
numbers: Final[st.SearchStrategy[Number]] = st.sampled_from(("keep", None, *HUMANS, *HUMANS))
beside: Final = st.sampled_from((None,) * 7 + ("900002", "900004"))
lies: Final = st.builds(Words, anybody, anybody, numbers, anybody, active, beside)
liars: Final = st.sampled_from((HOSTILE, HOSTILE, UNTRUSTED))


knowing: Final = st.one_of(
    humans.map(lambda human: Words(human, human, human)),
    humans.map(lambda human: Words(human, None, "keep", human)),
    humans.map(lambda human: Words(human, human)),
)
"""An honest client knows somebody by number, by the subject at the provider, or by externalId."""


@st.composite
def truths(draw: st.DrawFn) -> Words:
    """Draw what an honest client says of one human, as much as it knows."""
    human = draw(humans)
    more = [draw(st.sampled_from((human, None))) for _ in range(2)]
    number: Number = draw(st.sampled_from((human, human, None, "keep")))
    return Words(human, more[0], number, more[1], draw(active))


class Takeover(RuleBasedStateMachine):
    """Clients write, people sign in; after each step all that anybody sees is judged."""

    ground: ClassVar[Ground]
    """Where it happens; set by the test that runs the machine."""
    happened: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).ground
        self.leave = self.world.history()
        self.leave.__enter__()
        self.register, self.sessions = Register(), list[Session]()
        self.serial = 0
        self.actor, self.barring = PLATFORM, False
        self.before: Seen | None = None

    def teardown(self) -> None:
        """Let nothing of it stay."""
        self.leave.__exit__(None, None, None)

    def mine(self, of: tuple[str, ...], number: int) -> Told | None:
        """Choose a link of these clients, the newest first."""
        writers = set(of) - self.register.revoked
        links = [told for told in self.register.links if told.client in writers][::-1]
        return links[number % len(links)] if links else None

    def write(self, client: str, words: Words, at: Told | None) -> None:
        """Make a link, or say it anew, and hold what comes of it against what was foretold."""
        if client in self.register.revoked:
            return
        self.actor, self.serial = client, self.serial + 1
        self.barring = self.register.touches_a_block(words)
        foretold = self.register.foretell(client, words, at)
        person = self._written(client, words, at)
        self.happened[f"{'change' if at else 'create'} {_kind(foretold, at)}"] += 1
        if person == REFUSED and self.register.shut:
            return  # Of whom a block is on, no record can be made another's.
        if foretold == NEW:
            assert person not in {REFUSED, *(told.person for told in self.register.links)}
        else:
            assert person == foretold, f"{client} {words}: {person}, not {foretold}"
        if person != REFUSED:
            self.register.write(client, words, at, person)
            self.register.recognise()

    def _written(self, client: str, words: Words, at: Told | None) -> str:
        actor, new = self.world.actors[client], draft(client, words, self.serial)
        with suppress(AccessError), self.world.step() as step, step.attempt():
            if at is None:
                view = people.create(step, actor, new)
            else:
                view = people.update(step, actor, at.person, lambda _: new)
            step.commit()
            return view.id
        return REFUSED

    @initialize(
        lie=st.sampled_from((None, *HUMANS)),
        several=st.lists(st.tuples(st.sampled_from(TRUTHFUL), knowing), max_size=4),
        gathered=st.booleans(),
    )
    def begin(
        self, lie: int | None, several: list[tuple[str, Words]], *, gathered: bool = False
    ) -> None:
        """Start with people whom several clients know, since chance alone makes few.

        Perhaps a school made one of two before, by the number of one and the subject of another.
        Perhaps all are in groups, which only what moves or ends a link makes them leave.
        """
        if lie is not None:
            self.write(HOSTILE, Words(None, 1 - lie, lie, 1 - lie), None)
        for client, words in several:
            self.write(client, words, None)
        for number in range(len(self.register.links) if gathered else 0):
            self.gather(number)

    @rule(client=liars, words=lies)
    def lie(self, client: str, words: Words) -> None:
        """A school's client makes a link for whoever it names."""
        self.write(client, words, None)

    @rule(client=liars, human=humans, other=anybody)
    def lie_of_a_number(self, client: str, human: int, other: int | None) -> None:
        """It knows somebody's number, and gives it the externalId and subject of another."""
        self.write(client, Words(None, other, human, other), None)

    @rule(words=lies, number=which)
    def lie_again(self, words: Words, number: int) -> None:
        """It says something else of one."""
        if at := self.mine(LIARS, number):
            self.write(at.client, words, at)

    @rule(human=anybody, number=which)
    def lie_of_another_number(self, human: int | None, number: int) -> None:
        """It keeps to what it said, but for the number (ruling 2)."""
        if at := self.mine(LIARS, number):
            self.write(at.client, replace(at.words, number=human, at=None), at)

    @rule(human=anybody, number=which)
    def lie_of_another_name(self, human: int | None, number: int) -> None:
        """It keeps to what it said, but for the externalId."""
        if at := self.mine(LIARS, number):
            self.write(at.client, replace(at.words, external=human, at=None), at)

    @rule(client=st.sampled_from(TRUTHFUL), words=truths())
    def tell(self, client: str, words: Words) -> None:
        """An honest client registers somebody."""
        self.write(client, words, None)

    @rule(client=st.sampled_from(TRUTHFUL), words=knowing)
    def tell_of_somebody_known(self, client: str, words: Words) -> None:
        """It registers whom others may know too."""
        self.write(client, words, None)

    @rule(words=truths(), number=which)
    def tell_again(self, words: Words, number: int) -> None:
        """An honest client says more or less of the same human."""
        if at := self.mine(TRUTHFUL, number):
            self.write(at.client, _of(at.human, words), at)

    @precondition(lambda self: self.register.links)
    @rule(number=which)
    def end(self, number: int) -> None:
        """A client deletes one of its own; a platform client ends the whole person."""
        if at := self.mine(CLIENTS, number):
            self.actor = at.client
            with self.world.step() as step:
                people.delete(step, self.world.actors[at.client], at.person, lambda _: None)
                step.commit()
            self.register.end(at)

    @precondition(lambda self: self.register.links)
    @rule(number=which)
    def gather(self, number: int) -> None:
        """A client puts one of its own into a group."""
        if at := self.mine(CLIENTS, number):
            self.actor = at.client
            assert self._gathered(at.client, at.person)
            at.grouped = True
            self.happened["gathered"] += 1

    @precondition(lambda self: self.register.links)
    @rule(client=liars, number=which)
    def gather_another(self, client: str, number: int) -> None:
        """A school's client puts somebody into its group whom it does not know: refused."""
        at, of = self.mine(CLIENTS, number), self.register.of
        if at and client not in {told.client for told in of(at.person)} | self.register.revoked:
            self.actor = client
            assert not self._gathered(client, at.person)

    def _gathered(self, client: str, person: str) -> bool:
        self.serial += 1
        named = GroupDraft(f"g-{self.serial}", None, {}, (), SHARED, AT[client])
        with suppress(AccessError), self.world.step() as step, step.attempt():
            groups.create(step, self.world.actors[client], named, MemberChange("add", (person,)))
            step.commit()
            return True
        return False

    @rule(client=st.sampled_from(tuple(sorted(set(CLIENTS) - {PLATFORM}))))
    def revoke(self, client: str) -> None:
        """A client is revoked: nobody comes in by its word any more, what it gave stays."""
        self.actor = PLATFORM
        if client not in self.register.revoked:
            with self.world.step() as step:
                clients.revoke(step, client)
                step.commit()
            self.register.revoked.add(client)

    @precondition(lambda self: self.register.links)
    @rule(number=which)
    def block(self, number: int) -> None:
        """The platform blocks somebody, who is known again whatever clients say."""
        at = self.mine(CLIENTS, number)
        if at is None or any(at.person in one.people for one in self.register.shut):
            return
        self.actor = PLATFORM
        with suppress(Conflict), self.world.step() as step, step.attempt():
            blocks.block_person(step, at.person, "Onderzoek")
            step.commit()
            self.register.block(at.person)
            self.happened["blocked"] += 1

    @precondition(lambda self: self.register.shut)
    @rule(number=which)
    def unblock(self, number: int) -> None:
        """It lifts a block."""
        one = self.register.shut.pop(number % len(self.register.shut))
        self.actor = PLATFORM
        with self.world.step() as step:
            blocks.unblock_person(step, min(one.people), "Klaar")
            step.commit()

    @precondition(lambda self: self.register.links)
    @rule(human=humans, claims=st.sampled_from(WAYS))
    def arrive(self, human: int, claims: Claims) -> None:
        """Somebody signs in and stays; the provider says the truth, and as much as it likes."""
        self.actor = PLATFORM
        with suppress(AccessError), self.world.step() as step:
            said = sign_in.sign_in(step, arrival(human, claims, step.now))
            self.sessions = [*self.sessions[-2:], Session(human, claims, said.session_id)]
            step.commit()
            self.register.pin(human, said.person, claims)

    @invariant()
    def nobody_is_somebody_else(self) -> None:
        """Judge every sign-in that is possible now, every session, and what the step moved."""
        now = look(self.world, self.sessions)
        blocked = {person for one in self.register.shut for person in one.people}
        assert not blocked & {person for person, _ in now.rights}
        for (human, claims), opened in now.arrivals.items():
            self.happened["in" if isinstance(opened, tuple) else opened] += 1
            if isinstance(opened, tuple):
                assert self.register.knows(human, opened[0], claims), f"{human} became {opened}"
                self.opens_its_own(human, claims, opened)
        for session in self.sessions:
            if (stays := now.open[session.secret]) is not None:
                self.opens_its_own(session.human, session.claims, stays)
        self.nothing_elsewhere_moved(now)
        self.before = now

    def opens_its_own(self, human: int, claims: Claims, opened: Opened) -> None:
        """What opens was given to who came in, and by whose word they did (ruling 3)."""
        person, rights = opened
        assert not self.register.is_shut(human, person, claims), f"{human} is blocked: {person}"
        for right in rights:
            self.happened["opened"] += 1
            given = self.register.given_to(human, person, right)
            assert given, f"{human} opens {right} as {person}: {self.register.links}"
        places = {place for place, _ in rights}
        words = self.register.word_for(human, person, claims)
        if not claims.number and PLATFORM not in words:
            reach = {AT[client] for client in words}
            assert places <= reach, f"{human} opens {places} on the word of {words}"

    def nothing_elsewhere_moved(self, now: Seen) -> None:
        """A client of one institution changes nothing at another; one unknown no sign-in."""
        if self.before is None or self.actor == PLATFORM or self.barring:
            return
        unknown = self.actor in UNKNOWN_TO_PROVIDER and bool(self.before.arrivals)
        was = self.before.beside(self.actor, arrivals=unknown)
        assert now.beside(self.actor, arrivals=unknown) == was, f"{self.actor} moved others'"


def _kind(foretold: str, at: Told | None) -> str:
    if foretold in {NEW, REFUSED}:
        return foretold
    return "stays" if at and at.person == foretold else "joins"


def _of(human: int | None, words: Words) -> Words:
    """Say the same of another human."""
    external, subject = (
        None if said is None else human for said in (words.external, words.subject)
    )
    number: Number = human if isinstance(words.number, int) else words.number
    return Words(human, external, number, subject, words.active)


def run(
    ground: Ground, examples: int, steps: int, chance: int, *, shrink: bool = True
) -> Counter[str]:
    """Run the machine, with the choices of this ``chance``; returns what happened how often."""

    class Here(Takeover):
        pass

    Here.ground, Here.happened = ground, Counter()
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    for number, histories in enumerate(in_rounds(examples)):
        run_state_machine_as_test(
            seed(f"{chance}, {number}")(Here),
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
    return Here.happened
