"""Our own service in front of a scripted provider, and a browser for it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import AffiliationClaim, Form, PersonDraft, Role
from mo_access.service import clients, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_web import shared
from tests.oidc.broker import Script

BASE = "https://mo.example"
SESSION, BROWSER = "__Host-mo_session", "__Host-mo_browser"


@dataclass
class Site:
    """The service under test with the provider that it trusts."""

    app: Flask
    script: Script
    database: Database
    keys: KeyRing

    def browser(self) -> "Browser":
        """Return a browser without cookies."""
        return Browser(self.app.test_client(), self.script)

    def unit(self) -> UnitOfWork:
        """Return a unit of work beside the service."""
        return UnitOfWork(
            self.database,
            keys=self.keys,
            request_id="test",
            caller="cli:test",
            hand_on=shared.of(self.app).held_tokens.put,
        )

    def client(self, name: str = "school", **told: Any) -> str:  # noqa: ANN401 - a test may say anything
        """Create a provisioning client that the provider may be matched to; return its token."""
        with self.unit() as uow:
            fields = {"issuers": (self.script.issuer,), "platform": True, **told}
            _, token = clients.create(uow, clients.NewClient(name, **fields))
            uow.commit()
        return token

    def person(self, token: str, external_id: str = "8a4d", **told: Any) -> str:  # noqa: ANN401 - a test may say anything
        """Let a client register a person; return the person's id."""
        with self.unit() as uow:
            actor = clients.by_token(uow, token)
            assert actor is not None
            view = people.create(uow, actor, draft(external_id, **told))
            uow.commit()
        return view.id

    def change(self, token: str, person: str, **told: Any) -> None:  # noqa: ANN401 - a test may say anything
        """Let a client write the person anew."""
        with self.unit() as uow:
            actor = clients.by_token(uow, token)
            assert actor is not None
            people.update(uow, actor, person, lambda view: draft(view.external_id or "", **told))
            uow.commit()

    def execute(self, sql: str) -> None:
        """Change what the database holds, for what only time would do."""
        from sqlalchemy import text  # noqa: PLC0415 - only this looks inside

        with self.database.connect() as conn:
            conn.begin()
            conn.run(text(sql), {})
            conn.commit()

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the bodies of the audit events of a kind, oldest first."""
        found = self.rows("select kind, outcome, body from audit_event order by pk")
        return [{"outcome": o, **json.loads(b)} for k, o, b in found if k == kind]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what the database holds, for what cannot be seen from outside."""
        with self.database.connect() as conn:
            from sqlalchemy import text  # noqa: PLC0415 - only this looks inside

            return [tuple(row) for row in conn.all(text(sql), {})]


def draft(external_id: str, **told: Any) -> PersonDraft:  # noqa: ANN401 - a test may say anything
    """Return an ordinary gebruiker of 900001."""
    fields = {
        "user_name": f"user-{external_id}",
        "external_id": external_id,
        "active": True,
        "document": {"name": {"givenName": "An", "familyName": "Peeters"}},
        "affiliations": (AffiliationClaim(Form.AFFILIATIONS, "900001", Role.GEBRUIKER),),
        **told,
    }
    return PersonDraft(**fields)


class Browser:
    """A browser that keeps cookies and follows our way to the provider and back."""

    def __init__(self, client: FlaskClient, script: Script) -> None:
        """Start without cookies."""
        self.client, self.script = client, script

    def get(self, path: str, **told: Any) -> TestResponse:  # noqa: ANN401 - a test may say anything
        """GET a page of ours."""
        return self.client.get(path, base_url=BASE, **told)

    def post(self, path: str, **told: Any) -> TestResponse:  # noqa: ANN401 - a test may say anything
        """POST to us."""
        return self.client.post(path, base_url=BASE, **told)

    def start(self, query: str = "") -> dict[str, str]:
        """Begin a sign-in and return the provider's good answer to it."""
        response = self.get(f"/oidc/login{query}")
        assert response.status_code == 302, response.text
        return self.script.follow(response.location)

    def back(self, answer: dict[str, str]) -> TestResponse:
        """Come back from the provider."""
        return self.get("/oidc/callback", query_string=answer)

    def sign_in(self, query: str = "") -> TestResponse:
        """Go the whole way."""
        return self.back(self.start(query))

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie."""
        cookie = self.client.get_cookie(name, domain="mo.example")
        return cookie.value if cookie else None

    def me(self) -> TestResponse:
        """Ask who is signed in."""
        return self.get("/me", headers={"Accept": "application/json"})


def asked(response: TestResponse) -> dict[str, str]:
    """Return the query of where a response leads."""
    return {n: v[0] for n, v in parse_qs(urlsplit(response.location).query).items()}
