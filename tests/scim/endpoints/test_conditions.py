"""Entity tags under sixteen writers: one wins, none overwrites another (RFC 7644 section 3.14)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from tests.scim.conftest import Broker, parsed

WRITERS = 16


@pytest.fixture
def at_once(app: Flask, broker: Broker) -> Callable[[Callable[[Broker, int], int]], list[int]]:
    """Give a way to let sixteen writers of one client work at the same time."""

    def run(work: Callable[[Broker, int], int]) -> list[int]:
        def one(n: int) -> int:
            return work(Broker(app.test_client(), broker.token), n)

        with ThreadPoolExecutor(WRITERS) as pool:
            return sorted(pool.map(one, range(WRITERS)))

    return run


AtOnce = Callable[[Callable[[Broker, int], int]], list[int]]
ONE_WINS = [200] + [412] * (WRITERS - 1)


def bodies(resource: str, method: str, n: int) -> dict[str, Any]:
    """Return a write that names its writer."""
    name = "userName" if resource == "Users" else "displayName"
    if method == "PUT":
        return {name: f"w{n}"}
    return {"Operations": [{"op": "replace", "path": name, "value": f"w{n}"}]}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("resource", ["Users", "Groups"])
def test_one_of_sixteen_passes_its_condition(
    broker: Broker, at_once: AtOnce, resource: str, method: str
) -> None:
    """With the same If-Match fifteen are told 412, and the version moved once."""
    made = broker.made(f"/{resource}", {"userName": "a", "displayName": "a"})
    path, tag = f"/{resource}/{made['id']}", made["meta"]["version"]

    def work(writer: Broker, n: int) -> int:
        body = bodies(resource, method, n)
        return writer.send(method, path, body, If_Match=tag).status_code

    assert at_once(work) == ONE_WINS
    assert parsed(broker.send("GET", path))["meta"]["version"].startswith('W/"2-')


@pytest.mark.parametrize("resource", ["Users", "Groups"])
def test_one_of_sixteen_bulks_passes_its_version(
    broker: Broker, at_once: AtOnce, resource: str
) -> None:
    """A version in a Bulk operation is the same condition."""
    made = broker.made(f"/{resource}", {"userName": "a", "displayName": "a"})
    path = f"/{resource}/{made['id']}"

    def work(writer: Broker, n: int) -> int:
        operation = {
            "method": "PUT",
            "path": path,
            "version": made["meta"]["version"],
            "data": bodies(resource, "PUT", n),
        }
        answer = writer.send("POST", "/Bulk", {"Operations": [operation]})
        return int(parsed(answer)["Operations"][0]["status"])

    assert at_once(work) == ONE_WINS


@pytest.mark.parametrize("resource", ["Users", "Groups"])
def test_read_change_write_with_tags_loses_nothing(
    broker: Broker, at_once: AtOnce, resource: str
) -> None:
    """Sixteen who add their line and try again after 412: every line is there in the end."""
    made = broker.made(f"/{resource}", {"userName": "a", "displayName": "start"})
    path = f"/{resource}/{made['id']}"

    def work(writer: Broker, n: int) -> int:
        for _ in range(4 * WRITERS):
            seen = parsed(writer.send("GET", path))
            body = seen | {"displayName": f"{seen['displayName']} w{n}."}
            tag = seen["meta"]["version"]
            if writer.send("PUT", path, body, If_Match=tag).status_code == 200:
                return 200
        return 412

    assert at_once(work) == [200] * WRITERS
    lines = parsed(broker.send("GET", path))["displayName"].split()
    assert sorted(lines[1:]) == sorted(f"w{n}." for n in range(WRITERS))


def test_one_of_sixteen_deletes(broker: Broker, at_once: AtOnce) -> None:
    """The others find nothing any more."""
    path = f"/Users/{broker.made('/Users', {'userName': 'a'})['id']}"
    found = at_once(lambda writer, _n: writer.send("DELETE", path, If_Match="*").status_code)
    assert found == [204] + [404] * (WRITERS - 1)
