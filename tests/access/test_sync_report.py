"""``sync report`` from the broker's requests to what its administrator reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from mo_access.commands import sync as command
from mo_access.commands.clients import client as client_command
from mo_access.service import reports, tally
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.bookkeeping import client_activity, client_tally
from mo_access.storage.engine import DatabaseDown
from mo_web import shared
from mo_web.limits import Buckets
from tests.scim.conftest import Broker, parsed
from tests.scim.conftest import app as app  # noqa: PLC0414 - a fixture, used by its name
from tests.scim.conftest import broker as broker  # noqa: PLC0414 - a fixture
from tests.scim.conftest import broker_of as broker_of  # noqa: PLC0414 - a fixture
from tests.scim.conftest import unit_of as unit_of  # noqa: PLC0414 - a fixture

THEME = "MO_900001_leerlingen-openbaar"
_SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Report: TypeAlias = Callable[[], dict[str, Any]]


@pytest.fixture
def stored(app: Flask, unit_of: Callable[[], UnitOfWork]) -> Callable[[], None]:
    """Give what a serving process does every ten seconds: store what it counted."""

    def store() -> None:
        with shared.of(app).tally.taken() as counts, unit_of() as uow:
            tally.write(uow, counts)
            uow.commit()

    return store


@pytest.fixture
def report(stored: Callable[[], None], unit_of: Callable[[], UnitOfWork]) -> Report:
    """Give a function that returns the report on the only client, as JSON has it."""

    def read() -> dict[str, Any]:
        stored()
        with unit_of() as uow:
            (one,) = reports.sync(uow)
        told: dict[str, Any] = json.loads(json.dumps(asdict(one)))
        return told

    return read


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


def test_the_report_tells_what_came_of_what_was_sent(broker: Broker, report: Report) -> None:
    """Came in, mapped, unmapped, refused and why, tolerated, last success: all of it."""
    sent_day(broker)
    told = report()
    assert (told["requests"], told["taken"]) == (7, 5)
    assert told["last_success"] <= told["last_refusal"]
    assert told["mapped"] == {
        "people": 2,
        "affiliations": 1,
        "groups": 1,
        "groups_that_give_nothing": 1,
        "memberships": 1,
    }
    unmapped = {one["text"]: one["times"] for one in told["unmapped"]}
    assert unmapped == {
        "displayName: Koffieploeg": 1,
        "members: 1 unknown, skipped": 1,
        "roles[0]: Toezichter:900001": 1,
    }
    tolerated = dict(map(tuple, told["tolerated"]))
    assert tolerated["missing_schemas"] == 7
    assert (tolerated["text_booleans"], tolerated["bare_values"]) == (1, 2)
    assert (tolerated["op_case"], tolerated["unknown_members"]) == (1, 1)


def test_a_refusal_in_the_report_is_what_the_broker_was_told(
    broker: Broker, report: Report
) -> None:
    """The same sentence, so that two administrators speak of the same."""
    answer = broker.send("POST", "/Groups", {"displayName": "MO_999999_leerlingen-openbaar"})
    (refusal,) = report()["refused"]
    assert refusal["detail"] == json.loads(answer.get_data())["detail"]
    assert (refusal["status"], refusal["method"], refusal["resource"]) == (400, "POST", "Group")
    assert refusal["request_id"]


def test_another_clients_people_are_not_counted(
    broker: Broker,
    broker_of: Callable[[NewClient], Broker],
    stored: Callable[[], None],
    unit_of: Callable[[], UnitOfWork],
) -> None:
    """Each client's report is about its own."""
    sent_day(broker)
    broker_of(NewClient("other", ("900003",))).made("/Users", {"userName": "x", "nickName": ""})
    stored()
    with unit_of() as uow:
        first, other = reports.sync(uow)
    assert (first.mapped.people, other.mapped.people) == (2, 1)
    assert dict(other.tolerated) == {"empty_texts": 1, "missing_schemas": 1}


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_the_report_reads_as_text(
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    stored: Callable[[], None],
    unit_of: Callable[[], UnitOfWork],
) -> None:
    """Every fact has its line."""
    sent_day(broker)
    (an,) = parsed(broker.send("GET", '/Users?filter=userName eq "an"'))["Resources"]
    same = {"op": "replace", "path": "active", "value": True}
    assert broker.patched(f"/Users/{an['id']}", same).status_code == 200
    stored()

    class Desk:
        """An open installation."""

        unit = staticmethod(unit_of)

    monkeypatch.setattr(command, "opened", Desk)
    text = CliRunner().invoke(command.sync, ["report"]).output
    assert "9 requests, 2 refused, 1 changed nothing; last success" in text
    assert "2 people, 1 affiliations, 1 memberships of 1 groups that give and 1 that do not" in text
    assert "gives nothing  roles[0]: Toezichter:900001 (1x, last" in text
    assert "see GET /Institutions and GET /Themes" in text
    assert "tolerated  missing_schemas (8x)" in text
    assert "refused  POST User 409" in text
    assert json.loads(CliRunner().invoke(command.sync, ["report", "--json"]).output)[0]["mapped"]


def test_reads_are_in_the_report_with_what_they_needed(broker: Broker, report: Report) -> None:
    """A broker that only looks is seen too, also where it finds nothing."""
    assert broker.send("GET", "/Users?filter=userName eq an").status_code == 200
    assert broker.send("GET", "/Users/none").status_code == 404
    search = {"schemas": [_SEARCH], "filter": 'userName eq "an"'}
    assert broker.send("POST", "/Users/.search", search).status_code == 200
    assert broker.send("GET", "/Themes").status_code == 200
    assert broker.send("GET", "/Themes?filter=x").status_code == 400
    told = report()
    assert (told["requests"], told["taken"], told["last_success"]) == (5, 4, None)
    assert told["last_read"] <= told["last_refusal"]
    came = {(c["method"], c["resource"]): (c["requests"], c["taken"]) for c in told["came_in"]}
    assert came == {
        ("GET", "User"): (2, 2),
        ("POST", "User/.search"): (1, 1),
        ("GET", "Theme"): (2, 1),
    }
    assert dict(map(tuple, told["tolerated"])) == {"bare_filters": 1}


def test_a_read_writes_nothing_to_the_database(
    broker: Broker, unit_of: Callable[[], UnitOfWork], stored: Callable[[], None]
) -> None:
    """However many there are, their counts wait in the process and are stored in one row."""

    def rows() -> list[tuple[int, int]]:
        with unit_of() as uow:
            counted = uow.conn.all(select(client_tally.c.times).order_by(client_tally.c.kind))
            (activity,) = uow.conn.all(select(func.count()).select_from(client_activity))
            return [(int(row[0]), int(activity[0])) for row in counted]

    for _ in range(3):
        broker.send("GET", "/Users?filter=userName eq an")
    assert rows() == []
    stored()
    assert rows() == [(3, 0), (3, 0)]
    broker.send("GET", "/Users")
    stored()
    assert rows() == [(4, 0), (3, 0)]


def test_writes_that_change_nothing_are_counted(
    broker: Broker, unit_of: Callable[[], UnitOfWork], report: Report
) -> None:
    """A nightly sync sends everybody again: no row for each, but it came in, and went well."""
    an = broker.made("/Users", {"userName": "an", "roles": ["gebruiker:900001"]})
    group = broker.made("/Groups", {"displayName": THEME, "members": [{"value": an["id"]}]})
    before = report()
    person, members = {"userName": "an", "roles": ["gebruiker:900001"]}, [{"value": an["id"]}]
    for _ in range(3):
        assert broker.send("PUT", f"/Users/{an['id']}", person).status_code == 200
    again = {"op": "replace", "path": "active", "value": True}
    assert broker.patched(f"/Users/{an['id']}", again).status_code == 200
    whole = {"displayName": THEME, "members": members}
    assert broker.send("PUT", f"/Groups/{group['id']}", whole).status_code == 200
    add = {"op": "add", "path": "members", "value": members}
    assert broker.patched(f"/Groups/{group['id']}", add).status_code == 200
    operations = [
        {"method": "PUT", "path": f"/Users/{an['id']}", "data": person},
        {"method": "PUT", "path": f"/Users/{an['id']}", "data": {**person, "title": "new"}},
    ]
    assert broker.send("POST", "/Bulk", {"Operations": operations}).status_code == 200
    told = report()
    assert (told["unchanged"], before["unchanged"]) == (7, 0)
    assert told["requests"] == told["taken"] == before["requests"] + 8
    assert told["last_success"] > before["last_success"]
    came = {(c["method"], c["resource"]): (c["requests"], c["taken"]) for c in told["came_in"]}
    assert came["PUT", "User"] == (5, 5)
    assert (came["PUT", "Group"], came["PATCH", "Group"]) == ((1, 1), (1, 1))
    with unit_of() as uow:
        assert uow.conn.one(select(func.count()).select_from(client_activity)) == (3,)


def test_what_gives_nothing_is_told_of_writes_that_change_nothing(
    broker: Broker, report: Report
) -> None:
    """Each time, with when last: else its administrator would think it mended."""
    body = {"userName": "bo", "roles": ["Toezichter:900001"]}
    made = broker.made("/Users", body)
    first = report()["unmapped"][0]
    assert broker.send("PUT", f"/Users/{made['id']}", body).status_code == 200
    told = report()
    assert (told["unmapped"][0]["times"], first["times"], told["unchanged"]) == (2, 1, 0)
    assert told["unmapped"][0]["last"] > first["last"]


def test_a_success_that_changes_nothing_comes_after_a_refusal(
    broker: Broker, unit_of: Callable[[], UnitOfWork], report: Report
) -> None:
    """Who was refused and then went on well needs no look."""
    made = broker.made("/Users", {"userName": "an"})
    assert broker.send("POST", "/Users", {"userName": "an"}).status_code == 409
    report()
    with unit_of() as uow:
        assert reports.sync(uow)[0].needs_a_look
    assert broker.send("PUT", f"/Users/{made['id']}", {"userName": "an"}).status_code == 200
    report()
    with unit_of() as uow:
        assert not reports.sync(uow)[0].needs_a_look


def test_what_could_not_be_stored_is_counted_again(
    app: Flask, broker: Broker, report: Report
) -> None:
    """A database that is down for a moment costs no counts."""
    broker.send("GET", "/Users")
    with pytest.raises(DatabaseDown), shared.of(app).tally.taken():
        raise DatabaseDown("gone")
    broker.send("GET", "/Users")
    assert report()["requests"] == 2


def test_a_client_without_the_scope_sees_that_in_the_report(
    broker_of: Callable[[NewClient], Broker], report: Report
) -> None:
    """A token that may only read is refused before its body is looked at."""
    broker = broker_of(NewClient("reader", ("900001",), scopes=("scim:read",)))
    assert broker.send("POST", "/Users", {"userName": "an"}).status_code == 403
    (refusal,) = report()["refused"]
    assert (refusal["method"], refusal["resource"], refusal["status"]) == ("POST", "User", 403)
    assert "scim:write" in refusal["detail"]


def test_a_client_that_is_too_fast_sees_how_often(
    app: Flask, broker: Broker, report: Report
) -> None:
    """Counted and not written one by one: who is to slow down makes us write nothing."""
    shared.of(app).limits.clients = Buckets(0.001, 1)
    codes = [broker.send("GET", "/Users").status_code for _ in range(4)]
    assert codes == [200, 429, 429, 429]
    told = report()
    assert (told["requests"], told["taken"]) == (4, 1)
    (refusal,) = told["refused"]
    assert (refusal["status"], refusal["times"], refusal["request_id"]) == (429, 3, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [("loose", "no profile 'loose'"), ("lenient,-x", "no deviation 'x'"), ("lenient,x", "write")],
)
def test_a_client_with_a_profile_that_cannot_be_is_refused(text: str, fault: str) -> None:
    """Before anything is made, with what there is."""
    found = CliRunner().invoke(client_command, ["create", "b", "--platform", "--profile", text])
    assert (found.exit_code, fault in found.output) == (2, True)
