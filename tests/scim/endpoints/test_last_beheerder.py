"""The last beheerder as brokers meet it: a 409 that a human understands, and what they read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client import generate_latest

from mo_access.domain.keys import KeyRing
from mo_access.domain.terms import LastBeheerder
from mo_access.service import clients, reports
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_scim.blueprint import door
from mo_scim.resources import USER_EXTENSION
from mo_web import shared
from mo_web.app import create_app
from tests.scim.conftest import Broker, parsed

Make = Callable[[LastBeheerder], Broker]
GROUP = {"displayName": "MO_900001_beheerder"}


@pytest.fixture
def under(
    app: Flask, database: Database, tmp_path: Path, unit_of: Callable[[], UnitOfWork]
) -> Make:
    """Give a maker of brokers of a service under these terms."""

    def make(last: LastBeheerder) -> Broker:
        settings = Settings(
            var=tmp_path,
            database_url=database.url,
            secret_key="a-secret-key-of-the-tests-0123456789",
            base_url="http://localhost",
            last_beheerder=last,
        )
        served = create_app(settings, database, KeyRing({"k1": bytes(range(32))}, "k1"), [door()])
        with unit_of() as uow:
            _, token = clients.create(uow, NewClient("school", ("900001", "900002")))
            uow.commit()
        return Broker(served.test_client(), token)

    return make


def affiliations(role: str) -> dict[str, Any]:
    """Say the role of the school in the extension."""
    return {USER_EXTENSION: {"affiliations": [{"value": "900001", "role": role}]}}


def an(**more: object) -> dict[str, Any]:
    """Make An as brokers send her."""
    return {"userName": "an", **more}


LOSSES: list[tuple[str, dict[str, Any], str, object]] = [
    ("put", affiliations("beheerder"), "PUT", an(**affiliations("gebruiker"))),
    ("put roles", {"roles": [{"value": "beheerder:900001"}]}, "PUT", an()),
    (
        "patch",
        affiliations("beheerder"),
        "PATCH",
        {"Operations": [{"op": "remove", "path": f"{USER_EXTENSION}:affiliations"}]},
    ),
    (
        "patch end",
        affiliations("beheerder"),
        "PATCH",
        {
            "Operations": [
                {
                    "op": "replace",
                    "path": f'{USER_EXTENSION}:affiliations[value eq "900001"].end',
                    "value": "2020-01-01",
                }
            ]
        },
    ),
    (
        "patch roles",
        {"roles": [{"value": "beheerder:900001"}]},
        "PATCH",
        {"Operations": [{"op": "remove", "path": "roles"}]},
    ),
]
EVERY = pytest.mark.parametrize(
    ("said", "method", "body"), [one[1:] for one in LOSSES], ids=[one[0] for one in LOSSES]
)


def role_at(broker: Broker, person: str) -> list[tuple[str, str]]:
    """Read (role, status) of the person's affiliations."""
    user = parsed(broker.send("GET", f"/Users/{person}"))
    shown = user.get(USER_EXTENSION, {}).get("affiliations", [])
    return [(one["role"], one["status"]) for one in shown]


@EVERY
def test_refused_by_409(under: Make, said: dict[str, Any], method: str, body: object) -> None:
    """The sentence tells what to do; the user and its version are as before."""
    broker = under("refuse")
    made = broker.made("/Users", an(**said))
    answer = broker.send(method, f"/Users/{made['id']}", body)
    error = parsed(answer)
    assert (answer.status_code, error["status"], error.get("scimType")) == (409, "409", None)
    assert error["detail"].startswith("Institution 900001 would be left without beheerder.")
    assert parsed(broker.send("GET", f"/Users/{made['id']}")) == made
    broker.made("/Users", {"userName": "bea", **affiliations("beheerder")})
    assert broker.send(method, f"/Users/{made['id']}", body).status_code == 200


@EVERY
def test_retained_unseen(under: Make, said: dict[str, Any], method: str, body: object) -> None:
    """The broker reads what it wrote, finds nothing by filter, and echoes without effect."""
    broker = under("retain")
    made = broker.made("/Users", an(**said))
    path = f"/Users/{made['id']}"
    answer = broker.send(method, path, body)
    assert answer.status_code == 200
    seen = parsed(answer)
    assert ("beheerder", "active") not in role_at(broker, made["id"])
    assert "retained" not in json.dumps(seen)
    assert broker.found("/Users", f'{USER_EXTENSION}:affiliations.origin eq "retained"') == []
    again = broker.send("PUT", path, seen)
    assert (again.status_code, parsed(again)) == (200, seen)
    assert broker.send("DELETE", path).status_code == 204


def test_a_group_as_the_last_role(under: Make) -> None:
    """Leaving it, replacing it and deleting it are refused alike."""
    broker = under("refuse")
    person = broker.made("/Users", an())["id"]
    path = f"/Groups/{broker.made('/Groups', {**GROUP, 'members': [{'value': person}]})['id']}"
    removal = {"op": "remove", "path": f'members[value eq "{person}"]'}
    tries = (
        broker.patched(path, removal),
        broker.patched(path, {"op": "replace", "path": "displayName", "value": "vrij"}),
        broker.send("PUT", path, {**GROUP, "members": []}),
        broker.send("DELETE", path),
    )
    assert [answer.status_code for answer in tries] == [409] * 4
    assert [one["value"] for one in parsed(broker.send("GET", path))["members"]] == [person]
    off = {"op": "replace", "path": "active", "value": False}
    assert broker.patched(f"/Users/{person}", off).status_code == 200
    assert broker.send("DELETE", path).status_code == 204


def test_bulk_refuses_one_operation(under: Make) -> None:
    """The others are done; of two that take the last two, the second is refused."""
    broker = under("refuse")
    ids = [
        broker.made("/Users", {"userName": name, **affiliations("beheerder")})["id"]
        for name in ("an", "bea")
    ]
    operations = [
        {"method": "PUT", "path": f"/Users/{one}", "data": {"userName": name}}
        for one, name in zip(ids, ("an", "bea"), strict=True)
    ]
    operations.append(
        {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"userName": "c"}}
    )
    done = parsed(broker.send("POST", "/Bulk", {"Operations": operations}))["Operations"]
    assert [one["status"] for one in done] == ["200", "409", "201"]
    assert "would be left without beheerder" in done[1]["response"]["detail"]
    assert [role_at(broker, one) for one in ids] == [[], [("beheerder", "active")]]


def test_bulk_swaps_the_beheerder_in_one_go(under: Make) -> None:
    """First the new one, then the old one: nothing is refused, retained or told."""
    broker = under("refuse")
    old = broker.made("/Users", an(**affiliations("beheerder")))["id"]
    new = {"userName": "bea", **affiliations("beheerder")}
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": new},
        {"method": "PUT", "path": f"/Users/{old}", "data": {"userName": "an"}},
    ]
    done = parsed(broker.send("POST", "/Bulk", {"Operations": operations}))["Operations"]
    assert [one["status"] for one in done] == ["201", "200"]


def test_the_measure_counts_without_naming(under: Make) -> None:
    """One number for all, without labels, read from the database by any process."""
    broker = under("allow")
    measures = shared.of(broker.http.application).metrics

    def shown() -> list[str]:
        lines = generate_latest(measures.registry).decode().splitlines()
        return [line for line in lines if line.startswith("mo_institutions_without_beheerder")]

    person = broker.made("/Users", an(**affiliations("beheerder")))["id"]
    assert shown() == ["mo_institutions_without_beheerder 0.0"]
    assert broker.send("DELETE", f"/Users/{person}").status_code == 204
    assert shown() == ["mo_institutions_without_beheerder 1.0"]


def test_a_client_that_may_make_none_is_told(
    broker_of: Callable[[NewClient], Broker], unit_of: Callable[[], UnitOfWork]
) -> None:
    """Kept as sent, so that no broker stops; the report says what it counts as."""
    broker = broker_of(NewClient("school", ("900001",), beheerders=False))
    user = broker.made("/Users", an(**affiliations("beheerder"), roles=[{"value": "beheerder"}]))
    assert role_at(broker, user["id"]) == [("beheerder", "active")]
    broker.made("/Groups", {**GROUP, "members": [{"value": user["id"]}]})
    with unit_of() as uow:
        told = [one.text for one in reports.sync(uow)[0].unmapped]
    why = "as this client may make no beheerders"
    assert sorted(told) == [
        f"beheerder at 900001: counts as gebruiker, {why}",
        f"displayName: MO_900001_beheerder gives gebruiker, {why}",
    ]
    off = {"op": "replace", "path": "active", "value": False}
    assert broker.patched(f"/Users/{user['id']}", off).status_code == 200
