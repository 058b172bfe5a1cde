"""Several brokers at once, and then rest: nothing lost, nothing dangling, every decision right."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore

from flask.testing import FlaskClient

from mo_access.domain.errors import Conflict, Invalid, NotFound
from mo_access.service import audit, blocks, decisions, succession
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database, DatabaseDown
from tests.model.naive import QUESTIONS, Tables
from tests.model.rules import BEHEERDER, ENTITLED, NAMES, TEXTS, Said
from tests.model.succeeding import Successions
from tests.model.universe import NUMBERS, ONE, OURS, PLATFORM, TWO, Answer, Site
from tests.model.wire import ABSENT, Draft, body, written

STEPS = int(os.environ.get("MO_TEST_MODEL_AT_ONCE", "20"))
SEED = int(os.environ.get("MO_TEST_MODEL_SEED", "1"))
BROKERS = ("one", "one", "two", "board", "webidm", PLATFORM)
THEIRS = {client: sorted(Successions().scope(client) & {ONE, TWO}) for client in BROKERS}


@dataclass
class Broker:
    """One broker in a thread of its own, that does what chance says and notes what was answered."""

    site: Site
    client: str
    chance: random.Random
    ids: list[str]
    groups: list[str]
    http: FlaskClient
    statuses: Counter[int] = field(default_factory=Counter)
    mails: list[str] = field(default_factory=list)
    keep: str = ""
    done: Semaphore = field(default_factory=lambda: Semaphore(0))
    """Counts the operations of all brokers."""

    def run(self, steps: int) -> None:
        """Do so many operations."""
        does: list[Callable[[], None]] = [self.create, self.create, self.replace, self.delete]
        does += [self.switch, self.affiliate, self.group, self.member, self.member, self.mail]
        does += [self.renumber, self.ungroup, self.several]
        left = steps
        try:
            while left:
                self.chance.choice(does)()
                left -= 1
                self.done.release()
        finally:
            # Who waits for this broker is not to wait for one that failed.
            for _ in range(left):
                self.done.release()

    def create(self) -> None:
        """Register somebody, mostly with a number that others use too."""
        answer = self.send("POST", "/Users", body(self.draft(self.number())))
        if answer.status == 201:
            self.ids.append(answer.body["id"])

    def replace(self) -> None:
        """Say everything anew."""
        self.send("PUT", f"/Users/{self.person()}", body(self.draft(None)))

    def renumber(self) -> None:
        """Move the own link to another number."""
        answer = self.send("PUT", f"/Users/{self.person()}", body(self.draft(self.number())))
        if answer.status == 200:
            self.ids.append(answer.body["id"])

    def switch(self) -> None:
        """Deactivate or activate."""
        active = self.chance.random() < 0.7
        self.patch("Users", self.person(), {"op": "replace", "path": "active", "value": active})

    def affiliate(self) -> None:
        """Add an affiliation."""
        said = Said(self.chance.choice(THEIRS[self.client]), BEHEERDER)
        step = {"op": "add", "path": f"{OURS}:affiliations", "value": [written(said)]}
        self.patch("Users", self.person(), step)

    def delete(self) -> None:
        """Withdraw somebody."""
        self.send("DELETE", f"/Users/{self.person()}")

    def group(self) -> None:
        """Make a group of somebody."""
        sent = {"displayName": self.chance.choice([*NAMES]), "members": [{"value": self.person()}]}
        answer = self.send("POST", "/Groups", sent)
        if answer.status == 201:
            self.groups.append(answer.body["id"])

    def member(self) -> None:
        """Add or remove somebody."""
        op = self.chance.choice(["add", "add", "remove", "replace"])
        step = {"op": op, "path": "members", "value": [{"value": self.person()}]}
        self.patch("Groups", self.chance.choice([*self.groups, ABSENT]), step)

    def several(self) -> None:
        """Register somebody in a Bulk that begins with a group of the same, beside what fails."""
        made = body(self.draft(self.number()))
        named = {"displayName": "koffie", "members": [{"value": "bulkId:u"}]}
        operations = [
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": named},
            {"method": "DELETE", "path": f"/Users/{ABSENT}"},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": made},
        ]
        answer = self.send("POST", "/Bulk", {"Operations": operations})
        if answer.status != 200:
            return
        for place, heard in ((0, self.groups), (2, self.ids)):
            told = answer.body["Operations"][place]
            if told["status"] == "201":
                heard.append(told["location"].rpartition("/")[2])

    def ungroup(self) -> None:
        """Delete a group now and then."""
        if self.groups and self.chance.random() < 0.3:
            self.send("DELETE", f"/Groups/{self.chance.choice(self.groups)}")

    def mail(self) -> None:
        """Add an address to the one user that nobody deletes: none may be lost."""
        mail = f"{self.chance.random()}@example.org"
        step = {"op": "add", "path": "emails", "value": [{"value": mail}]}
        if self.patch("Users", self.keep, step):
            self.mails.append(mail)

    def patch(self, kind: str, id_: str, step: object) -> Answer:
        """Send one operation."""
        return self.send("PATCH", f"/{kind}/{id_}", {"Operations": [step]})

    def send(self, method: str, path: str, sent: object = None) -> Answer:
        """Send, and count what was answered."""
        answer = self.site.send(self.client, method, path, sent, self.http)
        self.statuses[answer.status] += 1
        return answer

    def person(self) -> str:
        """Choose anybody of whom any broker heard."""
        return self.chance.choice(self.ids[-12:] or [ABSENT])

    def number(self) -> str:
        """Choose a number."""
        return self.chance.choice(NUMBERS)

    def draft(self, number: str | None) -> Draft:
        """Make up a user."""
        chance, name = self.chance, f"u{self.chance.random()}"
        return Draft(
            name,
            roles=tuple(chance.sample([*TEXTS], 2)),
            entitled=tuple(chance.sample([*ENTITLED], 1)),
            insz=number,
        )


@dataclass
class Operator:
    """The platform, that blocks and restructures what brokers write at the same moment."""

    site: Site
    chance: random.Random
    ids: list[str]
    brokers_done: Semaphore
    done: Counter[str] = field(default_factory=Counter)

    def run(self, steps: int) -> None:
        """Do so many operations, one whenever the brokers did as many as they are.

        PostgreSQL ends one of two that wait for each other.
        """
        does: list[Callable[[UnitOfWork], object]] = [self.person, self.person, self.affiliation]
        does += [self.lift, self.lift, self.institution, self.successor, self.successor]
        for _ in range(steps):
            for _ in BROKERS:
                self.brokers_done.acquire()
            act = self.chance.choice(does)
            with suppress(NotFound, Conflict, Invalid, DatabaseDown), self.site.unit() as uow:
                act(uow)
                uow.commit()
                self.done[act.__name__] += 1

    def person(self, uow: UnitOfWork) -> object:
        """Block a person."""
        return blocks.block_person(uow, self.somebody(), "Onderzoek")

    def affiliation(self, uow: UnitOfWork) -> object:
        """Block what a person is somewhere."""
        at = self.chance.choice((ONE, TWO))
        return blocks.block_affiliation(uow, self.somebody(), at, "Onderzoek")

    def somebody(self) -> str:
        """Choose anybody of whom any broker heard."""
        return self.chance.choice(self.ids[-12:] or [ABSENT])

    def institution(self, uow: UnitOfWork) -> object:
        """Block an institution, or lift that."""
        shut = self.chance.random() < 0.5
        act = blocks.block_institution if shut else blocks.unblock_institution
        return act(uow, self.chance.choice((ONE, TWO)), "Onderzoek")

    def successor(self, uow: UnitOfWork) -> object:
        """Let one school succeed another, so that its client acts at both, or take that back."""
        if self.chance.random() < 0.5:
            return succession.succeed(uow, ONE, TWO)
        return succession.undo(uow, ONE)

    def lift(self, uow: UnitOfWork) -> object:
        """Lift a block on somebody."""
        standing = [one for one in blocks.listed(uow) if one.person]
        if len(standing) < 3:
            return self.person(uow)
        one = self.chance.choice(standing)
        if one.institution:
            return blocks.unblock_affiliation(uow, one.person or "", one.institution, "Klaar")
        return blocks.unblock_person(uow, one.person or "", "Klaar")


def brokers(site: Site, seed: int) -> list[Broker]:
    """Make six brokers, two of them of one client, who hear of each other's people."""
    ids: list[str] = []
    groups: dict[str, list[str]] = {client: [] for client in BROKERS}
    kept: dict[str, str] = {}
    made: list[Broker] = []
    done = Semaphore(0)
    for place, client in enumerate(BROKERS):
        chance = random.Random(seed * 100 + place)
        one = Broker(site, client, chance, ids, groups[client], site.app.test_client())
        one.done = done
        if client not in kept:
            kept[client] = one.send("POST", "/Users", {"userName": "kept"}).body["id"]
        one.keep = kept[client]
        made.append(one)
    return made


def test_at_rest_everything_adds_up(database: Database, tmp_path: Path) -> None:
    """Rules 5 to 10 hold of the rows, and every decision is what the rows say."""
    site = Site(database, tmp_path)
    several = brokers(site, SEED)
    operator = Operator(site, random.Random(SEED), several[0].ids, several[0].done)
    with ThreadPoolExecutor(len(several) + 1) as pool:
        work = [*(one.run for one in several), operator.run]
        for done in [pool.submit(run, STEPS) for run in work]:
            done.result()
    assert operator.done
    told = sum((one.statuses for one in several), Counter[int]())
    # PostgreSQL ends one of two that wait for each other: 503, nothing changed, send it again.
    assert {status for status in told if status >= 500} <= {503}, told
    assert told[503] <= STEPS, told
    _mails_are_there(site, several)
    with site.unit() as uow:
        tables = Tables.of(uow.conn)
        assert tables.faults() == []
        _decisions_are_the_rows(uow, tables)
    _trail_is_whole(site)


def _mails_are_there(site: Site, several: list[Broker]) -> None:
    for one in several:
        read = site.send(one.client, "GET", f"/Users/{one.keep}").body
        kept = {mail["value"] for mail in read.get("emails", [])}
        assert set(one.mails) <= kept


def _trail_is_whole(site: Site) -> None:
    with site.unit() as uow:
        while audit.seal_due(uow, "model").events:
            uow.commit()
        assert audit.verify(uow).faults == ()


def _decisions_are_the_rows(uow: UnitOfWork, tables: Tables) -> None:
    parted = []
    for pk, person in tables.people.items():
        for theme, at in QUESTIONS:
            found = decisions.decide(uow, Question(person["id"], at, theme)).allowed
            if found is not tables.may(pk, theme, at, uow.today):
                parted.append((pk, theme, at, found))
    assert parted == []
