"""A board, schools, clients and people of the tests about beheerders, boards and successors."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any, Final

from sqlalchemy import select

from mo_access.domain.errors import LastBeheerder as Refused
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.domain.terms import DEFAULT, LastBeheerder, Terms
from mo_access.service import attention, clients, decisions, groups, imports, people
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_access.storage.schema import audit_event

NOON: Final = 1_795_690_800_000_000
"""26 November 2026, at noon in Brussels."""
DAY = 86_400_000_000
SCHOOL, OTHER = "900001", "900002"
THEME = "leerlingen-openbaar"
HEADER = "number,name,kind,board,successor\n"
SCHOOLS = (
    HEADER
    + "900100,Bestuur,board,,\n900001,De Eik,school,900100,\n900002,De Linde,school,900100,\n"
    + "900003,De Es,school,,\n900004,De Beuk,school,,\n"
)


@dataclass
class House:
    """The core on one database, under the terms and at the moment that a test sets."""

    database: Database
    folder: Path
    terms: Terms = DEFAULT
    at: int = NOON

    def unit(self) -> UnitOfWork:
        """Give a unit of work."""
        keys = KeyRing({"k1": bytes(range(32))}, "k1")
        return UnitOfWork(
            self.database,
            keys=keys,
            request_id="test",
            caller="cli:test",
            now=lambda: self.at,
            terms=self.terms,
        )

    def choose(self, last: LastBeheerder) -> None:
        """Set what becomes of the last beheerder."""
        self.terms = replace(self.terms, last_beheerder=last)

    def load(self, text: str) -> None:
        """Import institutions."""
        path = self.folder / "institutions.csv"
        path.write_text(text, encoding="utf-8")
        with self.unit() as uow:
            imports.institutions(uow, path)
            uow.commit()

    def seed(self) -> House:
        """Import the schools and a theme."""
        self.load(SCHOOLS)
        path = self.folder / "themes.csv"
        path.write_text(f"slug,name\n{THEME},Leerlingen\nsalarissen,Salarissen\n", encoding="utf-8")
        with self.unit() as uow:
            imports.themes(uow, path)
            uow.commit()
        return self

    def client(self, name: str, *at: str, **told: Any) -> Callable[[], Actor]:  # noqa: ANN401 - any field may be said
        """Make a client (of nowhere: the platform's) and give who its token is now."""
        new = replace(NewClient(name, at, platform=not at), **told)
        with self.unit() as uow:
            _, token = clients.create(uow, new)
            uow.commit()

        def actor() -> Actor:
            with self.unit() as uow:
                found = clients.by_token(uow, token)
            assert found is not None
            return found

        return actor

    def person(self, actor: Actor, draft: PersonDraft) -> str:
        """Register a person."""
        with self.unit() as uow:
            made = people.create(uow, actor, draft)
            uow.commit()
        return made.id

    def write(self, actor: Actor, person: str, draft: PersonDraft) -> None:
        """Write a person anew."""
        with self.unit() as uow:
            people.update(uow, actor, person, lambda _: draft)
            uow.commit()

    def group(self, actor: Actor, *members: str, at: str = SCHOOL, **told: Any) -> str:  # noqa: ANN401 - any field may be said
        """Make a group of beheerders, or of ``theme``, with these members."""
        fields: dict[str, Any] = {"role": Role.BEHEERDER, "institution": at, **told}
        draft = replace(GroupDraft(f"MO_{at}_x", None, {}), **fields)
        with self.unit() as uow:
            made = groups.create(uow, actor, draft, MemberChange("add", members))
            uow.commit()
        return made.id

    def is_beheerder(self, person: str, at: str = SCHOOL) -> bool:
        """Ask whether the person may act as beheerder there now."""
        with self.unit() as uow:
            return decisions.decide(uow, Question(person, at, role=Role.BEHEERDER)).allowed

    def reads(self, person: str, at: str = SCHOOL, theme: str = THEME) -> bool:
        """Ask whether the person may read the theme there now."""
        with self.unit() as uow:
            return decisions.decide(uow, Question(person, at, theme)).allowed

    def events(self, *kinds: str) -> list[tuple[str, str]]:
        """Give (kind, institution) of the events of these kinds, in order."""
        event = audit_event.c
        with self.database.connect() as conn:
            rows = conn.all(select(event.kind, event.chain, event.body).order_by(event.pk))
        return [(k, chain) for k, chain, _ in rows if k in kinds]

    def facts(self, kind: str) -> Document:
        """Give the facts of the newest event of this kind."""
        event = audit_event.c
        with self.database.connect() as conn:
            rows = conn.all(select(event.body).where(event.kind == kind).order_by(event.pk))
        told: Document = json.loads(rows[-1][0])["facts"]
        return told


def beheerder(
    at: str = SCHOOL,
    form: Form = Form.AFFILIATIONS,
    start: date | None = None,
    end: date | None = None,
) -> AffiliationClaim:
    """Say beheerder."""
    return AffiliationClaim(form, at, Role.BEHEERDER, start, end)


def gebruiker(at: str = SCHOOL) -> AffiliationClaim:
    """Say gebruiker."""
    return AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER)


def draft(name: str, *said: AffiliationClaim, **told: Any) -> PersonDraft:  # noqa: ANN401 - any field may be said
    """Say who a person is and what of which institutions."""
    made = PersonDraft(name, None, active=True, document={"userName": name}, affiliations=said)
    return replace(made, **told)


def missing(house: House) -> list[tuple[str, str]]:
    """List (institution, state) of what needs attention, without a sweep."""
    with house.unit() as uow:
        return [(one.institution, one.state) for one in attention.found(uow)]


def counted(house: House) -> int:
    """Count what the metric shows."""
    with house.unit() as uow:
        return attention.count(uow)


def swept(house: House) -> None:
    """Let the upkeep look."""
    with house.unit() as uow:
        attention.sweep(uow)
        uow.commit()


def together(work: Callable[[int], None], count: int) -> list[BaseException | None]:
    """Do the work so many times at once; give what each raised."""
    start = Barrier(count)

    def one(n: int) -> BaseException | None:
        start.wait()
        try:
            work(n)
        except Refused as error:
            return error
        return None

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
