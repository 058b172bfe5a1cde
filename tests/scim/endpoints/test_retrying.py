"""A request that is repeated after an unknown outcome is done once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from mo_access.domain.model import Actor
from mo_access.service import idempotency
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit
from mo_access.storage.bookkeeping import idempotency as table
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

URN = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
INSZ = "85073003328"
AN = {"userName": "an", "externalId": "e-1"}


def test_a_repeated_creation_without_a_key_is_found_by_external_id(broker: Broker) -> None:
    """409 uniqueness, and the one that exists can be found (issue, item 10)."""
    made = broker.made("/Users", AN)
    again = broker.send("POST", "/Users", AN)
    assert (again.status_code, parsed(again)["scimType"]) == (409, "uniqueness")
    assert broker.found("/Users", 'externalId eq "e-1"') == [made["id"]]


def test_the_same_request_under_its_key_replays_the_answer(broker: Broker) -> None:
    """Byte for byte, with its headers, and nothing is done again."""
    first = broker.send("POST", "/Users", AN, Idempotency_Key="k 1")
    again = broker.send("POST", "/Users", AN, Idempotency_Key="k 1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_data() == first.get_data()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert len(broker.found("/Users", "id pr")) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_write_can_be_repeated(broker: Broker, method: str) -> None:
    """A condition that held the first time is not judged again."""
    made = broker.made("/Users", AN)
    operations = [{"op": "replace", "path": "title", "value": "t"}]
    put, patch = {**AN, "title": "t"}, {"Operations": operations}
    body: object = put if method == "PUT" else patch
    headers = {"If_Match": made["meta"]["version"], "Idempotency_Key": "k"}
    answers = [broker.send(method, f"/Users/{made['id']}", body, **headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [204 if method == "DELETE" else 200] * 2
    assert answers[0].get_data() == answers[1].get_data()
    assert "Content-Type" not in answers[1].headers or method != "DELETE"
    assert broker.send(method, f"/Users/{made['id']}", body).status_code in {200, 404}


def test_a_bulk_can_be_repeated(broker: Broker) -> None:
    """With the results of its failed operations."""
    create = {"method": "POST", "path": "/Users", "bulkId": "a", "data": AN}
    body = {"Operations": [create, {"method": "DELETE", "path": "/Users/none"}]}
    first, again = (broker.send("POST", "/Bulk", body, Idempotency_Key="b") for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_data() == first.get_data()
    assert [o["status"] for o in parsed(again)["Operations"]] == ["201", "404"]


OTHERS = [
    ("POST", "/Users", {"userName": "bea"}, {}),
    ("POST", "/Users?attributes=id", AN, {}),
    ("POST", "/Groups", AN | {"displayName": "x"}, {}),
    ("POST", "/Users", AN, {"If_Match": "*"}),
    ("PUT", "/Users/x", AN, {}),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("method", "path", "body", "headers"), OTHERS)
def test_a_key_that_named_another_request_is_422(
    broker: Broker, method: str, path: str, body: object, headers: dict[str, str]
) -> None:
    """Another method, address, body or condition is another request; nothing is done."""
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 201
    answer = broker.send(method, path, body, Idempotency_Key="k", **headers)
    assert answer.status_code == 422
    assert "new key" in parsed(answer)["detail"]
    assert len(broker.found("/Users", "id pr")) == 1


def test_keys_belong_to_their_client(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """Two clients may use the same key; neither sees the other's answer."""
    other = broker_of(NewClient("other", ("900003",)))
    mine, theirs = (b.send("POST", "/Users", AN, Idempotency_Key="k") for b in (broker, other))
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert parsed(mine)["id"] != parsed(theirs)["id"]


def test_a_refusal_is_not_kept(broker: Broker) -> None:
    """It changed nothing, so the same request may succeed later."""
    body = {"displayName": "x", "members": [{"value": "unknown"}]}
    assert broker.send("POST", "/Groups", body, Idempotency_Key="k").status_code == 400
    taken = broker.made("/Users", AN)["id"]
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 409
    broker.send("DELETE", f"/Users/{taken}")
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 201


@ON_ONE_ENGINE
@pytest.mark.parametrize("key", ["", "é", "a" * 256, "a\tb"])
def test_a_key_is_1_to_255_printable_ascii_characters(broker: Broker, key: str) -> None:
    """Anything else is 400 and does nothing."""
    assert broker.send("POST", "/Users", AN, Idempotency_Key=key).status_code == 400
    assert broker.send("POST", "/Users", AN, Idempotency_Key="~" * 255).status_code == 201


def test_an_answer_with_the_number_is_never_kept(
    broker_of: Callable[[NewClient], Broker], unit_of: Callable[[], UnitOfWork]
) -> None:
    """What is kept is not encrypted: the request is refused; without the key it is answered."""
    scopes = ("scim:read", "scim:write", "insz:read")
    reader = broker_of(NewClient("reader", ("900001",), scopes=scopes))
    path, body = f"/Users?attributes=userName,{URN}:insz", AN | {URN: {"insz": INSZ}}
    refused = reader.send("POST", path, body, Idempotency_Key="k")
    assert (refused.status_code, "Idempotency-Key" in parsed(refused)["detail"]) == (400, True)
    assert reader.send("POST", "/Users", body, Idempotency_Key="k").status_code == 201
    with unit_of() as uow:
        kept = uow.conn.all(select(table))
    assert len(kept) == 1
    assert INSZ not in str(kept)


def test_an_answer_is_kept_for_a_day(broker: Broker, unit_of: Callable[[], UnitOfWork]) -> None:
    """Then the key is free again, also before anyone swept."""
    assert broker.send("POST", "/Users", AN, Idempotency_Key="k").status_code == 201
    with unit_of() as uow:
        at = uow.conn.all(select(table.c.at))[0][0]
        uow.now = at + idempotency.KEPT_MICROSECONDS - 1
        assert idempotency.sweep(uow) == 0
        uow.now += 1
        (client_pk,) = uow.conn.all(select(table.c.client_pk))[0]
        actor = _actor(client_pk)
        assert idempotency.find(uow, actor, "k") is None
        assert idempotency.claim(uow, actor, "k", b"other") is None
        assert idempotency.sweep(uow) == 0
        uow.now += idempotency.KEPT_MICROSECONDS
        assert idempotency.sweep(uow) == 1


def _actor(client_pk: int) -> Actor:
    """Stand in for the client that named the key."""
    return Actor(client_pk, "c", "c", True, frozenset(), None, "lenient", frozenset())


def test_of_many_at_once_one_does_the_work(
    app: Flask, broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Eight repeats at the same time: one change, one event, one answer for all."""

    def send(_n: int) -> tuple[int, bytes]:
        mine = Broker(app.test_client(), broker.token)
        answer = mine.send("POST", "/Users", AN, Idempotency_Key="k")
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(8)))
    assert {status for status, _ in answers} == {201}
    assert len(answers) == 1
    with unit_of() as uow:
        kinds = [e.kind for e in audit.last(uow.conn, 50)]
    assert kinds.count("person.create") == 1
