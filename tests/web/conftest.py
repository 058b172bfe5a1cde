"""Fixtures of what the doors share: an application on a migrated database, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask, Response, jsonify, request
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Event
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Provider, Settings
from mo_access.storage.engine import Database
from mo_web import caller, csrf, unit
from mo_web.app import Door, create_app
from mo_web.errors import Problem
from tests.web.issuer import Issuer, Server

SECRET = "a-secret-key-of-the-tests-0123456789"
ISSUER = "https://broker.example"


@pytest.fixture
def keys() -> KeyRing:
    """Give a key ring of one fixed key."""
    return KeyRing({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """Give settings for plain http on loopback, with one provider."""
    return Settings(
        var=tmp_path,
        database_url=database.url,
        secret_key=SECRET,
        oidc_issuer=ISSUER,
        oidc_client_id="mo",
        oidc_client_secret="provider-secret",
    )


def probe_door(raised: list[Exception]) -> Door:
    """Return a door whose views do what a test wants to see from outside."""
    routes = Blueprint("probe", __name__, url_prefix="/probe")

    @routes.get("/who")
    def who() -> Response:
        return jsonify(client=caller.actor("scim:read").name, address=request.remote_addr)

    @routes.get("/raise")
    def fail() -> Response:
        raise raised[0]

    @routes.post("/record/<int:status>")
    def record(status: int) -> tuple[Response, int]:
        unit.current().record(Event("probe", "ok"))
        return jsonify(), status

    @routes.post("/refuse")
    def refuse() -> tuple[Response, int]:
        unit.current().record(Event("probe.undone", "ok"))
        with unit.apart() as own:
            own.record(Event("probe.refused", "refused"))
            own.commit()
        return jsonify(), 403

    @routes.route("/form", methods=["GET", "POST"])
    def form() -> Response:
        if request.method == "POST":
            csrf.check()
        return jsonify(token=csrf.field_value())

    def draw(problem: Problem) -> Response:
        return jsonify(drawn_by="probe", message=problem.message, id=problem.request_id)

    return Door("probe", routes, ("/probe",), draw)


@pytest.fixture
def raised() -> list[Exception]:
    """Give the list whose first error ``/probe/raise`` raises."""
    return []


@pytest.fixture
def app(settings: Settings, database: Database, keys: KeyRing, raised: list[Exception]) -> Flask:
    """Give an application with the probe door."""
    return create_app(settings, database, keys, [probe_door(raised)])


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """Give a browser or API client of the application."""
    return app.test_client()


@pytest.fixture
def unit_of(database: Database, keys: KeyRing) -> Callable[[], UnitOfWork]:
    """Give a maker of units of work outside any request."""
    return lambda: UnitOfWork(database, keys=keys, request_id="test", caller="cli:test")


@pytest.fixture
def make_client(unit_of: Callable[[], UnitOfWork]) -> Callable[[NewClient], str]:
    """Give a maker of platform clients; it returns the token."""

    def make(new: NewClient) -> str:
        with unit_of() as uow:
            _, token = create(uow, new)
            uow.commit()
        return token

    return make


@pytest.fixture
def provider() -> Provider:
    """Give a provider whose introspection is asked with our credentials."""
    return Provider(name="broker", issuer=ISSUER, client_id="mo", client_secret="provider-secret")


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """Give the issuer's usual signing key."""
    return RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})


@pytest.fixture(scope="session")
def other_rsa_key() -> RSAKey:
    """Give a key that the issuer did not publish, or publishes later."""
    return RSAKey.generate_key(2048, parameters={"kid": "k2", "use": "sig"})


@pytest.fixture
def issuer(rsa_key: RSAKey) -> Iterator[Issuer]:
    """Give an issuer of access tokens on a loopback port."""
    with Server(rsa_key) as issuer:
        yield issuer
