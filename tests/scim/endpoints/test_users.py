"""``/Users`` from outside, on the real core."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mo_access.service.clients import NewClient
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


def an(user_name: str = "an", **more: object) -> dict[str, object]:
    """Return the body of a user."""
    return {"schemas": [CORE], "userName": user_name, **more}


def registered(**details: str) -> dict[str, object]:
    """Return the body of a user with parts of our extension."""
    return an() | {OURS: details}


def test_a_created_user_is_answered_with_address_tag_and_body(broker: Broker) -> None:
    """A created user is answered with address tag and body."""
    answer = broker.send("POST", "/Users", an(name={"familyName": "Peeters"}))
    body = parsed(answer)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    assert answer.headers["Location"] == body["meta"]["location"]
    assert answer.headers["ETag"] == body["meta"]["version"]
    assert body["name"] == {"familyName": "Peeters"}


def test_a_user_can_be_read_replaced_and_deleted(broker: Broker) -> None:
    """A user can be read replaced and deleted."""
    path = f"/Users/{broker.made('/Users', an(title='x'))['id']}"
    replaced = broker.send("PUT", path, an(nickName="n"))
    assert replaced.status_code == 200
    assert "title" not in parsed(broker.send("GET", path))
    assert broker.send("DELETE", path, {"why": "gone"}).status_code == 204
    assert broker.send("GET", path).status_code == 404


def test_an_unknown_and_a_foreign_user_answer_alike(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """An unknown and a foreign user answer alike."""
    foreign = broker_of(NewClient("other", ("900003",))).made("/Users", an("other"))["id"]
    answers = [broker.send("GET", f"/Users/{i}") for i in (foreign, "no-such-user")]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].get_data() == answers[1].get_data()


def test_a_taken_user_name_is_a_uniqueness_error(broker: Broker) -> None:
    """A taken user name is a uniqueness error."""
    broker.made("/Users", an("An"))
    answer = broker.send("POST", "/Users", an("aN"))
    body = parsed(answer)
    assert (answer.status_code, body["status"], body["scimType"]) == (409, "409", "uniqueness")


def test_the_same_put_twice_leaves_the_version(broker: Broker) -> None:
    """The same put twice leaves the version."""
    made = broker.made("/Users", an(title="x"))
    again = parsed(broker.send("PUT", f"/Users/{made['id']}", an(title="x")))
    assert again["meta"]["version"] == made["meta"]["version"]


def test_a_read_with_the_current_tag_is_304(broker: Broker) -> None:
    """A read with the current tag is 304."""
    made = broker.made("/Users", an())
    tag = made["meta"]["version"]
    answer = broker.send("GET", f"/Users/{made['id']}", If_None_Match=tag)
    assert (answer.status_code, answer.get_data()) == (304, b"")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_with_a_stale_tag_is_412(broker: Broker, method: str) -> None:
    """A write with a stale tag is 412."""
    path = f"/Users/{broker.made('/Users', an())['id']}"
    body = an(title="y") if method == "PUT" else {"Operations": [REPLACE_ACTIVE]}
    answer = broker.send(method, path, body, If_Match='W/"99-00000000"')
    assert answer.status_code == 412
    assert parsed(broker.send("GET", path))["active"] is True


REPLACE_ACTIVE = {"op": "replace", "path": "active", "value": False}
WORK = 'emails[type eq "work"]'
DEACTIVATIONS = [
    {"op": "Replace", "path": "active", "value": "False"},
    {"op": "Add", "path": "active", "value": "false"},
    {"op": "replace", "value": {"active": False}},
    {"op": "replace", "value": [{"active": "False"}]},
    {"op": "add", "value": {"active": False}},
    {"op": "replace", "path": "ACTIVE", "value": [False]},
    {"op": "replace", "path": f"{CORE}:active", "value": False},
]


@ON_ONE_ENGINE
@pytest.mark.parametrize("operation", DEACTIVATIONS)
def test_every_way_to_deactivate_works(broker: Broker, operation: dict[str, object]) -> None:
    """Every way to deactivate works."""
    path = f"/Users/{broker.made('/Users', an())['id']}"
    answer = broker.patched(path, operation)
    assert answer.status_code == 200
    assert parsed(answer)["active"] is False
    assert parsed(broker.send("GET", path))["active"] is False


ODD = [
    ({"op": "Add", "path": f"{WORK}.value", "value": "a@x.be"}, "emails.0.value", "a@x.be"),
    ({"op": "Add", "path": f"{WORK}.value", "value": "a@x.be"}, "emails.0.type", "work"),
    (
        {"op": "add", "path": "emails", "value": {"value": "a@localhost"}},
        "emails.0.value",
        "a@localhost",
    ),
    ({"op": "Add", "path": "emails[type eq work].value", "value": "a@x"}, "emails.0.value", "a@x"),
    (
        {"op": "Add", "path": 'addresses[type eq "work"].postalCode', "value": "1000"},
        "addresses.0.postalCode",
        "1000",
    ),
    (
        {"op": "replace", "value": {"name.givenName": "An", "displayName": "An P"}},
        "name.givenName",
        "An",
    ),
    (
        {"op": "replace", "value": {f"{ENTERPRISE}:employeeNumber": "7"}},
        f"{ENTERPRISE}.employeeNumber",
        "7",
    ),
    (
        {"op": "replace", "path": f"{ENTERPRISE}.department", "value": "IT"},
        f"{ENTERPRISE}.department",
        "IT",
    ),
    ({"op": "replace", "path": "department", "value": "IT"}, f"{ENTERPRISE}.department", "IT"),
    ({"op": "add", "value": {ENTERPRISE: {"department": "HR"}}}, f"{ENTERPRISE}.department", "HR"),
    (
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "m1"},
        f"{ENTERPRISE}.manager.value",
        "m1",
    ),
    (
        {"op": "Add", "path": "manager", "value": [{"$ref": "/Users/m1", "value": "m1"}]},
        f"{ENTERPRISE}.manager.value",
        "m1",
    ),
    ({"op": "add", "path": 'roles[primary eq "True"].value', "value": "x"}, "roles.0.value", "x"),
    ({"op": "replace", "path": "title", "value": ["Boss"]}, "title", "Boss"),
    ({"op": "replace", "value": {"id": "z", "meta": {}, "groups": [], "title": "T"}}, "title", "T"),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("operation", "where", "expected"), ODD)
def test_odd_forms_of_brokers_are_understood(
    broker: Broker, operation: dict[str, object], where: str, expected: str
) -> None:
    """Odd forms of brokers are understood."""
    path = f"/Users/{broker.made('/Users', an())['id']}"
    answer = broker.patched(path, operation)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert _at(parsed(broker.send("GET", path)), where) == expected


def _at(body: object, where: str) -> object:
    for urn in (ENTERPRISE, OURS):
        where = where.replace(urn, urn.replace(".", "@"))
    for step in where.split("."):
        key = step.replace("@", ".")
        body = body[int(key)] if isinstance(body, list) else body[key]  # type: ignore[index]  # the answer is JSON
    return body


REFUSED = [
    ({"op": "replace", "path": f"{WORK}.value", "value": "x"}, "noTarget"),
    ({"op": "remove"}, "noTarget"),
    ({"op": "replace", "path": "groups", "value": [{"value": "g"}]}, "mutability"),
    ({"op": "replace", "path": "id", "value": "other"}, "mutability"),
    ({"op": "replace", "path": "emails[type eq", "value": "x"}, "invalidPath"),
    ({"op": "replace", "path": "title[x eq 1]", "value": "x"}, "invalidPath"),
    ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
    ({"op": "replace", "path": "title"}, "invalidValue"),
    ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
    ({"op": "replace", "value": "x"}, "invalidValue"),
    ({"op": "remove", "path": "userName"}, "mutability"),
    ("nonsense", "invalidSyntax"),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("operation", "scim_type"), REFUSED)
def test_a_refused_operation_undoes_those_before_it(
    broker: Broker, operation: object, scim_type: str
) -> None:
    """A refused operation undoes those before it."""
    path = f"/Users/{broker.made('/Users', an())['id']}"
    answer = broker.patched(path, {"op": "add", "path": "nickName", "value": "n"}, operation)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, scim_type)
    assert "nickName" not in parsed(broker.send("GET", path))


def test_a_new_primary_entry_takes_over(broker: Broker) -> None:
    """A new primary entry takes over."""
    made = broker.made("/Users", an(emails=[{"value": "a@x.be", "primary": True}]))
    new = {"op": "add", "path": "emails", "value": [{"value": "b@x.be", "primary": True}]}
    emails = parsed(broker.patched(f"/Users/{made['id']}", new))["emails"]
    assert [(e["value"], e.get("primary")) for e in emails] == [("a@x.be", False), ("b@x.be", True)]


def test_remove_takes_the_named_values_only(broker: Broker) -> None:
    """Remove takes the named values only."""
    emails = [{"value": "a@x.be", "type": "work"}, {"value": "b@x.be", "type": "home"}]
    path = f"/Users/{broker.made('/Users', an(emails=emails))['id']}"
    by_value = {"op": "remove", "path": "emails", "value": [{"value": "a@x.be"}]}
    assert [e["value"] for e in parsed(broker.patched(path, by_value))["emails"]] == ["b@x.be"]
    by_filter = {"op": "remove", "path": 'emails[type eq "home"]'}
    assert "emails" not in parsed(broker.patched(path, by_filter))


def test_a_number_is_shown_to_who_asks_and_may(
    broker_of: Callable[[NewClient], Broker],
) -> None:
    """A number is shown to who asks and may."""
    scopes = ("scim:read", "scim:write", "insz:read")
    may = broker_of(NewClient("may", ("900001",), scopes=scopes))
    made = may.made("/Users", registered(insz="85073003328"))
    assert "85073003328" not in str(made)
    asked = f"/Users/{made['id']}?attributes={OURS}:insz"
    assert parsed(may.send("GET", asked))[OURS]["insz"] == "85073003328"
    may_not = broker_of(NewClient("may not", ("900002",)))
    hidden = may_not.made("/Users", registered(insz="85073003328"))
    assert may_not.send("GET", f"/Users/{hidden['id']}?attributes={OURS}:insz").status_code == 403


def test_removing_a_number_by_patch_clears_it(broker_of: Callable[[NewClient], Broker]) -> None:
    """Removing a number by patch clears it."""
    scopes = ("scim:read", "scim:write", "insz:read")
    broker = broker_of(NewClient("b", ("900001",), scopes=scopes))
    made = broker.made("/Users", registered(insz="85073003328", gender="M"))
    path = f"/Users/{made['id']}"
    assert broker.patched(path, {"op": "remove", "path": f"{OURS}:insz"}).status_code == 200
    shown = parsed(broker.send("GET", f"{path}?attributes={OURS}:insz,{OURS}:gender"))
    assert shown[OURS] == {"gender": "M"}


def test_an_affiliation_is_added_by_patch_and_found(broker: Broker) -> None:
    """An affiliation is added by patch and found."""
    path = f"/Users/{(made := broker.made('/Users', an()))['id']}"
    value = [{"value": "900002", "role": "beheerder"}]
    answer = broker.patched(path, {"op": "add", "path": f"{OURS}:affiliations", "value": value})
    assert parsed(answer)[OURS]["affiliations"][0]["role"] == "beheerder"
    both = 'affiliations[value eq "900002" and role eq "beheerder"]'
    assert broker.found("/Users", both) == [made["id"]]
    assert broker.found("/Users", 'affiliations[value eq "900001"]') == []
    removed = {"op": "remove", "path": f'{OURS}:affiliations[value eq "900002"]'}
    assert "affiliations" not in parsed(broker.patched(path, removed)).get(OURS, {})


def test_a_thousand_operations_are_fast_enough_and_one_more_is_refused(broker: Broker) -> None:
    """A thousand operations are fast enough and one more is refused."""
    path = f"/Users/{broker.made('/Users', an())['id']}"
    one = {"op": "replace", "path": "title", "value": "t"}
    assert broker.patched(path, *[one] * 1_000).status_code == 200
    answer = broker.patched(path, *[one] * 1_001)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "tooMany")
