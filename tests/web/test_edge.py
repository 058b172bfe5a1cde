"""The one edge where every error becomes an answer, and the unit of work behind it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from io import StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mo_access.domain import errors
from mo_access.service import audit
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import DatabaseDown
from mo_web import log
from mo_web.errors import TooMany, TryLater, Unauthenticated


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("gone"), 404),
        (errors.Invalid("no"), 400),
        (errors.MissingTarget("no"), 400),
        (errors.Immutable("no"), 400),
        (errors.Sensitive("no"), 403),
        (errors.Conflict("taken"), 409),
        (errors.Overtaken("bounds"), 503),
        (errors.Stale("old"), 412),
        (errors.Forbidden("no"), 403),
        (errors.TooLarge("1 MiB"), 413),
        (errors.Refused("unknown_person", "no"), 403),
        (Unauthenticated("who?", offered=True), 401),
        (TryLater("down"), 503),
        (TooMany(3), 429),
        (DatabaseDown("connection refused"), 503),
        (KeyError("a bug"), 500),
        (sqlite3.DataError("a bug"), 500),
    ],
)
def test_each_error_has_its_status(
    http: FlaskClient, raised: list[Exception], error: Exception, status: int
) -> None:
    """The door draws the problem; status, request id and headers come from the edge."""
    raised.append(error)
    answer = http.get("/probe/raise", headers={"X-Request-ID": "trace-1"})
    assert answer.status_code == status
    assert answer.json is not None
    assert (answer.json["drawn_by"], answer.json["id"]) == ("probe", "trace-1")
    assert "bug" not in answer.text
    assert "refused" not in answer.text or status == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [("/probe/nothing", 404), ("/nothing", 404), ("/probe/%00", 404), ("/probe/record/200", 405)],
)
def test_unknown_paths_are_drawn_by_the_door_that_owns_them(
    http: FlaskClient, path: str, status: int
) -> None:
    """A path under a door's prefix is its own, although no route was found."""
    answer = http.get(path)
    assert answer.status_code == status
    assert answer.json is not None
    assert ("drawn_by" in answer.json) is path.startswith("/probe")


def test_a_long_url_is_414_and_a_large_body_413(http: FlaskClient) -> None:
    """Nothing is cut off in silence: beyond the limit is an error (rule 12)."""
    assert http.get("/probe/who?x=" + "a" * 9_000).status_code == 414
    answer = http.post("/probe/form", data={"csrf_token": "x" * 1_100_000})
    assert answer.status_code == 413


def _kinds(uow: UnitOfWork) -> list[str]:
    with uow:
        return [json.loads(json.dumps(event))["kind"] for event in audit.last(uow, 10)]


@pytest.mark.parametrize(("status", "kept"), [(200, 1), (204, 1), (302, 1), (400, 0), (403, 0)])
def test_the_unit_is_kept_below_400_only(
    http: FlaskClient, unit_of: Callable[[], UnitOfWork], status: int, kept: int
) -> None:
    """A view that answers an error leaves nothing behind."""
    assert http.post(f"/probe/record/{status}").status_code == status
    assert _kinds(unit_of()).count("probe") == kept


def test_a_refusal_has_a_transaction_of_its_own(
    http: FlaskClient, unit_of: Callable[[], UnitOfWork]
) -> None:
    """What the refusal recorded apart stays; what the request began is undone."""
    assert http.post("/probe/refuse").status_code == 403
    assert _kinds(unit_of()) == ["probe.refused"]


def test_a_commit_that_fails_is_an_error(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is made after the commit, so it never promises what was not stored (P16)."""

    def broken(_uow: UnitOfWork) -> None:
        raise DatabaseDown("disk full")

    monkeypatch.setattr(UnitOfWork, "commit", broken)
    written = StringIO()
    log.configure("info", written)
    answer = http.post("/probe/record/200")
    assert answer.status_code == 503
    assert "disk full" not in answer.text
    fault = json.loads(written.getvalue().splitlines()[0])
    assert (fault["event"], fault["reason"]) == ("fault", "disk full")


def test_a_form_needs_the_token_of_this_browser(http: FlaskClient, app: Flask) -> None:
    """Without cookie, without field or with another browser's token a form is 403."""
    token = http.get("/probe/form").json
    assert token is not None
    assert http.post("/probe/form", data={"csrf_token": token["token"]}).status_code == 200
    assert http.post("/probe/form").status_code == 403
    other = app.test_client()
    assert other.post("/probe/form", data={"csrf_token": token["token"]}).status_code == 403
    other.get("/probe/form")
    assert other.post("/probe/form", data={"csrf_token": token["token"]}).status_code == 403


def test_readiness_tells_what_is_down(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Ready is database, migrations and keys; alive is only alive."""
    ready = http.get("/health/ready")
    assert ready.json == {
        "status": "up",
        "checks": {"database": "up", "migrations": "up", "keys": "up"},
    }
    monkeypatch.setattr("mo_access.storage.revision.newest", lambda: "another")
    down = http.get("/health/ready")
    assert (down.status_code, http.get("/health/live").status_code) == (503, 200)
    assert settings.database_url not in down.text
