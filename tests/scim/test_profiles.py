"""Deviations of brokers: each is named, documented, counted, and refused where it is kept out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from flask import Flask

from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.profiles import CONTRADICTING, LENIENT, PROFILES, STRICT, Deviation, profile
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed
from tests.scim.recording import Player, contains

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Body: TypeAlias = dict[str, Any]
Making: TypeAlias = Callable[[NewClient], Broker]


def user(**more: object) -> Body:
    """Return the body of a user that every profile takes."""
    return {"schemas": [USER], "userName": "an", **more}


def patch(op: str, *path: str, **value: object) -> Body:
    """Return a PATCH of one operation."""
    return {
        "schemas": [PATCH],
        "Operations": [{"op": op, **({"path": path[0]} if path else {}), **value}],
    }


# Deviation -> method, path ({user} and {group} exist, {group} has {user}), body, refused how.
CASES: dict[Deviation, tuple[str, str, Body | bytes | None, str]] = {
    Deviation.UNKNOWN_SCHEMAS: (
        *("PUT", "/Users/{user}"),
        user(schemas=[USER, "urn:example:x"]),
        "invalidSyntax",
    ),
    Deviation.UNKNOWN_ATTRIBUTES: ("PUT", "/Users/{user}", user(shoe=1), "invalidSyntax"),
    Deviation.MISSING_SCHEMAS: ("PUT", "/Users/{user}", {"userName": "an"}, "invalidSyntax"),
    Deviation.TEXT_BOOLEANS: ("PUT", "/Users/{user}", user(active="True"), "invalidValue"),
    Deviation.NUMBERS_AS_TEXT: ("PUT", "/Users/{user}", user(title=7), "invalidValue"),
    Deviation.OBJECT_FOR_LIST: (
        *("PUT", "/Users/{user}"),
        user(emails={"value": "a@x.example"}),
        "invalidValue",
    ),
    Deviation.LIST_FOR_OBJECT: (
        *("PUT", "/Users/{user}"),
        user(name=[{"givenName": "An"}]),
        "invalidValue",
    ),
    Deviation.BARE_VALUES: ("PUT", "/Users/{user}", user(emails=["a@x.example"]), "invalidValue"),
    Deviation.BYTE_ORDER_MARK: (
        *("PUT", "/Users/{user}"),
        b"\xef\xbb\xbf" + json.dumps(user()).encode(),
        "invalidSyntax",
    ),
    Deviation.OP_CASE: (
        *("PATCH", "/Users/{user}"),
        patch("Add", "title", value="t"),
        "invalidSyntax",
    ),
    Deviation.NO_PATH: (
        *("PATCH", "/Users/{user}"),
        patch("replace", value={"title": "t"}),
        "invalidSyntax",
    ),
    Deviation.PATHS_AS_KEYS: (
        *("PATCH", "/Users/{user}"),
        patch("replace", value={"name.givenName": "An"}),
        "invalidSyntax",
    ),
    Deviation.DOT_AFTER_URN: (
        *("PATCH", "/Users/{user}"),
        patch("add", f"{ENTERPRISE}.department", value="t"),
        "invalidPath",
    ),
    Deviation.SHORT_NAMES: (
        *("PATCH", "/Users/{user}"),
        patch("add", "department", value="t"),
        "invalidPath",
    ),
    Deviation.REMOVE_VALUES: (
        *("PATCH", "/Groups/{group}"),
        patch("remove", "members", value=[{"value": "{user}"}]),
        "invalidValue",
    ),
    Deviation.CREATE_ON_ADD: (
        *("PATCH", "/Users/{user}"),
        patch("add", 'emails[type eq "work"].value', value="a@x.example"),
        "noTarget",
    ),
    Deviation.BARE_FILTERS: ("GET", "/Users?filter=userName eq an", None, "invalidFilter"),
    Deviation.UNKNOWN_MEMBERS: (
        *("PATCH", "/Groups/{group}"),
        patch("add", "members", value=[{"value": "nobody"}]),
        "invalidValue",
    ),
}


def stage(broker: Broker) -> dict[str, str]:
    """Make a user and a group of that one, and return their ids."""
    made = broker.made("/Users", user())["id"]
    members = [{"value": made}]
    body = {"schemas": [GROUP], "displayName": "MO_900001_leerlingen-openbaar", "members": members}
    return {"user": made, "group": broker.made("/Groups", body)["id"]}


@ON_ONE_ENGINE
@pytest.mark.parametrize("deviation", CASES)
@pytest.mark.parametrize("kept_out", ["lenient,-{}", "strict"])
def test_a_deviation_passes_is_counted_and_is_refused_where_it_is_kept_out(
    app: Flask,
    broker_of: Making,
    unit_of: Callable[[], UnitOfWork],
    deviation: Deviation,
    kept_out: str,
) -> None:
    """Lenient lets it in, one switch or `strict` keeps it out and changes nothing."""
    method, path, body, scim_type = CASES[deviation]
    lenient = broker_of(NewClient("lenient", ("900001",)))
    player = Player(app, lenient, unit_of, {}, stage(lenient))
    before = player.counted()
    answer = lenient.send(method, player.filled(path), player.filled(body))
    assert answer.status_code < 300, answer.get_data(as_text=True)
    assert deviation.value in set(player.changed_counters(before))
    out = broker_of(NewClient("out", ("900002",), profile=kept_out.format(deviation.value)))
    group = {"schemas": [GROUP], "displayName": "free"}
    made = out.made("/Users", user())["id"]
    ids = {"user": made, "group": out.made("/Groups", group)["id"]}
    refusing = Player(app, out, unit_of, {}, ids)
    mark = refusing.quiet_mark()
    refused = out.send(method, refusing.filled(path), refusing.filled(body))
    told = parsed(refused)
    assert (refused.status_code, told["scimType"]) == (400, scim_type), told
    assert refusing.quiet_mark() == mark


MESSAGES: list[tuple[str, str, Body]] = [
    ("PATCH", "/Users/{user}", patch("replace", "title", value="t")),
    ("POST", "/Users/.search", {"schemas": [SEARCH], "count": 1}),
    ("POST", "/.search", {"schemas": [SEARCH], "count": 1}),
    ("POST", "/Themes/.search", {"schemas": [SEARCH], "count": 1}),
    (
        *("POST", "/Bulk"),
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "DELETE", "path": "/Users/{user}"}],
        },
    ),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("method", "path", "body"), MESSAGES, ids=lambda part: str(part)[:20])
def test_a_message_says_what_it_is(
    app: Flask,
    broker_of: Making,
    unit_of: Callable[[], UnitOfWork],
    method: str,
    path: str,
    body: Body,
) -> None:
    """RFC 7644 section 8.2: one that does not is counted, and refused by `strict`."""
    lenient = broker_of(NewClient("lenient", ("900001",)))
    strict = broker_of(NewClient("strict", ("900002",), profile="strict"))
    player = Player(app, lenient, unit_of, {}, stage(lenient))
    path_of, own = path.replace("{user}", "{other}"), strict.made("/Users", user())["id"]
    player.known["other"] = own
    for sent, deviation in (([], "missing_schemas"), (["urn:x"], "unknown_schemas")):
        odd = {**player.filled(body), "schemas": sent}
        before = player.counted()
        lenient.send(method, player.filled(path), odd)
        assert deviation in set(player.changed_counters(before))
        refused = strict.send(method, player.filled(path_of), odd)
        told = (refused.status_code, parsed(refused)["scimType"])
        assert told == (400, "invalidSyntax")
        assert parsed(refused)["detail"].startswith("schemas: ")
    accepted = strict.send(method, player.filled(path_of), player.filled(body))
    assert accepted.status_code == 200


def test_empty_texts_are_values_where_they_are_not_dropped(broker_of: Making) -> None:
    """The one deviation that is not refused but read differently."""
    lenient, strict = (
        broker_of(NewClient(n, ("900001",), profile=n)) for n in ("lenient", "strict")
    )
    assert "title" not in lenient.made("/Users", user(title=""))
    assert strict.made("/Users", user(title=""))["title"] == ""


def test_every_deviation_is_held_to_a_test_and_documented() -> None:
    """The page and the enumeration know the same names, and lenient lets in what has a case."""
    assert {*CASES, Deviation.EMPTY_TEXTS} == LENIENT.tolerated
    named = re.findall(r"^\| `([a-z_]+)` \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted({*named} - {*PROFILES}) == sorted(deviation.value for deviation in Deviation)


def test_every_profile_is_documented_as_it_is() -> None:
    """Names that only say who connects are told to be that."""
    text = PAGE.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    same = next(row for row in rows if "exactly as `lenient`" in row)
    for name, found in PROFILES.items():
        assert any(f"`{name}`" in row for row in rows), name
        assert (f"`{name}`" in same.rpartition("exactly")[0]) is (
            found.tolerated == LENIENT.tolerated and name != "lenient"
        ), name
    assert not STRICT.tolerated


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", ["strict", "lenient"])
def test_the_interop_profile_is_not_announced_while_we_differ(broker_of: Making, name: str) -> None:
    """Whoever makes these three as the draft has them announces it, for `strict` alone."""
    broker = broker_of(NewClient(name, ("900001",), profile=name))
    assert "interopProfileConformant" not in parsed(broker.send("GET", "/ServiceProviderConfig"))
    strict = broker_of(NewClient("other", ("900001",), profile="strict"))
    made = strict.made("/Users", user(name={"givenName": "An", "familyName": "Maes"}))
    path = f"/Users/{made['id']}"
    replaced = parsed(
        strict.send("PATCH", path, patch("replace", "name", value={"givenName": "A"}))
    )
    assert replaced["name"] == {"givenName": "A", "familyName": "Maes"}
    unknown = strict.send("PATCH", path, patch("add", "shoe", value="x"))
    assert parsed(unknown)["scimType"] == "invalidPath"
    core = parsed(strict.send("GET", f"/Schemas/{USER}"))["attributes"]
    (roles,) = (attribute for attribute in core if attribute["name"] == "roles")
    (kind,) = (part for part in roles["subAttributes"] if part["name"] == "type")
    assert "canonicalValues" not in kind


def test_single_deviations_can_be_let_in_and_kept_out() -> None:
    """A name, then `+` and `-`."""
    assert profile("lenient,-remove_values").tolerated == LENIENT.tolerated - {
        Deviation.REMOVE_VALUES
    }
    assert profile("STRICT, +op_case").tolerated == {Deviation.OP_CASE}
    assert profile("lenient,-op_case").name == "lenient"


@pytest.mark.parametrize("text", ["", "loose", "lenient,op_case", "lenient,-nothing", "lenient,"])
def test_a_profile_that_cannot_be_is_refused(text: str) -> None:
    """The error lists what there is."""
    with pytest.raises(ValueError, match=r"known are|write"):
        profile(text)


def test_a_profile_that_is_gone_reads_as_the_default(
    broker_of: Making,
) -> None:
    """A client keeps working when a name is retired; it is not let in further than the default."""
    broker = broker_of(NewClient("old", ("900001",), profile="retired"))
    assert broker.send("POST", "/Users", {"userName": "an"}).status_code == 201


@ON_ONE_ENGINE
def test_one_broker_gets_plain_json_whatever_it_accepts(broker_of: Making) -> None:
    """As its vendor documents, errors included."""
    broker = broker_of(NewClient("b", ("900001",), profile="onelogin"))
    for path in ("/Users", "/Users/none", "/ServiceProviderConfig"):
        assert broker.send("GET", path, Accept="application/scim+json").mimetype == (
            "application/json"
        )


@ON_ONE_ENGINE
def test_one_broker_gets_locations_behind_its_base_address(broker_of: Making) -> None:
    """It puts ``meta.location`` behind its base address for PUT and DELETE."""
    broker = broker_of(NewClient("b", ("900001",), profile="sram"))
    made = broker.made("/Users", user())
    location = made["meta"]["location"]
    assert location == f"/Users/{made['id']}"
    assert contains(parsed(broker.send("PUT", location, user())), {"id": made["id"]})
    assert broker.send("DELETE", location).status_code == 204


def test_the_contradicting_profiles_are_the_default_and_one_more() -> None:
    """Nothing else differs for the brokers that want another answer."""
    for name, deviation in CONTRADICTING.items():
        assert PROFILES[name].tolerated == LENIENT.tolerated | {deviation}


@ON_ONE_ENGINE
def test_the_counter_has_no_label_that_a_request_can_choose(
    app: Flask, broker_of: Making, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Whatever is sent and whatever the client's switches, the labels are of closed sets."""
    broker = broker_of(NewClient("b", ("900001",), profile="lenient,-op_case"))
    for n in range(5):
        broker.send("POST", "/Users", {"userName": f"u{n}", f"x{n}": n})
    player = Player(app, broker, unit_of, {})
    assert set(player.counted()) <= {deviation.value for deviation in Deviation}
    registry = app.extensions["mo_web"].metrics.registry
    samples = [s for m in registry.collect() for s in m.samples if s.name.startswith("mo_scim_tol")]
    assert {s.labels["profile"] for s in samples} == {"lenient"}
