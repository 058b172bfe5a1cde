"""A school with people of every kind, and browsers of those who want to look at the list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import bindparam, select

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Form,
    GrantClaim,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.service import clients, groups, people, sessions
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from mo_oidc.door import door as oidc
from mo_portal.door import door as portal
from mo_web.app import create_app
from tests.oidc.host import seed

BASE = "https://mo.example"
KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
INSZ = "85073003328"
THEME = "leerlingen-openbaar"
_PERSON = select(person.c.pk).where(person.c.id == bindparam("id"))
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
_SEEN = re.compile(r'name="seen" value="([0-9a-f]*)"')


@dataclass
class World:
    """The database, the clients by name, and the people by userName."""

    database: Database
    settings: Settings
    actors: dict[str, Actor] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def unit(self) -> UnitOfWork:
        """Open a unit of work beside the service."""
        return UnitOfWork(self.database, keys=KEYS, request_id="test")

    def client(self, name: str, *institutions: str) -> None:
        """Make a provisioning client."""
        with self.unit() as uow:
            _, token = clients.create(uow, NewClient(name, institutions))
            actor = clients.by_token(uow, token)
            assert actor is not None
            self.actors[name] = actor
            uow.commit()

    def person(
        self,
        by: str,
        name: str,
        role: Role | None = None,
        at: str = "900001",
        *,
        themes: tuple[str, ...] = (),
        end: date | None = None,
        insz: str | None = None,
    ) -> str:
        """Let a client register somebody."""
        claim = AffiliationClaim(Form.AFFILIATIONS, at, role or Role.GEBRUIKER, end=end)
        draft = PersonDraft(
            name,
            None,
            active=True,
            document={"userName": name, "name": {"formatted": f"De {name}"}},
            affiliations=(claim,) if role else (),
            grants=tuple(GrantClaim(slug, at) for slug in themes),
            insz=insz,
        )
        with self.unit() as uow:
            self.people[name] = people.create(uow, self.actors[by], draft).id
            uow.commit()
        return self.people[name]

    def group(self, by: str, members: tuple[str, ...], at: str | None = "900001") -> str:
        """Let a client make a group that gives the theme."""
        with self.unit() as uow:
            draft = GroupDraft("g", None, {}, theme=THEME, institution=at)
            ids = tuple(self.people[name] for name in members)
            made = groups.create(uow, self.actors[by], draft, MemberChange("add", ids))
            uow.commit()
        return made.id

    def browser(
        self,
        name: str,
        *,
        reach: str | None = None,
        capacity: tuple[str, ...] | None = None,
    ) -> Browser:
        """Open the browser of somebody who signed in, as ``session`` says."""
        session = self.session(name, reach=reach, capacity=capacity)
        app = create_app(
            self.settings, self.database, KEYS, [oidc(self.settings), portal()]
        ).test_client()
        app.set_cookie("__Host-mo_session", session, domain="mo.example", secure=True)
        return Browser(app)

    def session(
        self,
        name: str,
        *,
        reach: str | None = None,
        capacity: tuple[str, ...] | None = None,
    ) -> str:
        """Sign somebody in; ``reach`` names the one client that vouches, None is everywhere."""
        with self.unit() as uow:
            found = uow.conn.one(_PERSON, {"id": self.people[name]})
            assert found is not None
            session = sessions.open_session(
                uow,
                int(found[0]),
                reach=None if reach is None else frozenset({self.actors[reach].client_pk}),
                provider="op",
                issuer="https://op.example",
                subject=name,
                sid=None,
                acr=None,
                level=35,
                capacity=capacity,
                id_token="none",
                expires=uow.now + 3_600_000_000,
            )
            uow.commit()
        return session


@dataclass
class Browser:
    """Somebody who is signed in."""

    client: FlaskClient

    def get(self, path: str) -> tuple[int, str]:
        """Read a page."""
        answer = self.client.get(path, base_url=BASE, headers={"Accept": "text/html"})
        found = answer.status_code, answer.get_data(as_text=True)
        answer.close()
        return found

    def mark(self, institution: str, **form: str) -> tuple[int, str]:
        """Press the button of the page, with what its form holds or with something else."""
        _, text = self.get(f"/review/{institution}")
        token, seen = _TOKEN.search(text), _SEEN.search(text)
        held = {"csrf_token": token[1] if token else "", "seen": seen[1] if seen else ""}
        return self.post(institution, **(held | form))

    def post(self, institution: str, **form: str) -> tuple[int, str]:
        """Send the form."""
        answer = self.client.post(
            f"/review/{institution}/done",
            base_url=BASE,
            data=form,
            headers={"Accept": "text/html", "Origin": BASE},
        )
        return answer.status_code, answer.get_data(as_text=True)


def world(database: Database, folder: Path) -> World:
    """Make the school with its broker, and the board with another one."""
    settings = Settings(
        var=folder,
        database_url=database.url,
        base_url=BASE,
        secret_key="a-secret-key-of-the-tests-0123456789",
        oidc_name="op",
        oidc_issuer="https://op.example",
        oidc_client_id="mo",
        oidc_client_secret="of-the-tests",
    )
    made = World(database, settings)
    with made.unit() as uow:
        seed(uow)
        uow.commit()
    made.client("school", "900001")
    made.client("board", "900001", "900002")
    made.client("neighbour", "900002")
    made.person("school", "bea", Role.BEHEERDER)
    made.person("school", "gus", Role.GEBRUIKER, themes=(THEME,))
    return made
