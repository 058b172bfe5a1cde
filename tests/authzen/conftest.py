"""Fixtures of the decision door: two schools, three themes, two brokers and their people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, PersonDraft, Role
from mo_access.service import clients, import_documents, imports, people
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_authzen.door import door
from mo_web.app import create_app

KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
SCOPES = ("scim:read", "scim:write", "access:evaluate")
OPEN, STRONG = "leerlingen-openbaar", "salarissen"
TABLES = {
    "institutions.csv": (
        "number,name,kind,board,successor\n900001,De Linde,school,,\n900002,De Eik,school,,\n"
    ),
    "themes.csv": (
        "slug,name,confidentiality,min_level\n"
        f"{OPEN},Leerlingen (openbaar),public,0\n{STRONG},Salarissen,confidential,25\n"
    ),
    "documents.csv": (
        "id,title,institution,themes,contact_name,contact_email,file\n"
        f"telling,Telling,900001,{OPEN},Cis Peeters,cis@example.org,a.txt\n"
        f"elders,Elders,900002,{OPEN},Cis Peeters,cis@example.org,a.txt\n"
    ),
    "a.txt": "text\n",
}


@dataclass
class World:
    """What the tests ask about: the ids of people and the tokens of clients, by name."""

    http: FlaskClient
    unit: Callable[[], UnitOfWork]
    people: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, name: str, *institutions: str, scopes: tuple[str, ...] = SCOPES) -> None:
        """Make a client for these institutions, or a platform client for none."""
        new = NewClient(name, institutions, platform=not institutions, scopes=scopes)
        with self.unit() as uow:
            _, self.tokens[name] = clients.create(uow, new)
            uow.commit()

    def person(self, client: str, name: str, institution: str, *themes: str) -> str:
        """Let the client register a person with themes at its institution."""
        draft = PersonDraft(
            name,
            None,
            active=True,
            document={"userName": name},
            affiliations=(AffiliationClaim(Form.AFFILIATIONS, institution, Role.GEBRUIKER),),
            grants=tuple(GrantClaim(theme, institution) for theme in themes),
        )
        with self.unit() as uow:
            actor = clients.by_token(uow, self.tokens[client])
            assert actor is not None
            self.people[name] = people.create(uow, actor, draft).id
            uow.commit()
        return self.people[name]

    def post(self, path: str, body: object, client: str = "linde", **headers: str) -> TestResponse:
        """Ask as this client."""
        sent = {"Authorization": f"Bearer {self.tokens[client]}", **headers}
        return self.http.post(f"/access/v1/{path}", json=body, headers=sent)

    def json(self, path: str, body: object, client: str = "linde") -> dict[str, Any]:
        """Ask as this client and return what a good answer says."""
        answer = self.post(path, body, client)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json or {}
        return told


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Flask:
    """Give an application with the decision door only."""
    settings = Settings(
        var=tmp_path / "var",
        database_url=database.url,
        secret_key="k" * 40,
        oidc_name="op",
        oidc_issuer="https://op.example",
        oidc_client_id="mo",
    )
    return create_app(settings, database, KEYS, [door()])


@pytest.fixture
def world(app: Flask, database: Database, tmp_path: Path) -> World:
    """Give two schools with a broker and people each, and a platform client."""
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, "utf-8")
    made = World(
        app.test_client(), lambda: UnitOfWork(database, keys=KEYS, request_id="t", caller="cli:t")
    )
    with made.unit() as uow:
        imports.institutions(uow, tmp_path / "institutions.csv")
        imports.themes(uow, tmp_path / "themes.csv")
        store = tmp_path / "var" / "documents"
        import_documents.documents(uow, tmp_path / "documents.csv", store)
        uow.commit()
    made.client("linde", "900001")
    made.client("eik", "900002")
    made.client("platform")
    made.client("scim-only", "900001", scopes=("scim:read",))
    made.person("linde", "an", "900001", OPEN, STRONG)
    made.person("linde", "bob", "900001")
    made.person("eik", "els", "900002", OPEN)
    return made


def ask(person: str, resource: str, kind: str = "theme", **context: str) -> dict[str, Any]:
    """Return an evaluation request."""
    asked: dict[str, Any] = {
        "subject": {"type": "user", "id": person},
        "action": {"name": "read"},
        "resource": {"type": kind, "id": resource},
    }
    return {**asked, "context": context} if context else asked
