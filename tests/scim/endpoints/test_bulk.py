"""``/Bulk`` from outside (RFC 7644 section 3.7): one transaction, each operation for itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit
from mo_access.storage.bookkeeping import client_activity
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
THEME = "MO_900001_leerlingen-openbaar"
Result = dict[str, Any]


def user(name: str, **more: object) -> Result:
    """Make the creation of a user whose bulkId is the name."""
    return {
        "method": "POST",
        "path": "/Users",
        "bulkId": name,
        "data": {"userName": name, **more},
    }


def managed(name: str, manager: str) -> Result:
    """Make the creation of a user with a manager of the same Bulk."""
    return user(name, **{ENTERPRISE: {"manager": {"value": f"bulkId:{manager}"}}})


def group(name: str, *members: str) -> Result:
    """Make the creation of a group with members of the same Bulk."""
    listed = [{"value": f"bulkId:{member}"} for member in members]
    data = {"displayName": THEME, "members": listed}
    return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}


def change(path: str, *operations: object, **more: object) -> Result:
    """Make a PATCH."""
    return {"method": "PATCH", "path": path, "data": {"Operations": list(operations)}, **more}


DEACTIVATE = {"op": "replace", "path": "active", "value": False}


def done(broker: Broker, *operations: Result, **more: object) -> list[Result]:
    """Send a Bulk and return its results."""
    answer = broker.send("POST", "/Bulk", {"schemas": [BULK], "Operations": operations, **more})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[Result] = parsed(answer)["Operations"]
    return found


def statuses(results: list[Result]) -> list[str]:
    """Return the status of each result."""
    return [result["status"] for result in results]


def read(broker: Broker, result: Result) -> Result:
    """Read what a result leads to."""
    return parsed(broker.send("GET", result["location"].removeprefix("http://localhost/scim/v2")))


def names(broker: Broker) -> list[str]:
    """Return the userNames that there are."""
    return [u["userName"] for u in parsed(broker.send("GET", "/Users"))["Resources"]]


def test_every_method_answers_as_a_request_of_its_own(broker: Broker) -> None:
    """Status as text, location and version; the results stand in the order of the request."""
    old = broker.made("/Users", {"userName": "old"})["id"]
    gone = broker.made("/Users", {"userName": "gone"})["id"]
    made, put, patched, deleted = done(
        broker,
        user("an"),
        {"method": "PUT", "path": f"/Users/{old}", "data": {"userName": "new"}},
        change(f"Users/{old}", DEACTIVATE),
        {"method": "DELETE", "path": f"/Users/{gone}"},
    )
    assert statuses([made, put, patched, deleted]) == ["201", "200", "200", "204"]
    assert (made["method"], made["bulkId"]) == ("POST", "an")
    assert made["version"] == read(broker, made)["meta"]["version"]
    assert patched["version"] == read(broker, put)["meta"]["version"] != put["version"]
    assert read(broker, put)["active"] is False
    assert "response" not in made
    assert broker.send("GET", f"/Users/{gone}").status_code == 404


def test_references_to_what_comes_later_are_resolved(broker: Broker) -> None:
    """A group before its members, a path and a filter by bulkId."""
    results = done(
        broker,
        change("/Users/bulkId:b", DEACTIVATE),
        change("/Groups/bulkId:g", {"op": "remove", "path": 'members[value eq "bulkId:c"]'}),
        group("g", "a", "b", "c"),
        user("a"),
        managed("b", "a"),
        user("c"),
    )
    assert statuses(results) == ["200", "200", "201", "201", "201", "201"]
    a, b = results[3]["location"][-36:], read(broker, results[4])
    assert {m["value"] for m in read(broker, results[2])["members"]} == {a, b["id"]}
    assert (b[ENTERPRISE]["manager"]["value"], b["active"]) == (a, False)


def test_circles_are_made_and_linked(broker: Broker) -> None:
    """Two who manage each other, and one who manages herself."""
    results = done(broker, managed("a", "b"), managed("b", "a"), managed("c", "c"))
    assert statuses(results) == ["201"] * 3
    a, b, c = (read(broker, result) for result in results)
    found = [u[ENTERPRISE]["manager"]["value"] for u in (a, b, c)]
    assert found == [b["id"], a["id"], c["id"]]
    assert [u["meta"]["version"] for u in (a, b, c)] == [r["version"] for r in results]


def test_a_circle_that_fails_leaves_nothing_and_fails_its_dependents(broker: Broker) -> None:
    """All or nothing of a circle; each of its operations says so, and so does who refers to it."""
    broker.made("/Users", {"userName": "B"})
    results = done(broker, managed("a", "b"), managed("b", "a"), managed("c", "a"), user("d"))
    assert statuses(results) == ["409", "409", "409", "201"]
    assert "userName" in results[1]["response"]["detail"]
    assert "bulkId:a" in results[2]["response"]["detail"]
    assert names(broker) == ["B", "d"]


def test_groups_in_a_circle_are_refused_whole(broker: Broker) -> None:
    """A group is no member here; linking fails, and what was made is taken back."""
    assert statuses(done(broker, group("x", "y"), group("y", "x"))) == ["409", "400"]
    assert parsed(broker.send("GET", "/Groups"))["totalResults"] == 0


def test_a_failed_operation_is_told_and_the_others_stand(broker: Broker) -> None:
    """The error is that of a request of its own; nothing of the operation is left."""
    results = done(
        broker,
        user("a"),
        user("A"),
        {"method": "GET", "path": "/Users"},
        {"method": "PUT", "path": "/Users/bulkId:A", "data": {"userName": "x"}},
        {"method": "DELETE", "path": "/Users/bulkId:nobody"},
        user("bad", active="perhaps"),
        group("g", "a"),
    )
    assert statuses(results) == ["201", "409", "400", "409", "400", "400", "201"]
    told = results[1]["response"]
    assert (told["schemas"], told["status"], told["scimType"]) == ([ERROR], "409", "uniqueness")
    assert "location" not in results[1]
    assert "active" in results[5]["response"]["detail"]
    assert names(broker) == ["a"]


@ON_ONE_ENGINE
def test_fail_on_errors_ends_the_bulk(broker: Broker) -> None:
    """What was done stands and is told; what was not reached is not."""
    wrong = {"method": "DELETE", "path": "/Users/none"}
    operations = (user("a"), wrong, user("b"), wrong, user("c"))
    assert statuses(done(broker, *operations, failOnErrors=2)) == ["201", "404", "201", "404"]
    assert names(broker) == ["a", "b"]


def test_a_version_is_a_condition(broker: Broker) -> None:
    """A stale one is 412 and changes nothing, the current one passes (RFC 7644 section 3.14)."""
    made = broker.made("/Users", {"userName": "a"})
    path, version = f"/Users/{made['id']}", made["meta"]["version"]
    put = {"method": "PUT", "path": path, "data": {"userName": "a", "title": "t"}}
    results = done(broker, *[{**put, "version": version}] * 2, change(path, DEACTIVATE))
    assert statuses(results) == ["200", "412", "200"]
    stale = [
        {**put, "version": version, "data": {"userName": "z"}},
        change(path, {**DEACTIVATE, "value": True}, version=version),
        {"method": "DELETE", "path": path, "version": version},
    ]
    assert statuses(done(broker, *stale)) == ["412"] * 3
    now = parsed(broker.send("GET", path))
    assert (now["userName"], now["active"]) == ("a", False)


def test_foreign_and_unknown_ids_are_told_alike(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """In the path of every method, and as a member (rule 4)."""
    other = broker_of(NewClient("other", ("900003",)))
    foreign = other.made("/Users", {"userName": "x"})["id"]
    absent = "00000000-0000-4000-8000-000000000000"
    mine = broker.made("/Groups", {"displayName": THEME})["id"]
    body: Result = {"displayName": THEME, "members": [{"value": "ID"}]}
    operations: list[Result] = [
        {"method": "PUT", "path": "/Users/ID", "data": {"userName": "y"}},
        change("/Users/ID", DEACTIVATE),
        {"method": "DELETE", "path": "/Users/ID"},
        {"method": "DELETE", "path": "/Groups/ID"},
        {"method": "PUT", "path": f"/Groups/{mine}", "data": body},
    ]

    def told(person: str) -> str:
        sent = json.loads(json.dumps(operations).replace("ID", person))
        return json.dumps(done(broker, *sent)).replace(person, "ID")

    assert told(foreign) == told(absent)
    assert parsed(other.send("GET", f"/Users/{foreign}"))["active"] is True


@ON_ONE_ENGINE
def test_a_reader_may_not_send_a_bulk(broker_of: Callable[[NewClient], Broker]) -> None:
    """It needs the scope of a write."""
    reader = broker_of(NewClient("reader", ("900001",), scopes=("scim:read",)))
    assert reader.send("POST", "/Bulk", {"Operations": [user("a")]}).status_code == 403


@ON_ONE_ENGINE
def test_the_limits_are_announced_and_kept(broker: Broker) -> None:
    """1,000 operations and 4 MiB pass, more is 413 that says the limit."""
    told = parsed(broker.send("GET", "/ServiceProviderConfig"))["bulk"]
    assert told == {"supported": True, "maxOperations": 1_000, "maxPayloadSize": 4_194_304}
    one = {"method": "DELETE", "path": "/Users/none"}
    assert len(done(broker, *[one] * 1_000)) == 1_000
    many = broker.send("POST", "/Bulk", {"Operations": [one] * 1_001})
    assert (many.status_code, "1000" in parsed(many)["detail"]) == (413, True)
    whole = json.dumps({"Operations": [one]}).encode()
    fits = whole + b" " * (4_194_304 - len(whole))
    assert broker.send("POST", "/Bulk", fits).status_code == 200
    large = broker.send("POST", "/Bulk", fits + b" ")
    assert (large.status_code, "4194304" in parsed(large)["detail"]) == (413, True)


@ON_ONE_ENGINE
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Operations": []}', b'{"Operations": 1}'])
def test_what_is_no_bulk_is_400(broker: Broker, body: bytes) -> None:
    """With a SCIM error."""
    answer = broker.send("POST", "/Bulk", body)
    assert (answer.status_code, parsed(answer)["schemas"]) == (400, [ERROR])


def test_every_operation_is_audited_and_reported(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """As single requests are: events of what was done, lines of all, what gives nothing."""
    done(broker, user("a", roles=[{"value": "NoSuchRight:900001"}]), user("A"), group("g", "a"))
    columns = client_activity.c
    wanted = select(columns.method, columns.resource, columns.status, columns.unmapped)
    with unit_of() as uow:
        lines = uow.conn.all(wanted.order_by(columns.pk))
        kinds = [e.kind for e in audit.last(uow.conn, 50)]
    assert [tuple(line[:3]) for line in lines] == [
        ("POST", "User", 201),
        ("POST", "User", 409),
        ("POST", "Group", 201),
    ]
    assert "NoSuchRight" in lines[0][3]
    assert kinds[-2:] == ["person.create", "group.create"]
    assert kinds.count("person.create") == 1


def test_a_number_is_in_no_result(broker: Broker, unit_of: Callable[[], UnitOfWork]) -> None:
    """Neither the answer nor the report holds an INSZ, right or wrong."""
    urn = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
    operations = [
        user(name, **{urn: {"insz": number}})
        for name, number in (("a", "85073003328"), ("b", "85073003329"), ("c", "85073003328"))
    ]
    results = done(broker, *operations)
    assert statuses(results) == ["201", "400", "409"]
    with unit_of() as uow:
        lines = uow.conn.all(select(client_activity))
    assert "8507300332" not in f"{results} {lines}"


@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_a_result_names_the_method_that_was_sent(broker: Broker, method: str) -> None:
    """RFC 7644 section 3.7.3: also one that a Bulk does not have."""
    (told,) = done(
        broker, {"method": method, "path": "/Users"}, {"method": "<x>", "path": "/Users"}
    )[:1]
    assert (told["method"], told["status"]) == (method, "400")


@ON_ONE_ENGINE
@pytest.mark.parametrize("data", [None, "", [], {"x": 1}])
def test_a_deletion_takes_no_notice_of_data(broker: Broker, data: object) -> None:
    """As one of its own takes none of a body; clients that write every member send null."""
    gone = broker.made("/Users", {"userName": "gone"})["id"]
    (told,) = done(broker, {"method": "DELETE", "path": f"/Users/{gone}", "data": data})
    assert told["status"] == "204"


@ON_ONE_ENGINE
def test_a_version_that_is_no_text_is_refused(broker: Broker) -> None:
    """It is a condition that cannot be judged: without it the change would overwrite another."""
    path = f"/Users/{broker.made('/Users', {'userName': 'an'})['id']}"
    told, plain = done(
        broker, change(path, DEACTIVATE, version=3), change(path, DEACTIVATE, version=None)
    )
    assert (told["status"], told["response"]["scimType"]) == ("400", "invalidValue")
    assert plain["status"] == "200"


@ON_ONE_ENGINE
def test_a_name_twice_in_two_cases_is_refused(broker: Broker) -> None:
    """Of the message as a whole, of one operation for itself, and of a search."""
    one = {"method": "DELETE", "path": "/Users/none"}
    whole = broker.send("POST", "/Bulk", {"Operations": [one], "operations": [one]})
    assert (whole.status_code, parsed(whole)["scimType"]) == (400, "invalidSyntax")
    twice, other = done(broker, {**one, "Path": "/Users/other"}, one)
    assert (twice["status"], twice["response"]["scimType"]) == ("400", "invalidSyntax")
    assert other["status"] == "404"
    asked = {"filter": 'userName eq "an"', "Filter": "userName pr"}
    search = broker.send("POST", "/Users/.search", asked)
    assert (search.status_code, parsed(search)["scimType"]) == (400, "invalidSyntax")
