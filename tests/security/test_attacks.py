"""What an attacker tried and did not get: each test is an attack that must keep failing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from mo_access.service.clients import NewClient
from mo_access.storage.bookkeeping import client_activity
from mo_web.shared import shared
from tests.scim import conftest as scim
from tests.scim.conftest import Broker, parsed

app, unit_of = scim.app, scim.unit_of
broker, broker_of = scim.broker, scim.broker_of

EXTENSION = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
ABSENT = "00000000-0000-4000-8000-000000000000"
INSZ = "85073003328"
SEEN_BY_ALL = frozenset({"x-request-id", "date", "content-length"})
Pair = tuple[Broker, Broker]


@pytest.fixture
def pair(broker_of: Callable[[NewClient], Broker]) -> Pair:
    """Give the owner of people at 900001, and a stranger bound to 900002."""
    scopes = ("scim:read", "scim:write", "insz:read")
    owner = broker_of(NewClient("owner", ("900001",), scopes=scopes))
    return owner, broker_of(NewClient("stranger", ("900002",), scopes=scopes))


def _whole(answer: TestResponse, named: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all of an answer that could tell something, with the asked id taken out."""
    told = [(k, v) for k, v in answer.headers if k.lower() not in SEEN_BY_ALL]
    return answer.status_code, answer.get_data().replace(named.encode(), b"ID"), told


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["Users", "Groups"])
@pytest.mark.parametrize("headers", [{}, {"If_Match": "*"}, {"If_Match": 'W/"1"'}])
def test_foreign_is_absent_byte_for_byte(
    pair: Pair, method: str, kind: str, headers: dict[str, str]
) -> None:
    """Rule 4: whatever a stranger does to a foreign id, it looks like an unknown one."""
    owner, stranger = pair
    foreign = owner.made(f"/{kind}", {"userName": "an", "displayName": "An"})["id"]
    bodies = {
        "PUT": {"userName": "mine", "displayName": "mine"},
        "PATCH": {"Operations": [{"op": "replace", "path": "displayName", "value": "mine"}]},
    }
    answers = [
        _whole(stranger.send(method, f"/{kind}/{i}", bodies.get(method), **headers), i)
        for i in (foreign, ABSENT)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert owner.send("GET", f"/{kind}/{foreign}").status_code == 200


@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_foreign_member_is_an_unknown_one(pair: Pair, op: str) -> None:
    """Ruling 6: nobody learns from a group whether an id is somebody elsewhere."""
    owner, stranger = pair
    foreign = owner.made("/Users", {"userName": "an"})["id"]
    answers = []
    for i in (foreign, ABSENT):
        group = stranger.made("/Groups", {"displayName": "club"})["id"]
        step = {"op": op, "path": "members", "value": [{"value": i}]}
        answer = stranger.patched(f"/Groups/{group}", step)
        answers.append((answer.status_code, parsed(answer).get("members")))
        assert stranger.found("/Groups", f'members.value eq "{i}"') == []
    assert answers[0] == answers[1]


def test_knowing_a_number_reads_nothing(pair: Pair) -> None:
    """Rule 5: who registers another's INSZ gets an empty link, and cannot search the other's."""
    owner, stranger = pair
    group = {"displayName": "MO_900001_leerlingen-openbaar"}
    own = {"insz": INSZ, "affiliations": [{"value": "900001"}]}
    name = {"familyName": "Peeters"}
    victim = owner.made("/Users", {"userName": "an", "name": name, EXTENSION: own})
    owner.made("/Groups", {**group, "members": [{"value": victim["id"]}]})
    number = f'{EXTENSION}:insz eq "{INSZ}"'
    before = parsed(stranger.send("POST", "/Users/.search", {"filter": number}))
    assert before["totalResults"] == 0
    claimed = stranger.made("/Users", {"userName": "mallory", EXTENSION: {"insz": INSZ}})
    assert claimed["id"] == victim["id"]
    assert {"name", "groups", "externalId", EXTENSION}.isdisjoint(claimed)
    for filter_ in (
        'userName eq "an"',
        'name.familyName co "e"',
        "groups pr",
        f"{EXTENSION}:affiliations pr",
    ):
        assert stranger.found("/Users", filter_) == []
    assert stranger.send("DELETE", f"/Users/{victim['id']}").status_code == 204
    assert parsed(owner.send("GET", f"/Users/{victim['id']}"))["userName"] == "an"


def test_a_moved_link_takes_nothing_of_the_other_person(pair: Pair) -> None:
    """Ruling 2: another INSZ moves one's own link; memberships of the target stay unseen."""
    owner, stranger = pair
    victim = owner.made("/Users", {"userName": "an", EXTENSION: {"insz": INSZ}})
    members = [{"value": victim["id"]}]
    owner.made("/Groups", {"displayName": "MO_900001_leerlingen-openbaar", "members": members})
    mine = stranger.made("/Users", {"userName": "m", EXTENSION: {"insz": "85073003427"}})
    step = {"op": "replace", "path": f"{EXTENSION}:insz", "value": INSZ}
    moved = parsed(stranger.patched(f"/Users/{mine['id']}", step))
    assert moved["id"] == victim["id"]
    assert "groups" not in moved
    assert stranger.send("GET", f"/Users/{mine['id']}").status_code == 404


@pytest.mark.parametrize(
    ("filter_", "found"),
    [('co "%"', ["p%q"]), ('co "_"', ["p_q"]), ('sw "p_"', ["p_q"]), ('ew "\\\\q"', ["p\\q"])],
)
def test_wildcards_of_sql_are_plain_text(broker: Broker, filter_: str, found: list[str]) -> None:
    """A filter's text is compared, never a pattern."""
    for name in ("p%q", "p_q", "pxq", "p\\q"):
        broker.made("/Users", {"userName": name})
    asked = {"filter": f"userName {filter_}", "attributes": "userName"}
    answer = parsed(broker.send("POST", "/Users/.search", asked))
    assert [user["userName"] for user in answer["Resources"]] == found


@pytest.mark.parametrize(
    "raw",
    [
        b'{"userName":"a","userName":"b"}',
        b'{"userName":NaN}',
        b'{"userName":1e999}',
        b'{"userName":"a\\u0000"}',
        b'{"userName":"\\ud800"}',
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b'{"a":' + b"[" * 300_000 + b"]" * 300_000 + b"}",
        b'{"userName":' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"[]",
    ],
)
def test_odd_json_is_refused_everywhere(broker: Broker, raw: bytes) -> None:
    """Rule 12: one meaning or a 400, on every way in that reads a body."""
    user = broker.made("/Users", {"userName": "an"})["id"]
    ways = [
        ("POST", "/Users"),
        ("POST", "/Groups"),
        ("POST", "/.search"),
        ("PUT", f"/Users/{user}"),
    ]
    for method, path in [*ways, ("PATCH", f"/Users/{user}")]:
        assert broker.send(method, path, raw).status_code == 400


def test_odd_ids_and_filters_are_no_fault(broker: Broker) -> None:
    """PostgreSQL keeps no NUL: it never gets one, nor half a surrogate pair."""
    for kind in ("Users", "Groups", "Institutions", "Themes"):
        for odd in ("%00", "%ED%A0%80", "a%00b", "%FF"):
            assert broker.send("GET", f"/{kind}/{odd}").status_code == 404
            assert broker.send("GET", f"/{kind}?filter=id%20eq%20%22{odd}%22").status_code < 500
    for text in ("\x00", "\ud800"):
        asked = {"filter": f"userName eq {json.dumps(text)}"}
        assert broker.send("POST", "/Users/.search", asked).status_code == 400


@pytest.mark.parametrize("written", ["85073003329", "85.07.30-033.29"])
def test_a_number_in_the_wrong_place_goes_no_further(
    app: Flask, broker: Broker, written: str
) -> None:
    """Rule 9: neither the error nor what is kept repeats one with a slip, that is not refused."""
    club = broker.made("/Groups", {"displayName": f"club {written}"})["id"]
    sent = {"displayName": "club", "members": [{"value": written}]}
    answer = broker.send("PUT", f"/Groups/{club}", sent)
    assert answer.status_code == 400
    assert written not in answer.text
    assert broker.send("DELETE", f"/Users/{written}").status_code == 404
    with app.app_context(), shared().database.connect() as conn:
        kept = repr(conn.all(select(client_activity)))
    assert "club" in kept
    assert written not in kept
