"""``/Groups`` from outside: members are a delta, whatever form a broker gives it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mo_access.service.clients import NewClient
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

CORE = "urn:ietf:params:scim:schemas:core:2.0:Group"
THEME = "MO_900001_leerlingen-openbaar"


@pytest.fixture
def people(broker: Broker) -> list[str]:
    """Give the ids of three users."""
    return [broker.made("/Users", {"userName": name})["id"] for name in ("a", "b", "c")]


def group_of(broker: Broker, *members: str) -> str:
    """Make a group and return its path."""
    body = {"displayName": THEME, "members": [{"value": member} for member in members]}
    return f"/Groups/{broker.made('/Groups', body)['id']}"


def members_of(broker: Broker, path: str) -> set[str]:
    """Read who is in a group."""
    return {member["value"] for member in parsed(broker.send("GET", path))["members"]}


def test_an_empty_group_shows_an_empty_list(broker: Broker) -> None:
    """An empty group shows an empty list."""
    assert parsed(broker.send("GET", group_of(broker)))["members"] == []


def test_members_can_be_left_out(broker: Broker, people: list[str]) -> None:
    """Members can be left out."""
    path = group_of(broker, *people)
    assert "members" not in parsed(broker.send("GET", f"{path}?excludedAttributes=members"))
    listed = parsed(broker.send("GET", "/Groups?excludedAttributes=members"))
    assert "members" not in listed["Resources"][0]


# Each: operations with the ids A, B, C in place, on a group of A and B; who is left.
STEPS = [
    ([{"op": "Add", "path": "members", "value": [{"$ref": None, "value": "C"}]}], "ABC"),
    ([{"op": "add", "path": "members", "value": "C"}], "ABC"),
    ([{"op": "add", "path": "members", "value": {"value": "C"}}], "ABC"),
    ([{"op": "add", "value": {"members": [{"value": "C"}]}}], "ABC"),
    ([{"op": "add", "path": "members", "value": [{"value": "A", "display": "new"}]}], "AB"),
    ([{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "A"}]}], "B"),
    ([{"op": "remove", "path": "members", "value": ["A"]}], "B"),
    ([{"op": "remove", "path": 'members[value eq "A"]'}], "B"),
    ([{"op": "remove", "path": "members[value eq A]"}], "B"),
    ([{"op": "remove", "path": 'members[$ref eq null and value eq "A"]'}], "B"),
    ([{"op": "remove", "path": 'members[value eq "A" or value eq "B"]'}], ""),
    ([{"op": "remove", "path": 'members[value eq "A" and value eq "B"]'}], "AB"),
    ([{"op": "remove", "path": 'members[value eq "A" and (value eq "A" or value eq "B")]'}], "B"),
    ([{"op": "remove", "path": "members", "value": []}], "AB"),
    ([{"op": "remove", "path": "members"}], ""),
    ([{"op": "remove", "path": "members", "value": None}], ""),
    ([{"op": "replace", "path": "members", "value": [{"value": "C"}]}], "C"),
    ([{"op": "replace", "path": "members", "value": []}], ""),
    ([{"op": "replace", "value": {"members": []}}], ""),
    ([{"op": "replace", "value": {"id": "x", "schemas": [CORE], "displayName": "n"}}], "AB"),
    ([{"op": "replace", "value": {"displayName": "n", "members": None}}], "AB"),
    (
        [
            {"op": "remove", "path": 'members[value eq "A"]'},
            {"op": "add", "path": "members", "value": [{"value": "C"}]},
        ],
        "BC",
    ),
    ([{"op": "replace", "path": 'members[value eq "A"]', "value": {"value": "C"}}], "BC"),
    ([{"op": "add", "path": "members", "value": [{"value": "unknown"}, {"value": "C"}]}], "ABC"),
    ([{"op": "replace", "path": "members", "value": [{"value": "unknown"}, {"value": "C"}]}], "C"),
    ([{"op": "replace", "path": "members", "value": [{"value": "unknown"}, {"value": "A"}]}], "A"),
    ([{"op": "add", "path": "members", "value": [{"value": "unknown"}]}], "AB"),
]


@pytest.mark.parametrize(("operations", "left"), STEPS)
def test_member_operations(
    broker: Broker, people: list[str], operations: object, left: str
) -> None:
    """Member operations."""
    ids = dict(zip("ABC", people, strict=True))
    path = group_of(broker, ids["A"], ids["B"])
    answer = broker.send("PATCH", path, {"Operations": _with_ids(operations, ids)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert members_of(broker, path) == {ids[name] for name in left}
    assert {m["value"] for m in parsed(answer)["members"]} == {ids[name] for name in left}


def _with_ids(value: object, ids: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _with_ids(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_ids(each, ids) for each in value]
    if isinstance(value, str):
        for name, person in ids.items():
            value = person if value == name else value.replace(f'"{name}"', f'"{person}"')
            value = value.replace(f"eq {name}]", f"eq {person}]")
    return value


@pytest.mark.parametrize("name", ["unknown", "foreign"])
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "members", "value": [{"value": "U"}, {"value": "U"}]},
        {"op": "replace", "path": "members", "value": {"value": "U"}},
        {"op": "replace", "value": {"members": [{"value": "U"}]}},
        {"op": "Replace", "path": "members", "value": ["U"]},
        {"op": "replace", "path": 'members[value eq "A"]', "value": {"value": "U"}},
    ],
)
def test_nobody_is_lost_for_people_who_are_unknown(
    broker: Broker,
    broker_of: Callable[[NewClient], Broker],
    people: list[str],
    operation: object,
    name: str,
) -> None:
    """Who names only strangers gets 400 that tells which, and the group is as it was: as by PUT."""
    other = broker_of(NewClient("other", ("900003",)))
    stranger = other.made("/Users", {"userName": "s"})["id"] if name == "foreign" else "unknown"
    ids = {"A": people[0], "U": stranger}
    path = group_of(broker, *people)
    version = broker.send("GET", path).headers["ETag"]
    answer = broker.patched(path, _with_ids(operation, ids))
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidValue")
    assert repr(stranger) in parsed(answer)["detail"]
    body = {"displayName": THEME, "members": [{"value": stranger}]}
    assert parsed(broker.send("PUT", path, body))["detail"] == parsed(answer)["detail"]
    after = broker.send("GET", path)
    assert after.headers["ETag"] == version
    assert {member["value"] for member in parsed(after)["members"]} == set(people)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "remove", "path": 'members[display eq "An"]'}, "invalidFilter"),
        ({"op": "add", "path": "members", "value": [{"display": "An"}]}, "invalidValue"),
        ({"op": "remove", "path": 'members[value eq "\\u0000"]'}, "invalidPath"),
        ({"op": "remove", "path": 'members[value eq "\\ud800"]'}, "invalidPath"),
        ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
    ],
)
def test_refused_operations_change_nothing(
    broker: Broker, people: list[str], operation: object, scim_type: str
) -> None:
    """Refused operations change nothing."""
    path = group_of(broker, *people)
    clear = {"op": "remove", "path": "members"}
    answer = broker.patched(path, clear, operation)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, scim_type)
    assert members_of(broker, path) == set(people)


def test_a_strict_client_may_not_add_unknown_members(
    broker_of: Callable[[NewClient], Broker],
) -> None:
    """A strict client may not add unknown members."""
    strict = broker_of(NewClient("strict", ("900001",), profile="strict"))
    made = strict.made("/Groups", {"schemas": [CORE], "displayName": THEME})
    add = {"op": "add", "path": "members", "value": [{"value": "unknown"}]}
    assert strict.patched(f"/Groups/{made['id']}", add).status_code == 400


def test_put_replaces_members_and_their_absence_empties(broker: Broker, people: list[str]) -> None:
    """Put replaces members and their absence empties."""
    path = group_of(broker, people[0])
    body = {"displayName": THEME, "members": [{"value": people[1]}]}
    answer = broker.send("PUT", path, body)
    assert {m["value"] for m in parsed(answer)["members"]} == {people[1]}
    assert parsed(broker.send("PUT", path, {"displayName": THEME}))["members"] == []


def test_unknown_members_in_post_and_put_are_refused(broker: Broker) -> None:
    """Unknown members in post and put are refused."""
    body = {"displayName": THEME, "members": [{"value": "unknown"}]}
    assert broker.send("POST", "/Groups", body).status_code == 400
    assert broker.send("PUT", group_of(broker), body).status_code == 400


@ON_ONE_ENGINE
def test_a_name_that_stands_twice_in_two_cases_is_refused(
    broker: Broker, people: list[str]
) -> None:
    """It has two meanings, and which members would be left is no guess to make."""
    path = group_of(broker, *people)
    body = {"displayName": THEME, "members": [{"value": people[0]}], "Members": []}
    assert broker.send("PUT", path, body).status_code == 400
    twice = {"op": "remove", "path": "members", "Path": f'members[value eq "{people[0]}"]'}
    answer = broker.patched(path, twice)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidSyntax")
    assert members_of(broker, path) == set(people)


def test_a_large_group_answers_204_to_a_patch(broker: Broker) -> None:
    """But 200 with what ``attributes`` names (RFC 7644 section 3.5.2)."""
    ids = [broker.made("/Users", {"userName": f"u{n}"})["id"] for n in range(101)]
    path = group_of(broker, *ids[:99])
    assert broker.patched(path, _add(ids[99])).status_code == 200
    answer = broker.patched(path, _add(ids[100]))
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert answer.headers["ETag"]
    asked = broker.patched(f"{path}?attributes=displayName", _add(ids[0]))
    assert (asked.status_code, parsed(asked)["displayName"]) == (200, THEME)
    assert "members" not in parsed(asked)


@pytest.mark.parametrize("query", ["", "?attributes=members.value", "?excludedAttributes=id"])
def test_a_large_group_is_sent_in_pieces(
    broker: Broker, people: list[str], monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """It reads as when it is sent in one, with a length only where that is known before."""
    path = group_of(broker, *people)
    whole = broker.send("GET", f"{path}{query}")
    monkeypatch.setattr("mo_scim.mapping.render.PIECE", 2)
    answer = broker.send("GET", f"{path}{query}")
    assert (answer.data, answer.headers["ETag"]) == (whole.data, whole.headers["ETag"])
    assert "Content-Length" in whole.headers
    assert "Content-Length" not in answer.headers
    assert broker.send("HEAD", f"{path}{query}").data == b""


def _add(person: str) -> dict[str, object]:
    return {"op": "add", "path": "members", "value": [{"value": person}]}


def test_renaming_keeps_members_and_changes_the_tag(broker: Broker, people: list[str]) -> None:
    """Renaming keeps members and changes the tag."""
    path = group_of(broker, *people)
    before = broker.send("GET", path).headers["ETag"]
    answer = broker.patched(path, {"op": "Replace", "path": "displayName", "value": "Other"})
    assert parsed(answer)["displayName"] == "Other"
    assert answer.headers["ETag"] != before
    assert members_of(broker, path) == set(people)


def test_groups_of_a_user_are_shown_and_found(broker: Broker, people: list[str]) -> None:
    """Groups of a user are shown and found."""
    path = group_of(broker, people[0])
    group = path.rpartition("/")[2]
    user = parsed(broker.send("GET", f"/Users/{people[0]}"))
    assert [g["value"] for g in user["groups"]] == [group]
    assert broker.found("/Users", f'groups.value eq "{group}"') == [people[0]]
    assert broker.found("/Groups", f'members.value eq "{people[0]}"') == [group]
    assert broker.found("/Groups", f'members[value eq "{people[1]}"]') == []
    assert broker.send("DELETE", path).status_code == 204
    assert "groups" not in parsed(broker.send("GET", f"/Users/{people[0]}"))


def test_a_group_is_found_by_what_it_maps_to(broker: Broker) -> None:
    """A group is found by what it maps to."""
    path = group_of(broker)
    urn = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"
    group = path.rpartition("/")[2]
    assert broker.found("/Groups", f'{urn}:theme eq "leerlingen-openbaar"') == [group]
    assert broker.found("/Groups", f'{urn}:institution eq "900002"') == []
    assert broker.found("/Groups", f'displayName eq "{THEME.upper()}"') == [group]


def test_labels_of_members_come_back_and_mean_nothing(broker: Broker, people: list[str]) -> None:
    """`display` is kept as sent, membership is keyed by `value` alone."""
    body = {"displayName": THEME, "members": [{"value": people[0], "display": "An"}]}
    path = f"/Groups/{broker.made('/Groups', body)['id']}"
    again = parsed(broker.send("PUT", path, body))
    assert again["meta"]["version"] == parsed(broker.send("GET", path))["meta"]["version"]
    relabelled = {**body, "members": [{"value": people[0], "display": "Bea"}]}
    shown = parsed(broker.send("PUT", path, relabelled))
    assert [(m["value"], m["display"]) for m in shown["members"]] == [(people[0], "Bea")]
    bare = {**body, "members": [{"value": people[0]}]}
    assert "display" not in parsed(broker.send("PUT", path, bare))["members"][0]
