"""What every answer carries, and what never reaches the log."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from flask import Flask, request
from flask.testing import FlaskClient

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_web import log
from mo_web.app import create_app
from mo_web.limits import Buckets
from mo_web.metrics import Metrics
from tests.web.conftest import ISSUER, SECRET, probe_door

PATHS = ["/health/live", "/probe/who", "/nothing", "/probe/form", "/static/mo.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(http: FlaskClient, path: str) -> None:
    """Good answers, refusals and unknown paths alike (trust.md P13)."""
    with http.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {ISSUER}" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in headers
    assert ("no-store" in headers.get("Cache-Control", "")) is not path.startswith("/static")


def test_https_has_hsts_and_host_cookies(tmp_path: Path, database: Database, keys: KeyRing) -> None:
    """With an https base URL cookies are ``__Host-`` and Secure, and HSTS is sent."""
    settings = Settings(
        var=tmp_path,
        database_url=database.url,
        secret_key=SECRET,
        base_url="https://toegang.example",
    )
    app = create_app(settings, database, keys, [probe_door([])])
    answer = app.test_client().get("/probe/form?lang=en")
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", True),
        ("trace.1:2", True),
        ("85.07.30-033.28", False),
        ("85073003328", False),
        ("a b", False),
        ('"}', False),
        ("x" * 200, False),
        ("", False),
    ],
)
def test_a_request_id_is_kept_when_it_is_well_formed(
    http: FlaskClient, offered: str, kept: bool
) -> None:
    """A caller's id comes back; what could be an INSZ or break a log line does not."""
    given = http.get("/health/live", headers={"X-Request-ID": offered}).headers["X-Request-ID"]
    assert (given == offered) is kept
    assert given


@pytest.mark.parametrize("hops", [0, 1])
def test_forwarding_headers_count_only_behind_our_own_proxy(
    app: Flask, hops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that a stranger put in front is never believed (P11)."""
    monkeypatch.setattr(app.wsgi_app, "_hops", hops)
    seen: list[str | None] = []

    @app.before_request
    def look() -> None:
        assert not any(name.startswith("X-Forwarded") for name, _ in request.headers)
        seen.append(request.remote_addr)

    forged = {"X-Forwarded-For": "10.9.9.9, 192.0.2.7", "X-Forwarded-Host": "evil.example"}
    app.test_client().get("/health/live", headers=forged)
    assert seen == [["127.0.0.1"], ["192.0.2.7"]][hops]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Give what the log writes during the test."""
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    log.configure("info")


def test_secrets_and_numbers_never_reach_the_log(lines: io.StringIO) -> None:
    """Tokens, e-mail addresses and anything shaped like an INSZ are taken out, however deep."""
    structlog.get_logger("test").warning(
        "seen 85073003328",
        header="Bearer mos_abc_defGHI",
        told={"mail": "jan.janssens@school.example", "list": ["85.07.30-033.28"]},
        jwt="eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW4ifQ.c2ln",
    )
    written = lines.getvalue()
    for secret in ("85073003328", "85.07.30-033.28", "mos_abc", "jan.janssens", "eyJ"):
        assert secret not in written
    assert json.loads(written)["level"] == "warning"


@pytest.mark.parametrize(
    "told",
    [
        "Authorization: Basic c2VjcmV0OnNlY3JldA==",
        "bAsIc c2VjcmV0OnNlY3JldA==",
        "ba\u017fic c2VjcmV0OnNlY3JldA==",
        "BEARER c2VjcmV0OnNlY3JldA",
        "from mos_c2VjcmV0",
        "of eyJc2VjcmV0.x.y",
        "to c2VjcmV0@school.example",
    ],
)
def test_each_kind_of_secret_has_its_own_sign(told: str) -> None:
    """A pattern is tried where its sign stands, and it does in whatever case the secret comes."""
    assert "c2VjcmV0" not in log.redacted(told)


@pytest.mark.parametrize(
    "told",
    [
        "2e0e12345678901bb6b09d8b3ea46812",
        "e70fcce2-7ebb-401b-9d33-a12345678901",
        "/scim/v2/Users/E70FCCE2-7EBB-401B-9D33-12345678901A",
        "request e70fcce2-7ebb-401b-9d33-12345678901a, again",
    ],
)
def test_ids_stay_readable_in_the_log(told: str) -> None:
    """Eleven digits by chance in a UUID are nobody's number: an operator looks for that id."""
    assert log.redacted(told) == told


@pytest.mark.parametrize(
    "told",
    [
        "e70fcce2-7ebb-401b-9d33-a85073003328",
        "2e0e17073003384bb6b09d8b3ea46812",
        "12345678901",
        "x12345678901x",
        "e70fcce2-7ebb-401b-9d33-12345678901",
        "ae70fcce2-7ebb-401b-9d33-12345678901a",
        "12345678901-e70fcce2-7ebb-401b-9d33-a23456789011",
        "e70fcce2-7ebb-401b-9d33-8b3ea4681299 85.07.30-033.28",
        "85 07 30 033 28 e70fcce2-7ebb-401b-9d33-8b3ea4681299",
    ],
)
def test_a_number_is_taken_out_wherever_it_stands(told: str) -> None:
    """Real numbers go, also from within an id; so does anything of that shape outside one."""
    shown = log.redacted(told)
    assert "[insz]" in shown
    assert "12345678901" not in shown
    assert "3328" not in shown.replace(".", "")


def test_our_own_request_ids_hold_nothing_like_a_number(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id on a page must be found in the log as it stands."""
    drawn = iter(("2e0e12345678901b4b6b09d8b3ea4aaa", "2" + "e" * 31))
    monkeypatch.setattr("mo_web.requestid.secrets.token_hex", lambda _: next(drawn))
    answer = app.test_client().get("/health/live")
    assert answer.headers["X-Request-ID"] == "2" + "e" * 31


def test_one_line_for_each_request_without_its_query(app: Flask, lines: io.StringIO) -> None:
    """The line has method, path, status and id; what stood behind the question mark stays out."""
    log.configure("info", lines)
    app.test_client().get("/health/live?insz=85073003328&next=secret")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["method"], line["path"], line["status"]) for line in told] == [
        ("GET", "/health/live", 200)
    ]
    assert "secret" not in lines.getvalue()


def test_metric_labels_are_never_chosen_by_a_request(app: Flask) -> None:
    """A thousand invented paths and methods make no more than a handful of series (P14)."""
    parts = app.extensions["mo_web"]
    http = app.test_client()
    for number in range(200):
        http.open(f"/nothing/{number}", method=f"M{number}")
    series = [s for metric in parts.metrics.registry.collect() for s in metric.samples]
    assert len(series) < 60


def test_a_taken_metrics_port_is_a_warning() -> None:
    """A second process on the same port goes on without (design section 4)."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        Metrics().expose(taken.getsockname()[1])


def test_a_bucket_refills_with_time() -> None:
    """A burst empties it; after the seconds that it names there is a drop again."""
    now = [0.0]
    bucket = Buckets(2.0, 3, lambda: now[0])
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 1]
    assert bucket.take("b") == 0
    now[0] = 0.5
    assert bucket.wait("a") == 0
    assert bucket.take("a") == 0


def test_a_line_of_the_core_keeps_its_facts() -> None:
    """The core knows the standard library's log only: which chains, why, stand in the line too."""
    written = io.StringIO()
    log.configure("info", written)
    facts = {"chains": ["900001"], "reason": "disk full for 85073003328"}
    logging.getLogger("mo_access.service.upkeep").error("audit_chain_broken", extra=facts)
    line = json.loads(written.getvalue())
    assert (line["event"], line["chains"]) == ("audit_chain_broken", ["900001"])
    assert line["reason"] == "disk full for [insz]"


def test_what_a_library_tells_beside_a_line_is_not_logged(lines: io.StringIO) -> None:
    """It may hold anything: a header with a token, a whole body."""
    logging.getLogger("library").error("odd", extra={"headers": "Bearer abc", "reason": "odd"})
    (line,) = (json.loads(told) for told in lines.getvalue().splitlines())
    assert (line["event"], line["reason"], "headers" in line) == ("odd", "odd", False)
