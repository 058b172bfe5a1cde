"""One small request must not keep the others waiting, and no header may break an answer."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from tests.scim.conftest import ON_ONE_ENGINE, Broker, app, broker, broker_of, parsed, unit_of

__all__ = ["app", "broker", "broker_of", "unit_of"]
MANY = 4_000
SHORT = 3.0
SECONDS = 20.0
"""Generous for a slow machine; comparing each with each took minutes, under the write lock."""


def emails(count: int) -> list[dict[str, str]]:
    """Return so many values."""
    return [{"value": f"a{n}@example.org"} for n in range(count)]


@ON_ONE_ENGINE
def test_taking_many_values_from_many_is_quick(broker: Broker) -> None:
    """The write lock is held while a PATCH is applied: every other writer would wait."""
    path = f"/Users/{broker.made('/Users', {'userName': 'an', 'emails': emails(MANY)})['id']}"
    began = time.monotonic()
    step = {"op": "remove", "path": "emails", "value": emails(MANY)[1:]}
    answer = parsed(broker.patched(path, step))
    assert [email["value"] for email in answer["emails"]] == ["a0@example.org"]
    assert time.monotonic() - began < SECONDS


@ON_ONE_ENGINE
def test_there_is_a_limit_to_values_and_to_the_work_of_a_patch(broker: Broker) -> None:
    """Rule 12: 400 or 413 that says the limit, and nothing has changed."""
    assert (
        broker.send("POST", "/Users", {"userName": "b", "emails": emails(5_001)}).status_code == 400
    )
    made = broker.made("/Users", {"userName": "an", "emails": emails(MANY)})
    long = " or ".join(f'value co "a{n}"' for n in range(20))
    step = {"op": "replace", "path": f"emails[{long}].type", "value": "work"}
    refused = broker.patched(f"/Users/{made['id']}", *[step] * 100)
    assert refused.status_code == 413
    assert parsed(broker.send("GET", f"/Users/{made['id']}"))["meta"] == made["meta"]


@ON_ONE_ENGINE
def test_names_that_nothing_has_cost_nothing(broker: Broker) -> None:
    """Each was compared with each attribute of each resource of the page."""
    for n in range(50):
        broker.made("/Users", {"userName": f"u{n}"})
    names = [f"n{n}" for n in range(MANY * 20)]
    for chosen in ({"attributes": names}, {"excludedAttributes": names}):
        began = time.monotonic()
        found = parsed(broker.send("POST", "/Users/.search", {**chosen, "count": 50}))
        assert found["itemsPerPage"] == 50
        assert ("userName" in found["Resources"][0]) is ("attributes" not in chosen)
        assert time.monotonic() - began < SHORT


@ON_ONE_ENGINE
def test_a_path_and_an_order_are_as_short_as_a_filter(broker: Broker) -> None:
    """They are read by the same grammar, which takes seconds for a megabyte."""
    path = f"/Users/{broker.made('/Users', {'userName': 'an', 'emails': emails(1)})['id']}"
    terms = [f'value eq "a{n}"' for n in range(MANY)]
    long = f"emails[{' or '.join(terms)}]"
    refused = broker.patched(path, {"op": "remove", "path": long})
    assert (refused.status_code, parsed(refused)["scimType"]) == (400, "invalidPath")
    assert "4096" in parsed(refused)["detail"]
    for where in ("/Users", "/Groups", "/Themes"):
        answer = broker.send("POST", f"{where}/.search", {"sortBy": long})
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")


@ON_ONE_ENGINE
@pytest.mark.parametrize("host", ["..", "a..b", "." * 300, "x" * 300, "[::1", "évil", "a b", ""])
def test_no_host_header_breaks_an_answer(app: Flask, host: str) -> None:
    """Nothing is built from it; one that is no name made the router fail with 500."""
    client = app.test_client()
    for path in ("/health/live", "/scim/v2/Users", "/none"):
        answer = client.get(path, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code < 500
    assert client.get("/health/live", environ_overrides={"HTTP_HOST": host}).status_code == 200
