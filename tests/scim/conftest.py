"""Fixtures of the SCIM door: an application on the real core, and brokers that speak to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mo_access.domain.keys import KeyRing
from mo_access.service import imports
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_scim.blueprint import door
from mo_web.app import create_app

BASE = "/scim/v2"
ON_ONE_ENGINE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For tables of forms, which the mapping reads before any engine is asked."""
INSTITUTIONS = """number,name,kind,board,successor
900001,School Een,school,,
900002,School Twee,school,,
900003,School Drie,school,,
"""
THEMES = """slug,name,confidentiality,min_level
leerlingen-openbaar,Leerlingen (openbaar),public,0
leerlingen-vertrouwelijk,Leerlingen (vertrouwelijk),confidential,25
"""


@dataclass(frozen=True)
class Broker:
    """An identity broker with a token, speaking SCIM."""

    http: FlaskClient
    token: str

    def send(self, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        """Send a request; ``body`` is bytes as they are, or an object as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.open(
            f"{BASE}{path}",
            method=method,
            data=data,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/scim+json",
                **named,
            },
        )

    def made(self, path: str, body: object) -> dict[str, Any]:
        """Create a resource and return it."""
        answer = self.send("POST", path, body)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return parsed(answer)

    def patched(self, path: str, *operations: object) -> TestResponse:
        """Send a PATCH."""
        return self.send("PATCH", path, {"Operations": list(operations)})

    def found(self, path: str, filter_: str) -> list[str]:
        """List by a filter and return the ids."""
        answer = self.http.get(
            f"{BASE}{path}",
            query_string={"filter": filter_},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [resource["id"] for resource in parsed(answer)["Resources"]]


def parsed(answer: TestResponse) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    body = json.loads(answer.get_data())
    assert isinstance(body, dict)
    return body


@pytest.fixture
def unit_of(database: Database) -> Callable[[], UnitOfWork]:
    """Give a maker of units of work outside any request."""
    keys = KeyRing({"k1": bytes(range(32))}, "k1")
    return lambda: UnitOfWork(database, keys=keys, request_id="test", caller="cli:test")


@pytest.fixture
def app(database: Database, unit_of: Callable[[], UnitOfWork], tmp_path: Path) -> Flask:
    """Give an application with the SCIM door, three institutions and two themes."""
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS)
    (tmp_path / "themes.csv").write_text(THEMES)
    with unit_of() as uow:
        imports.institutions(uow, tmp_path / "institutions.csv")
        imports.themes(uow, tmp_path / "themes.csv")
        uow.commit()
    settings = Settings(
        var=tmp_path,
        database_url=database.url,
        secret_key="a-secret-key-of-the-tests-0123456789",
        base_url="http://localhost",
    )
    return create_app(settings, database, KeyRing({"k1": bytes(range(32))}, "k1"), [door()])


@pytest.fixture
def broker_of(app: Flask, unit_of: Callable[[], UnitOfWork]) -> Callable[[NewClient], Broker]:
    """Give a maker of brokers."""

    def make(new: NewClient) -> Broker:
        with unit_of() as uow:
            _, token = create(uow, new)
            uow.commit()
        return Broker(app.test_client(), token)

    return make


@pytest.fixture
def broker(broker_of: Callable[[NewClient], Broker]) -> Broker:
    """Give a broker of the institutions 900001 and 900002."""
    return broker_of(NewClient("broker", ("900001", "900002"), default_institution="900001"))
