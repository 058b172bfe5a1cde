"""What a broker and whoever watches are told when a commit may not be on the disk."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from flask import Flask

from mo_access.storage import write_ahead
from mo_web import log
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

AN = {"userName": "an"}
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def _broken(_file: int) -> None:
    raise OSError(5, "Input/output error")


@ON_ONE_ENGINE
def test_a_write_that_may_not_be_on_the_disk_is_503(
    app: Flask, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each one after it, which changes nothing; reads go on, and the node is not ready."""
    written = StringIO()
    log.configure("info", written)
    monkeypatch.setattr(write_ahead, "_sync", _broken)
    first = broker.send("POST", "/Users", AN)
    monkeypatch.undo()
    second = broker.send("POST", "/Users", {"userName": "bea"})
    for answer in (first, second):
        assert (answer.status_code, parsed(answer)["schemas"]) == (503, [ERROR])
        assert "Retry-After" in answer.headers
        assert "Input/output" not in answer.text
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    reasons = [line["reason"] for line in lines if line["event"] == "fault"]
    assert len(reasons) == 2
    assert all(reason.startswith("a commit may not be on the disk") for reason in reasons)
    assert broker.found("/Users", 'userName eq "bea"') == []
    ready = app.test_client().get("/health/ready")
    assert (ready.status_code, parsed(ready)["checks"]["database"]) == (503, "down")


@ON_ONE_ENGINE
def test_a_kept_answer_is_replayed_once_it_is_on_the_disk(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends a request again may come before the first one's flush has ended, or has failed."""
    flushed: list[int] = []

    monkeypatch.setattr(write_ahead, "_sync", flushed.append)
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 201
    flushed.clear()
    again = broker.send("POST", "/Users", AN, Idempotency_Key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len(flushed) == 1
    monkeypatch.setattr(write_ahead, "_sync", _broken)
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 503
