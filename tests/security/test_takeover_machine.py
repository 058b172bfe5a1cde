"""Becoming somebody else, by any order of what clients say and people do (ruling 3).

A hostile school (900001) writes what it likes into its own links. The school of 900002, the board
with 900003 and the platform say what is true. Whoever signs in says what is true of themselves.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mo_access.domain.errors import AccessError
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import AffiliationClaim, Document, Form, GrantClaim, PersonDraft, Role
from mo_access.service import clients, decisions, imports, people, sessions, sign_in
from mo_access.service.clients import NewClient
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from tests.security.isolation_world import insz
from tests.security.planted import FLAWS, Flaw, pins_stay

ISSUER: Final = "https://broker.example"
THEME, IDLE, YEAR = "leerlingen-openbaar", 3_600_000_000, 365 * 86_400_000_000
HUMANS: Final = range(3)
NUMBERS: Final = tuple(insz(500 + human) for human in HUMANS)
HOSTILE, UNTRUSTED = "hostile", "untrusted"
AT: Final = {
    HOSTILE: "900001",
    UNTRUSTED: "900001",
    "honest": "900002",
    "board": "900003",
    "platform": "900004",
}
BOUND: Final = {"board": "900009"}
TRUTHFUL: Final = ("honest", "board", "platform")
SCHOOLS: Final = (
    "number,name,kind,board,successor\n900001,Een,school,,\n900002,Twee,school,,\n"
    "900009,Bestuur,board,,\n900003,Drie,school,900009,\n900004,Vier,school,,\n"
)
THEMES: Final = f"slug,name,confidentiality,min_level\n{THEME},Leerlingen,public,0\n"


@dataclass(frozen=True)
class Words:
    """What a link says of who it is about: a human for each identifier, or nobody."""

    external: int | None = None
    number: int | None = None
    subject: int | None = None
    active: bool = True

    def about(self, human: int) -> bool:
        """Tell whether any identifier is this human's."""
        return human in {self.external, self.number, self.subject}


@dataclass
class Said:
    """A link as its client wrote it last."""

    client: str
    person: str
    words: Words


@dataclass
class Open:
    """A session, and the human whose it is."""

    human: int
    secret: str
    carried: Words


@dataclass
class Ground:
    """The service on an empty database of its own."""

    database: Database
    tokens: dict[str, str]

    def unit(self) -> UnitOfWork:
        """Open a unit of work."""
        keys = KeyRing({"k1": bytes(range(32))}, "k1")
        return UnitOfWork(self.database, keys=keys, request_id="t", caller="cli:t")


@dataclass(frozen=True)
class Prepared:
    """A database with schools and clients in it, to be copied, and the clients' tokens."""

    path: Path
    tokens: dict[str, str]


PREPARED: Final[list[Prepared]] = []


def prepare(path: Path) -> Prepared:
    """Put schools and clients into an empty database; the provider trusts all but one."""
    for name, text in (("institutions", SCHOOLS), ("themes", THEMES)):
        path.with_name(f"{name}.csv").write_text(text, "utf-8")
    ground = Ground(Database(f"sqlite:///{path}"), {})
    with ground.unit() as uow:
        imports.institutions(uow, path.with_name("institutions.csv"))
        imports.themes(uow, path.with_name("themes.csv"))
        for name in AT:
            issuers = () if name == UNTRUSTED else (ISSUER,)
            at = () if name == "platform" else (BOUND.get(name, AT[name]),)
            new = NewClient(name, at, platform=name == "platform", issuers=issuers)
            _, ground.tokens[name] = clients.create(uow, new)
        uow.commit()
    ground.database.close()
    return Prepared(path, ground.tokens)


def draft(client: str, words: Words) -> PersonDraft:
    """Return what the client says, with its rights at its own institution."""
    number = AT[client]
    subject, external = words.subject, words.external
    document: Document = {"userName": f"user-{external}"}
    return PersonDraft(
        f"user-{client}-{external}-{words.number}-{subject}",
        None if external is None else f"vo-{external}",
        words.active,
        document,
        affiliations=(AffiliationClaim(Form.AFFILIATIONS, number, Role.GEBRUIKER),),
        grants=(GrantClaim(THEME, number),),
        identities=() if subject is None else ((ISSUER, f"sub-{subject}"),),
        insz=None if words.number is None else NUMBERS[words.number],
    )


anybody = st.one_of(st.none(), st.sampled_from(HUMANS))
lies = st.builds(Words, anybody, anybody, anybody, st.sampled_from((True, True, True, False)))


@st.composite
def truths(drawn: st.DrawFn) -> Words:
    """Draw what an honest client says of one human: always with its own externalId."""
    human = drawn(st.sampled_from(HUMANS))
    said = [drawn(st.sampled_from((human, None))) for _ in range(2)]
    return Words(human, said[0], said[1], drawn(st.sampled_from((True, True, True, False))))


class Takeover(RuleBasedStateMachine):
    """Clients write, people sign in; after each step every session is judged."""

    def __init__(self) -> None:
        """Begin with clients and nobody else."""
        super().__init__()
        self.folder = TemporaryDirectory()
        path = shutil.copy(PREPARED[0].path, Path(self.folder.name) / "mo.sqlite")
        self.ground = Ground(Database(f"sqlite:///{path}"), PREPARED[0].tokens)
        self.said: list[Said] = []
        self.open: list[Open] = []

    def teardown(self) -> None:
        """Close the database."""
        self.ground.database.close()
        self.folder.cleanup()

    def _write(self, client: str, words: Words, at: Said | None) -> None:
        with self.ground.unit() as uow:
            actor = clients.by_token(uow, self.ground.tokens[client])
            assert actor is not None
            new = draft(client, words)
            try:
                if at is None:
                    view = people.create(uow, actor, new)
                else:
                    view = people.update(uow, actor, at.person, lambda _: new)
            except AccessError:
                return
            uow.commit()
        if at is None:
            self.said.append(Said(client, view.id, words))
        else:
            at.person, at.words = view.id, words

    @rule(client=st.sampled_from((HOSTILE, HOSTILE, UNTRUSTED)), words=lies)
    def lie(self, client: str, words: Words) -> None:
        """A school's client makes a link for whoever it names."""
        self._write(client, words, None)

    @rule(words=lies, place=st.integers(0, 9))
    def lie_again(self, words: Words, place: int) -> None:
        """It changes one."""
        if mine := [said for said in self.said if said.client in {HOSTILE, UNTRUSTED}]:
            at = mine[place % len(mine)]
            self._write(at.client, words, at)

    @rule(client=st.sampled_from(TRUTHFUL), words=truths())
    def tell(self, client: str, words: Words) -> None:
        """An honest client registers somebody."""
        self._write(client, words, None)

    @rule(words=truths(), place=st.integers(0, 9))
    def tell_again(self, words: Words, place: int) -> None:
        """An honest client says more or less of the same human."""
        if theirs := [said for said in self.said if said.client in TRUTHFUL]:
            at = theirs[place % len(theirs)]
            human = at.words.external
            same = Words(
                human,
                None if words.number is None else human,
                None if words.subject is None else human,
                words.active,
            )
            self._write(at.client, same, at)

    @rule(place=st.integers(0, 9))
    def end(self, place: int) -> None:
        """A client deletes one of its own; a platform client ends the whole person."""
        if not self.said:
            return
        at = self.said[place % len(self.said)]
        with self.ground.unit() as uow:
            actor = clients.by_token(uow, self.ground.tokens[at.client])
            assert actor is not None
            people.delete(uow, actor, at.person, lambda _: None)
            uow.commit()
        whole = at.client == "platform"
        self.said = [s for s in self.said if s is not at and not (whole and s.person == at.person)]

    @rule(human=st.sampled_from(HUMANS), external=st.booleans(), number=st.booleans())
    def arrive(self, human: int, external: bool, number: bool) -> None:
        """Somebody signs in; the provider tells the truth, and as much as it likes."""
        links: tuple[tuple[str, str], ...] = ()
        links += ((f"vo-{human}", "externalId"),) if external else ()
        links += ((NUMBERS[human], "insz"),) if number else ()
        with self.ground.unit() as uow:
            said = SignIn("broker", ISSUER, f"sub-{human}", links, "t", uow.now + YEAR)
            try:
                opened = sign_in.sign_in(uow, said)
            except AccessError:
                return
            uow.commit()
        carried = Words(human if external else None, human if number else None, human)
        self.open.append(Open(human, opened.session_id, carried))

    def _trusted(self, person: str) -> list[Said]:
        return [s for s in self.said if s.person == person and s.client != UNTRUSTED]

    @invariant()
    def nobody_is_somebody_else(self) -> None:
        """A session is of a person that a trusted link gives to who signed in."""
        for opened in self.open:
            found = self._person(opened)
            if found is None:
                continue
            person, at = found
            told = [said for said in self._trusted(person) if said.words.about(opened.human)]
            assert told, f"{opened} became {person}, of whom nobody trusted says so: {self.said}"
            self._opens_its_own(opened, person, at)

    def _opens_its_own(self, opened: Open, person: str, at: frozenset[str]) -> None:
        """What opens is what a trusted client of that place gave to this human."""
        for number in at:
            honest = [s for s in self.said if s.client in TRUTHFUL and s.person == person]
            givers = [s for s in honest if AT[s.client] == number]
            if number == AT[HOSTILE]:
                continue  # the hostile school gives at its own place to whom it likes
            theirs = [s for s in givers if s.words.external == opened.human]
            assert theirs, f"{opened} opens {number} of another, {person}: {self.said}"

    def _person(self, opened: Open) -> tuple[str, frozenset[str]] | None:
        with self.ground.unit() as uow:
            found = sessions.find(uow, opened.secret, IDLE)
            if found is None:
                return None
            rights = decisions.readable(uow, found.person, found.policy)
            return found.person, frozenset(right.institution for right in rights)

    @invariant()
    def a_client_reads_what_it_wrote(self) -> None:
        """No client sees a person that it did not register, nor an institution of another."""
        with self.ground.unit() as uow:
            for said in self.said[-4:]:
                for name in (HOSTILE, "honest", "board"):
                    actor = clients.by_token(uow, self.ground.tokens[name])
                    assert actor is not None
                    mine = any(s.client == name and s.person == said.person for s in self.said)
                    try:
                        view = people.get(uow, actor, said.person)
                    except AccessError:
                        assert not mine
                        continue
                    assert mine
                    assert {a.institution for a in view.affiliations} <= {AT[name]}


LONG: Final = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


@pytest.fixture(autouse=True)
def prepared(sqlite_template: Path, tmp_path: Path) -> Iterator[None]:
    """Tell the machine, which takes no fixtures, which database to copy."""
    PREPARED[:] = [prepare(Path(shutil.copy(sqlite_template, tmp_path / "mo.sqlite")))]
    yield
    PREPARED.clear()


def test_nobody_becomes_somebody_else() -> None:
    """Whatever is said and done, in any order."""
    run_state_machine_as_test(Takeover, settings=LONG)


@contextmanager
def planted(flaw: Flaw) -> Iterator[None]:
    """Put a flaw into the service."""
    with pytest.MonkeyPatch.context() as patch:
        flaw(patch)
        yield


def test_a_pin_that_stays_is_found() -> None:
    """The shortest way there: who came in by a link that names another now is still in."""
    machine, links = Takeover(), (("vo-1", "externalId"),)
    with planted(pins_stay):
        machine._write(HOSTILE, Words(external=1), None)
        with machine.ground.unit() as uow:
            said = SignIn("broker", ISSUER, "sub-1", links, "t", uow.now + YEAR)
            opened = sign_in.sign_in(uow, said)
            uow.commit()
        machine.open.append(Open(1, opened.session_id, Words(external=1)))
        machine._write(HOSTILE, Words(external=2), machine.said[0])
        with pytest.raises(AssertionError):
            machine.nobody_is_somebody_else()
    machine.teardown()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(set(FLAWS) - {"pins_stay"}))
def test_a_planted_flaw_is_found(name: str) -> None:
    """The machine would notice: each check that is taken out lets somebody in."""
    hunt = settings(LONG, max_examples=600, stateful_step_count=25, phases=(Phase.generate,))
    with planted(FLAWS[name]), pytest.raises(AssertionError):
        run_state_machine_as_test(Takeover, settings=hunt)
