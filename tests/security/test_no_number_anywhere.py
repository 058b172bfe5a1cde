"""A journey with known numbers in every place: then nothing that is kept or told holds one (P8)."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from prometheus_client import generate_latest

from mo_access.domain.keys import KeyRing
from mo_access.service import (
    audit,
    explaining,
    history,
    imports,
    people,
    reports,
    review,
    review_csv,
)
from mo_access.service.clients import NewClient, create
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_authzen import door as authzen
from mo_oidc import door as oidc
from mo_portal import door as portal
from mo_scim import blueprint as scim
from mo_web import log, shared
from mo_web.app import create_app
from tests.scim.conftest import INSTITUTIONS, THEMES, Broker, unit_of
from tests.support.kept import kept, spellings

__all__ = ["unit_of"]
OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
THEME_GROUP: Final = "MO_900001_leerlingen-openbaar"
VALID, OTHER, INVALID = "85073003328", "17073003384", "85073003329"
KEYS: Final = KeyRing({"k1": bytes(range(32))}, "k1")


SECRET: Final = tuple(text for digits in (VALID, OTHER, INVALID) for text in spellings(digits))


@pytest.fixture
def app(database: Database, tmp_path: Path, unit_of: Callable[[], UnitOfWork]) -> Flask:
    """Give the whole service, with metrics and a provider that is not there."""
    (tmp_path / "i.csv").write_text(INSTITUTIONS)
    (tmp_path / "t.csv").write_text(THEMES)
    with unit_of() as uow:
        imports.institutions(uow, tmp_path / "i.csv")
        imports.themes(uow, tmp_path / "t.csv")
        uow.commit()
    settings = Settings(
        var=tmp_path,
        database_url=database.url,
        secret_key="a-secret-key-of-the-tests-0123456789",
        base_url="http://localhost",
        oidc_issuer="http://127.0.0.1:9/",
        oidc_client_id="mo",
        oidc_client_secret="s" * 40,
    )
    doors = [scim.door(), authzen.door(), oidc.door(settings), portal.door()]
    return create_app(settings, database, KEYS, doors)


@pytest.fixture
def lines(app: Flask) -> Iterator[io.StringIO]:
    """Give what is logged from now on."""
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    log.configure("info")


@pytest.fixture
def broker(app: Flask, unit_of: Callable[[], UnitOfWork]) -> Broker:
    """Give a client that may do everything."""
    scopes = ("scim:read", "scim:write", "insz:read", "access:evaluate")
    with unit_of() as uow:
        _, token = create(uow, NewClient("school", ("900001",), scopes=scopes))
        uow.commit()
    return Broker(app.test_client(), token)


def bodies(text: str | int) -> list[tuple[str, str, Any]]:
    """Return requests with the text in every place that keeps nothing of it as the client's own."""
    user = {"userName": "u"}
    member = {"value": text}
    path = f'members[value eq "{text}"]'
    return [
        ("POST", "/Users", {**user, OURS: {"insz": text}}),
        ("POST", "/Users", {**user, OURS: {"insz": text, "birthDate": "1999-01-01"}}),
        ("POST", "/Users", {**user, OURS: {"birthDate": text}}),
        ("POST", "/Users", {**user, OURS: {"gender": text}}),
        ("POST", "/Users", {**user, OURS: {"affiliations": [{"value": text}]}}),
        ("POST", "/Users", {**user, "active": text}),
        ("POST", "/Users", {**user, "schemas": [str(text)]}),
        ("POST", "/Groups", {"displayName": "g", "members": [member]}),
        ("POST", "/Groups", {"displayName": f"MO_{re.sub('[^0-9]', '', str(text))}_leerlingen"}),
        (
            "PATCH",
            "/Groups/GROUP",
            {"Operations": [{"op": "add", "path": "members", "value": [member]}]},
        ),
        ("PATCH", "/Groups/GROUP", {"Operations": [{"op": "remove", "path": path}]}),
        (
            "PATCH",
            "/Users/USER",
            {"Operations": [{"op": "replace", "path": str(text), "value": 1}]},
        ),
        (
            "PATCH",
            "/Users/USER",
            {"Operations": [{"op": str(text), "path": "title", "value": "x"}]},
        ),
        (
            "PATCH",
            "/Users/USER",
            {"Operations": [{"op": "replace", "path": f"{OURS}:insz", "value": text}]},
        ),
        (
            "POST",
            "/Bulk",
            {
                "Operations": [
                    {"method": "POST", "bulkId": str(text), "path": f"/Users/{text}", "data": user}
                ]
            },
        ),
        ("POST", "/Users/.search", {"filter": f'{OURS}:insz eq "{text}"'}),
        ("POST", "/Users/.search", {"filter": f'{OURS}:insz co "{text}"'}),
        ("POST", "/Users/.search", {"filter": f'"{text}'}),
        ("POST", "/Users/.search", {"sortBy": str(text), "cursor": str(text)}),
        ("GET", f"/Users/{text}", None),
        ("DELETE", f"/Users/{text}", None),
        ("GET", f'/Users?filter={OURS}:insz eq "{text}"', None),
        ("GET", f"/Users?attributes={text}&count={text}&startIndex={text}&cursor={text}", None),
        ("GET", f"/{text}", None),
    ]


EVERY: Final[tuple[str | int, ...]] = (*SECRET, int(VALID), int(INVALID))


def journey(app: Flask, broker: Broker, places: Iterable[str | int] = EVERY) -> list[str]:
    """Put every number everywhere; return what was answered."""
    told = []
    user = broker.made("/Users", {"userName": "kept", OURS: {"insz": VALID}})["id"]
    group = broker.made("/Groups", {"displayName": "kept"})["id"]
    for text in places:
        for method, path, body in bodies(text):
            place = path.replace("USER", user).replace("GROUP", group)
            headers = {
                "Idempotency_Key": str(text),
                "X_Request_Id": str(text),
                "If_None_Match": str(text),
            }
            answer = broker.send(method, place, body, **headers)
            assert answer.status_code < 500, (method, path, answer.text)
            asked = OURS in path or "insz eq" in json.dumps(body)
            if not asked:
                told.append(f"{answer.text} {answer.headers}")
        told += _elsewhere(app, broker, str(text))
    return told


def _elsewhere(app: Flask, broker: Broker, text: str) -> list[str]:
    http = app.test_client()
    paths = (
        "/oidc/login?next=/{}",
        "/oidc/login?login_hint={}",
        "/oidc/callback?state={}&code={}",
    )
    told = [http.get(p.replace("{}", text), headers={"User-Agent": text}).text for p in paths]
    http.get(f"/forward-auth?theme={text}&institution={text}")
    http.get(f"/documents/{text}", headers={"Authorization": f"Bearer {text}"})
    entity = {"type": "user", "id": text}
    asked = {"subject": entity, "action": {"name": text}, "resource": {"type": "theme", "id": text}}
    answer = broker.http.post(
        "/access/v1/evaluation",
        json={**asked, "context": {"orgcode": text, "acr": text}},
        headers={"Authorization": f"Bearer {broker.token}"},
    )
    return [*told, answer.text]


def leaks(text: str) -> list[str]:
    """Return where a number stands, with what surrounds it."""
    found = [(number, text.find(number)) for number in SECRET]
    return [text[max(0, at - 120) : at + 60] for _, at in found if at >= 0]


def test_nothing_that_is_kept_or_logged_holds_a_number(
    app: Flask, broker: Broker, database: Database, lines: io.StringIO
) -> None:
    """Database, its files, the trail, the log, errors and pages."""
    told = journey(app, broker)
    assert leaks(kept(database)) == []
    assert "/scim/v2/Users" in lines.getvalue()
    assert leaks(lines.getvalue()) == []
    with UnitOfWork(database, keys=KEYS, request_id="t") as uow:
        assert leaks(repr(list(audit.following(uow, 0)))) == []
    assert [one for one in told if leaks(one)] == []


def test_an_unforeseen_fault_tells_no_number(
    app: Flask,
    broker: Broker,
    lines: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the answer nor the trace, nor what is said when the log cannot be written."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"it broke at {VALID} and 85.07.30-033.28", {"insz": int(OTHER)})

    monkeypatch.setattr(people, "create", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = broker.send("POST", "/Users", {"userName": "an", OURS: {"insz": VALID}})
    assert answer.status_code == 500
    assert "RuntimeError" in lines.getvalue()
    assert leaks(answer.text + lines.getvalue()) == []
    lines.close()
    broker.send("POST", "/Users", {"userName": "an", OURS: {"insz": VALID}})
    out, err = capsys.readouterr()
    assert "could not be written" in err
    assert leaks(out + err) == []


def test_a_number_is_masked_in_every_part_of_a_line() -> None:
    """Also where it is a number to JSON, and as people write it."""
    event = {"a": int(VALID), "b": [{"c": text} for text in spellings(VALID)], "n": 12, "f": 1.5}
    masked = log.redact(None, "", event)
    assert leaks(repr(masked)) == []
    assert (masked["n"], masked["f"]) == (12, 1.5)


def test_nothing_that_is_reported_holds_a_number(
    app: Flask, broker: Broker, database: Database
) -> None:
    """Measures, the report of the sync, why, who, history, and the review with its table."""
    journey(app, broker)
    here = {"value": "900001", "role": "beheerder"}
    told = {"userName": "an", OURS: {"insz": OTHER, "affiliations": [here]}}
    an = broker.made("/Users", told)["id"]
    broker.made("/Groups", {"displayName": THEME_GROUP, "members": [{"value": an}]})
    with UnitOfWork(database, keys=KEYS, request_id="t") as uow:
        question = Question(an, "900001", "leerlingen-openbaar")
        found = [
            reports.sync(uow),
            explaining.why(uow, question),
            list(explaining.who(uow, "leerlingen-openbaar", "900001")),
            list(history.of(uow, an)),
            review.page(uow, "900001"),
            b"".join(review_csv.chunks(review.pages(uow, "900001"))).decode(),
            generate_latest(shared.of(app).metrics.registry).decode(),
        ]
    assert all(found)
    assert an in repr(found)
    assert [leaks(repr(one)) for one in found] == [[]] * len(found)


@pytest.mark.parametrize("said", ["", f"the row of {VALID}", f"the row of {spellings(VALID)[1]}"])
def test_a_crash_tells_no_number(app: Flask, lines: io.StringIO, said: str) -> None:
    """Neither what a view held when it failed, nor what the error says, reaches log or answer."""

    def fails() -> str:
        held = {"insz": VALID, "other": spellings(OTHER)}
        raise RuntimeError(said, len(held))

    app.add_url_rule("/crash", view_func=fails)
    answer = app.test_client().get("/crash")
    assert answer.status_code == 500
    assert leaks(answer.text) == []
    assert "RuntimeError" in lines.getvalue()
    assert leaks(lines.getvalue()) == []
