"""``sync report`` from the broker's requests to what its administrator reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from mo_access.commands import sync as command
from mo_access.commands.clients import client as client_command
from mo_access.service import reports
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from tests.scim.conftest import Broker
from tests.scim.conftest import app as app  # noqa: PLC0414 - a fixture, used by its name
from tests.scim.conftest import broker as broker  # noqa: PLC0414 - a fixture
from tests.scim.conftest import broker_of as broker_of  # noqa: PLC0414 - a fixture
from tests.scim.conftest import unit_of as unit_of  # noqa: PLC0414 - a fixture

THEME = "MO_900001_leerlingen-openbaar"


def report(unit_of: Callable[[], UnitOfWork]) -> dict[str, Any]:
    """Return the report on the only client, as JSON has it."""
    with unit_of() as uow:
        (one,) = reports.sync(uow)
    told: dict[str, Any] = json.loads(json.dumps(asdict(one)))
    return told


def sent_day(broker: Broker) -> None:
    """Send what a broker sends on a day: something good, something odd, something wrong."""
    an = broker.made("/Users", {"userName": "an", "active": "True", "roles": ["gebruiker:900001"]})
    broker.made("/Users", {"userName": "bo", "roles": ["Toezichter:900001"]})
    group = broker.made("/Groups", {"displayName": THEME, "members": [{"value": an["id"]}]})
    broker.made("/Groups", {"displayName": "Koffieploeg", "members": [{"value": an["id"]}]})
    add = {"op": "Add", "path": "members", "value": [{"value": "nobody"}]}
    assert broker.patched(f"/Groups/{group['id']}", add).status_code == 200
    assert broker.send("POST", "/Users", {"userName": "AN"}).status_code == 409
    wrong = {"displayName": "MO_999999_leerlingen-openbaar"}
    assert broker.send("POST", "/Groups", wrong).status_code == 400


def test_the_report_tells_what_came_of_what_was_sent(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Came in, mapped, unmapped, refused and why, tolerated, last success: all of it."""
    sent_day(broker)
    told = report(unit_of)
    assert (told["requests"], told["taken"]) == (7, 5)
    assert told["last_success"] <= told["last_refusal"]
    assert told["mapped"] == {
        "people": 2,
        "affiliations": 1,
        "groups": 1,
        "groups_that_give_nothing": 1,
        "memberships": 1,
    }
    unmapped = dict(map(tuple, told["unmapped"]))
    assert unmapped == {
        "displayName: Koffieploeg": 1,
        "members: 1 unknown, skipped": 1,
        "roles[0]: Toezichter:900001": 1,
    }
    tolerated = dict(map(tuple, told["tolerated"]))
    assert tolerated["missing_schemas"] == 5
    assert (tolerated["text_booleans"], tolerated["bare_values"]) == (1, 2)
    assert (tolerated["op_case"], tolerated["unknown_members"]) == (1, 1)


def test_a_refusal_in_the_report_is_what_the_broker_was_told(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """The same sentence, so that two administrators speak of the same."""
    answer = broker.send("POST", "/Groups", {"displayName": "MO_999999_leerlingen-openbaar"})
    (refusal,) = report(unit_of)["refused"]
    assert refusal["detail"] == json.loads(answer.get_data())["detail"]
    assert (refusal["status"], refusal["method"], refusal["resource"]) == (400, "POST", "Group")
    assert refusal["request_id"]


def test_another_clients_people_are_not_counted(
    broker: Broker,
    broker_of: Callable[[NewClient], Broker],
    unit_of: Callable[[], UnitOfWork],
) -> None:
    """Each client's report is about its own."""
    sent_day(broker)
    broker_of(NewClient("other", ("900003",))).made("/Users", {"userName": "x", "nickName": ""})
    with unit_of() as uow:
        first, other = reports.sync(uow)
    assert (first.mapped.people, other.mapped.people) == (2, 1)
    assert dict(other.tolerated) == {"empty_texts": 1, "missing_schemas": 1}


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_the_report_reads_as_text(
    app: Flask, broker: Broker, monkeypatch: pytest.MonkeyPatch, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Every fact has its line."""
    sent_day(broker)

    class Desk:
        """An open installation."""

        unit = staticmethod(unit_of)

    monkeypatch.setattr(command, "opened", Desk)
    text = CliRunner().invoke(command.sync, ["report"]).output
    assert "7 requests, 2 refused; last success" in text
    assert "2 people, 1 affiliations, 1 memberships of 1 groups that give and 1 that do not" in text
    assert "gives nothing  roles[0]: Toezichter:900001 (1x)" in text
    assert "tolerated  missing_schemas (5x)" in text
    assert "refused  POST User 409" in text
    assert json.loads(CliRunner().invoke(command.sync, ["report", "--json"]).output)[0]["mapped"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [("loose", "no profile 'loose'"), ("lenient,-x", "no deviation 'x'"), ("lenient,x", "write")],
)
def test_a_client_with_a_profile_that_cannot_be_is_refused(text: str, fault: str) -> None:
    """Before anything is made, with what there is."""
    found = CliRunner().invoke(client_command, ["create", "b", "--platform", "--profile", text])
    assert (found.exit_code, fault in found.output) == (2, True)
