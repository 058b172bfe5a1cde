"""The two sides of ``bench.scim_stack``: both servers as WSGI applications, and what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scim2_models import EnterpriseUser, Group, ResourceType, ScimProvider, User
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.service import patch_only_config
from werkzeug.test import Client

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Actor
from mo_access.service import catalogue, imports, people
from mo_access.service.clients import NewClient, by_token, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_scim.blueprint import door
from mo_scim.mapping import users
from mo_scim.profiles import profile
from mo_web.app import create_app

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
INSTITUTIONS: Final = "number,name,kind,board,successor\n900001,School Een,school,,\n"
THEMES: Final = "slug,name,confidentiality,min_level\nleerlingen-openbaar,Leerlingen,public,0\n"


def person(number: int) -> dict[str, Any]:
    """Return a user as brokers send one: about a kilobyte."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": f"u{number}",
        "externalId": f"e{number}",
        "name": {"givenName": "Els", "familyName": f"Peeters {number}", "formatted": "Els Peeters"},
        "displayName": f"Els Peeters {number}",
        "emails": [
            {"value": f"u{number}@school.example", "type": "work", "primary": True},
            {"value": f"u{number}@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": "+32 2 555 00 00", "type": "work"}],
        "active": True,
        ENTERPRISE: {"organization": "900001", "department": "Lager", "employeeNumber": "7"},
    }


def group(members: list[str]) -> dict[str, Any]:
    """Return a group with these members; its name maps to nothing."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": f"free {len(members)}",
        "members": [{"value": value, "type": "User"} for value in members],
    }


class Theirs:
    """scim2-server with its storage in memory."""

    def __init__(self) -> None:
        kinds = [
            ResourceType.from_resource(User[EnterpriseUser]),
            ResourceType.from_resource(Group),
        ]
        provider = ScimProvider(
            models=[User, EnterpriseUser, Group], resource_types=kinds, config=patch_only_config()
        )
        self._http = Client(WSGIApplication(InMemoryStorage(), provider))

    def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a request that must succeed."""
        return _sent(self._http, method, path, body, {})


class Ours:
    """Our application with the SCIM door alone, on a SQLite file."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'mo.sqlite'}"
        migrating.upgrade(url)
        self._database, self._keys = Database(url), KeyRing({"k1": bytes(range(32))}, "k1")
        settings = Settings(
            var=folder,
            database_url=url,
            base_url="http://localhost",
            log_level="error",
            scim_requests_per_second=1_000_000,
        )
        self._http = Client(create_app(settings, self._database, self._keys, [door()]))
        self._token = self._seed(folder)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def unit(self) -> Iterator[tuple[UnitOfWork, Actor]]:
        """Give a unit of work as our client."""
        with self._unit() as uow:
            actor = by_token(uow, self._token)
            if actor is None:
                raise LookupError("the client is gone")
            yield uow, actor

    def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a request that must succeed."""
        bearer = {"Authorization": f"Bearer {self._token}"}
        return _sent(self._http, method, f"/scim/v2{path}", body, bearer)

    def register(self, count: int) -> list[str]:
        """Register so many people in one transaction and return their ids."""
        with self.unit() as (uow, actor):
            known = catalogue.of(uow, actor)
            lenient = profile("lenient")
            made = [
                people.create(
                    uow,
                    actor,
                    users.read(
                        person(n), profile=lenient, catalogue=known, actor=actor, shown=None
                    ),
                ).id
                for n in range(count)
            ]
            uow.commit()
        return made

    def _unit(self) -> UnitOfWork:
        return UnitOfWork(self._database, keys=self._keys, request_id="bench", caller="cli:bench")

    def _seed(self, folder: Path) -> str:
        (folder / "i.csv").write_text(INSTITUTIONS)
        (folder / "t.csv").write_text(THEMES)
        with self._unit() as uow:
            imports.institutions(uow, folder / "i.csv")
            imports.themes(uow, folder / "t.csv")
            _, token = create(uow, NewClient("bench", ("900001",)))
            uow.commit()
        return token


def _sent(
    http: Client, method: str, path: str, body: object, headers: dict[str, str]
) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    answer = http.open(
        path, method=method, data=data, headers=headers, content_type="application/scim+json"
    )
    if answer.status_code >= 400:  # noqa: PLR2004 - the first status that is an error
        raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    return json.loads(answer.data) if answer.data else {}
