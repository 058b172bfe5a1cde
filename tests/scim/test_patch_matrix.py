"""The closed PATCH matrix (trust.md, P3): nothing that is ours is writable by any spelling."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mo_access.service.clients import NewClient
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
OURS_GROUP = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"
WORK = {"value": "a@x.example", "type": "work", "primary": True}
HOME = {"value": "b@x.example", "type": "home"}
START: dict[str, Any] = {
    "userName": "an",
    "title": "T",
    "name": {"givenName": "An", "familyName": "P"},
    "emails": [WORK, HOME],
    ENTERPRISE: {"department": "IT"},
}
NEW = {"value": "c@x.example", "type": "other"}
OK = 200

# op, path, value; what stands at the name afterwards, or the scimType of the refusal.
MATRIX: list[tuple[str, str | None, object, str, object]] = [
    ("add", "title", "U", "title", "U"),
    ("replace", "title", "U", "title", "U"),
    ("remove", "title", None, "title", None),
    ("add", "nickName", "N", "nickName", "N"),
    ("replace", "nickName", "N", "nickName", "N"),
    ("remove", "nickName", None, "nickName", None),
    ("add", "name", {"givenName": "Z"}, "name", {"givenName": "Z", "familyName": "P"}),
    ("replace", "name", {"givenName": "Z"}, "name", {"givenName": "Z", "familyName": "P"}),
    ("remove", "name", None, "name", None),
    ("add", "name.givenName", "Z", "name", {"givenName": "Z", "familyName": "P"}),
    ("replace", "name.givenName", "Z", "name", {"givenName": "Z", "familyName": "P"}),
    ("remove", "name.givenName", None, "name", {"familyName": "P"}),
    ("remove", "name.middleName", None, "name", {"givenName": "An", "familyName": "P"}),
    ("add", "emails", [NEW], "emails", [WORK, HOME, NEW]),
    ("add", "emails", [HOME], "emails", [WORK, HOME]),
    ("replace", "emails", [NEW], "emails", [NEW]),
    ("remove", "emails", None, "emails", None),
    ("add", 'emails[type eq "home"].display', "h", "emails", [WORK, {**HOME, "display": "h"}]),
    ("replace", 'emails[type eq "home"].value', "z", "emails", [WORK, {**HOME, "value": "z"}]),
    ("remove", 'emails[type eq "work"].primary', None, "emails", [{**WORK, "primary": 0}, HOME]),
    ("remove", 'emails[type eq "work"]', None, "emails", [HOME]),
    ("remove", 'emails[not (type eq "work")]', None, "emails", [WORK]),
    ("remove", 'emails[type eq "none"]', None, "emails", [WORK, HOME]),
    ("replace", 'emails[type eq "none"]', NEW, "noTarget", None),
    ("replace", 'emails[type eq "none"].value', "z", "noTarget", None),
    ("add", 'emails[type eq "other"].value', "z", "emails", [WORK, HOME, {**NEW, "value": "z"}]),
    ("replace", 'emails[type eq "home"]', {"value": "z"}, "emails", [WORK, {**HOME, "value": "z"}]),
    (
        "replace",
        "emails.type",
        "other",
        "emails",
        [{**WORK, "type": "other"}, {**HOME, "type": "other"}],
    ),
    ("add", ENTERPRISE, {"division": "D"}, ENTERPRISE, {"department": "IT", "division": "D"}),
    ("replace", f"{ENTERPRISE}:department", "HR", ENTERPRISE, {"department": "HR"}),
    ("remove", f"{ENTERPRISE}:department", None, ENTERPRISE, None),
    ("remove", ENTERPRISE, None, ENTERPRISE, None),
    ("add", None, {"title": "U", "name": {"givenName": "Z"}}, "title", "U"),
    ("replace", None, {"title": None}, "title", None),
    ("add", USER, {"title": "U"}, "title", "U"),
    ("add", USER, {ENTERPRISE: {"department": "HR"}}, ENTERPRISE, {"department": "HR"}),
    ("replace", USER, {f"{ENTERPRISE}:department": "HR"}, ENTERPRISE, {"department": "HR"}),
    ("remove", None, None, "noTarget", None),
    ("remove", "userName", None, "mutability", None),
    ("replace", "id", "x", "mutability", None),
    ("remove", "meta", None, "mutability", None),
    ("add", "meta.version", "x", "mutability", None),
    ("add", "groups", [{"value": "g"}], "mutability", None),
    ("remove", "groups", None, "mutability", None),
    ("replace", 'emails[type eq "work"', "z", "invalidPath", None),
    ("replace", "emails[]", "z", "invalidPath", None),
    ("replace", 'title[value eq "T"]', "z", "invalidPath", None),
    ("replace", 'emails[shoe eq "T"].value', "z", "invalidFilter", None),
    ("replace", "title", {"a": 1}, "invalidValue", None),
    ("add", "active", "perhaps", "invalidValue", None),
]


def normal(value: object) -> object:
    """Read ``primary: 0`` of the table as an absent one."""
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if each != 0 or each is False}
    return value


@ON_ONE_ENGINE
@pytest.mark.parametrize(("op", "path", "value", "where", "expected"), MATRIX)
def test_every_operation_on_every_kind_of_path(
    broker: Broker, op: str, path: str | None, value: object, where: str, expected: object
) -> None:
    """RFC 7644 sections 3.5.2.1 to 3.5.2.3; what is refused changes nothing."""
    before = broker.made("/Users", START)
    operation = {"op": op, "path": path, "value": value}
    sent = {name: part for name, part in operation.items() if part is not None}
    answer = broker.patched(f"/Users/{before['id']}", sent)
    after = parsed(broker.send("GET", f"/Users/{before['id']}"))
    if answer.status_code != OK:
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, where)
        assert after == before
        return
    assert after.get(where) == normal(expected)
    untouched = {"title", "name", "emails", ENTERPRISE} - {
        where,
        *(value if not path and isinstance(value, dict) else ()),
    }
    assert {n: after.get(n) for n in untouched} == {n: before.get(n) for n in untouched}
    same = after == before
    assert same is (after["meta"]["version"] == before["meta"]["version"])


OWNED = ["id", "meta", "meta.created", "meta.version", "meta.location", "groups", "groups.value"]
PREFIXES = ["", f"{USER}:", f"{USER}.", f"{OURS}:", f"{ENTERPRISE}:", f"{GROUP}:"]
texts = st.sampled_from(["x", "900003", "", "true", "2000-01-01T00:00:00Z"])
shapes = (
    st.none()
    | texts
    | st.builds(lambda t: {"value": t, "status": t, "origin": t, "display": t}, texts)
    | st.builds(lambda t: [{"value": t}], texts)
)
spellings = st.builds(
    lambda prefix, name, case, tail: case(prefix + name) + tail,
    st.sampled_from(PREFIXES),
    st.sampled_from(OWNED),
    st.sampled_from([str, str.upper, str.lower, str.swapcase]),
    st.sampled_from(["", "", '[value eq "x"]', ".value", " [value pr]", "[value pr].display"]),
)


@ON_ONE_ENGINE
def test_nothing_that_is_ours_can_be_written_by_any_spelling(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """By PATCH path, PATCH key or PUT: id, meta and groups stay, whatever is answered."""
    user = broker.made("/Users", {**START, "roles": [{"value": "gebruiker:900001"}]})["id"]
    other = broker.made("/Users", {"userName": "other"})["id"]
    group = {"displayName": "MO_900001_leerlingen-openbaar", "members": [{"value": user}]}
    broker.made("/Groups", group)
    path = f"/Users/{user}"
    names = ("id", "groups", "schemas")

    def owned() -> tuple[object, ...]:
        shown = parsed(broker.send("GET", path))
        meta = {n: shown["meta"][n] for n in ("created", "location", "resourceType")}
        return (
            *(shown.get(name) for name in names),
            meta,
            parsed(broker.send("GET", f"/Users/{other}")),
        )

    before = owned()

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["add", "replace", "remove"]), spellings, shapes)
    def holds(op: str, spelling: str, value: object) -> None:
        keyed = {"op": "replace", "value": {spelling: value}}
        for operation in ({"op": op, "path": spelling, "value": value}, keyed):
            answer = broker.send("PATCH", path, {"Operations": [operation]})
            assert answer.status_code in {200, 400}, answer.get_data(as_text=True)
            assert owned() == before, (operation, answer.get_data(as_text=True))

    holds()
    put = {**START, "id": other, "meta": {"created": "x", "version": "y"}, "groups": []}
    put["roles"] = [{"value": "gebruiker:900001"}]
    assert broker.send("PUT", path, put).status_code == OK
    assert owned() == before


@ON_ONE_ENGINE
@pytest.mark.parametrize("part", ["status", "origin", "display"])
def test_what_we_derive_of_an_affiliation_cannot_be_written(broker: Broker, part: str) -> None:
    """Neither alone nor along with the rest; the entry itself is writable."""
    sent = {"userName": "an", OURS: {"affiliations": [{"value": "900001", part: "x"}]}}
    made = broker.made("/Users", sent)
    first = made[OURS]["affiliations"][0]
    assert first.get(part) != "x"
    for where in (f"{OURS}:affiliations.{part}", f'{OURS}:affiliations[value eq "900001"].{part}'):
        answer = broker.patched(
            f"/Users/{made['id']}", {"op": "replace", "path": where, "value": "x"}
        )
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "mutability")
    assert parsed(broker.send("GET", f"/Users/{made['id']}")) == made


@ON_ONE_ENGINE
def test_the_status_of_a_group_cannot_be_written(broker: Broker) -> None:
    """It tells what we made of the group."""
    made = broker.made("/Groups", {"displayName": "MO_900001_leerlingen-openbaar"})
    path = f"/Groups/{made['id']}"
    refused = broker.patched(path, {"op": "replace", "path": f"{OURS_GROUP}:status", "value": "x"})
    assert parsed(refused)["scimType"] == "mutability"
    ignored = broker.patched(path, {"op": "replace", "value": {OURS_GROUP: {"status": "x"}}})
    assert ignored.status_code == OK
    assert parsed(broker.send("GET", path)) == made
    body = json.loads(json.dumps(made))
    body[OURS_GROUP]["status"] = "x"
    assert parsed(broker.send("PUT", path, body)) == made
