"""The limits of `docs/limits.md`, each at its boundary and one beyond (domain.md, rule 12)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from mo_access.domain.errors import TooLarge
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import MAX_MEMBERS, MAX_PAGE, Json
from mo_access.domain.text import LONGEST
from mo_access.service.clients import NewClient
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_scim.discovery import BULK_BYTES
from mo_scim.endpoints.body import GROUP_BYTES, MAX_DEPTH
from mo_scim.mapping import filters, groups, members, operations, patches
from mo_scim.mapping.bulk import MAX_OPERATIONS as BULK_OPERATIONS
from mo_scim.mapping.cursors import TIMEOUT_SECONDS
from mo_scim.mapping.normalise import MAX_VALUES
from mo_scim.mapping.operations import MAX_OPERATIONS
from mo_scim.mapping.patches import MAX_WORK
from mo_scim.profiles import LENIENT
from mo_web import shared
from mo_web.app import MAX_BODY, MAX_URL, create_app
from mo_web.limits import Buckets
from tests.scim.conftest import BASE, ON_ONE_ENGINE, Broker, parsed

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
LIMITS = {
    "url_bytes": MAX_URL,
    "body_bytes": MAX_BODY,
    "group_body_bytes": GROUP_BYTES,
    "members": MAX_MEMBERS,
    "json_depth": MAX_DEPTH,
    "operations": MAX_OPERATIONS,
    "filter_characters": filters.MAX_CHARACTERS,
    "filter_terms": filters.MAX_TERMS,
    "filter_depth": filters.MAX_DEPTH,
    "page": MAX_PAGE,
    "cursor_seconds": TIMEOUT_SECONDS,
    "patch_values": MAX_WORK,
    "values": MAX_VALUES,
    "text_characters": LONGEST,
    "bulk_operations": BULK_OPERATIONS,
    "bulk_body_bytes": BULK_BYTES,
}


def test_the_page_says_the_limits_of_the_code() -> None:
    """Names and figures."""
    page = PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9]+) \|", page, re.MULTILINE)
    assert {name: int(value) for name, value in rows} == LIMITS
    rates = re.findall(r"^\| `[a-z_]+` \| `MO_([A-Z_]+)` \(([0-9]+)\)", page, re.MULTILINE)
    defaults = {name: Settings.model_fields[name.lower()].default for name, _ in rates}
    assert {name: int(value) for name, value in rates} == defaults
    assert len(rates) == len([row for row in page.splitlines() if "| 429" in row])


def padded(size: int) -> bytes:
    """Return a body of exactly so many bytes."""
    start, end = b'{"userName":"an","displayName":"x"', b"}"
    return start + b" " * (size - len(start) - len(end)) + end


@ON_ONE_ENGINE
@pytest.mark.parametrize(("path", "most"), [("/Users", MAX_BODY), ("/Groups", GROUP_BYTES)])
def test_a_body_may_be_as_long_as_it_says(broker: Broker, path: str, most: int) -> None:
    """The last byte fits, one more does not."""
    assert broker.send("POST", path, padded(most)).status_code == 201
    answer = broker.send("POST", path, padded(most + 1))
    assert (answer.status_code, parsed(answer)["status"]) == (413, "413")


@ON_ONE_ENGINE
def test_a_bulk_may_be_as_long_as_it_says(broker: Broker) -> None:
    """In bytes and in operations."""
    one = {"method": "DELETE", "path": "/Users/none"}
    whole = json.dumps({"Operations": [one]}).encode()
    fits = whole + b" " * (BULK_BYTES - len(whole))
    assert broker.send("POST", "/Bulk", fits).status_code == 200
    long = broker.send("POST", "/Bulk", fits + b" ")
    assert (long.status_code, str(BULK_BYTES) in parsed(long)["detail"]) == (413, True)
    most = {"Operations": [one] * BULK_OPERATIONS}
    assert broker.send("POST", "/Bulk", most).status_code == 200
    many = broker.send("POST", "/Bulk", {"Operations": [one] * (BULK_OPERATIONS + 1)})
    assert (many.status_code, str(BULK_OPERATIONS) in parsed(many)["detail"]) == (413, True)


@ON_ONE_ENGINE
def test_a_page_has_no_more_than_it_says(broker: Broker) -> None:
    """Whatever is asked for; the rest follows on the next page."""
    for start in (0, MAX_PAGE):
        made = [
            {"method": "POST", "path": "/Users", "bulkId": str(n), "data": {"userName": f"u{n}"}}
            for n in range(start, min(start + BULK_OPERATIONS, MAX_PAGE + 1))
        ]
        assert broker.send("POST", "/Bulk", {"Operations": made}).status_code == 200
    for count in (MAX_PAGE, MAX_PAGE + 1):
        page = parsed(broker.send("GET", f"/Users?attributes=userName&count={count}"))
        assert (page["totalResults"], page["itemsPerPage"]) == (MAX_PAGE + 1, MAX_PAGE)
        assert len(page["Resources"]) == MAX_PAGE
    last = parsed(broker.send("GET", f"/Users?startIndex={MAX_PAGE + 1}&count={MAX_PAGE + 1}"))
    assert len(last["Resources"]) == 1


@ON_ONE_ENGINE
def test_an_attribute_may_have_as_many_values_as_it_says(broker: Broker) -> None:
    """One more is refused with the attribute and the limit."""

    def roles(count: int) -> dict[str, Json]:
        return {"userName": f"an{count}", "roles": [{"value": f"r{n}"} for n in range(count)]}

    assert broker.send("POST", "/Users", roles(MAX_VALUES)).status_code == 201
    answer = broker.send("POST", "/Users", roles(MAX_VALUES + 1))
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidValue")
    assert f"roles: has more than {MAX_VALUES}" in parsed(answer)["detail"]


def test_the_operations_of_a_patch_may_look_at_as_many_values_as_it_says() -> None:
    """What an operation finds and brings, a long selection several times."""
    held: list[Json] = [{"value": f"a{n}@example.org"} for n in range(MAX_VALUES // 2)]
    long = f'value ne "{"x" * 3_985}"'
    chosen: Json = {"op": "replace", "path": f"emails[{long}].type", "value": "work"}
    once = operations.read({"Operations": [chosen]}, "User", LENIENT)
    assert len(held) * (1 + len(str(once[0].selection)) // 10) == MAX_WORK
    patches.apply({"emails": held}, once, "User", LENIENT)
    one: Json = {"op": "add", "path": "emails", "value": [{"value": "b@example.org"}]}
    more = operations.read({"Operations": [one]}, "User", LENIENT)
    with pytest.raises(TooLarge, match=str(MAX_WORK)):
        patches.apply({"emails": held}, (*once, *more), "User", LENIENT)


@ON_ONE_ENGINE
def test_a_url_may_be_as_long_as_it_says(broker: Broker) -> None:
    """Counted with its path and query."""
    room = MAX_URL - len(f"{BASE}/Users?x=")
    assert broker.send("GET", f"/Users?x={'a' * room}").status_code == 200
    assert broker.send("GET", f"/Users?x={'a' * (room + 1)}").status_code == 414


@ON_ONE_ENGINE
def test_json_may_be_as_deep_as_it_says(broker: Broker) -> None:
    """The body itself is the first level."""

    def nested(depth: int) -> bytes:
        inner = '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)
        return f'{{"userName":"an{depth}","x":{inner}}}'.encode()

    assert broker.send("POST", "/Users", nested(MAX_DEPTH - 1)).status_code == 201
    answer = broker.send("POST", "/Users", nested(MAX_DEPTH))
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidSyntax")
    assert str(MAX_DEPTH) in parsed(answer)["detail"]


FILTERS = [
    (lambda n: f'userName eq "{"a" * (n - 14)}"', filters.MAX_CHARACTERS),
    (lambda n: " or ".join(['userName eq "a"'] * n), filters.MAX_TERMS),
    (lambda n: f'{"(" * n}userName eq "a"{")" * n}', filters.MAX_DEPTH),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("make", "most"), FILTERS, ids=["characters", "terms", "depth"])
def test_a_filter_may_be_as_large_as_it_says(
    broker: Broker, make: Callable[[int], str], most: int
) -> None:
    """By POST, so that the URL is no limit."""
    fits = broker.send("POST", "/Users/.search", {"filter": make(most)})
    assert fits.status_code == 200, fits.get_data(as_text=True)
    answer = broker.send("POST", "/Users/.search", {"filter": make(most + 1)})
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")
    assert str(most) in parsed(answer)["detail"]


@ON_ONE_ENGINE
def test_a_patch_may_have_as_many_operations_as_it_says(broker: Broker) -> None:
    """One more changes nothing."""
    path = f"/Users/{broker.made('/Users', {'userName': 'an'})['id']}"
    one = {"op": "replace", "path": "title", "value": "t"}
    assert broker.patched(path, *[one] * MAX_OPERATIONS).status_code == 200
    other = {**one, "value": "u"}
    answer = broker.patched(path, *[other] * (MAX_OPERATIONS + 1))
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "tooMany")
    assert parsed(broker.send("GET", path))["title"] == "t"


def test_a_group_may_be_sent_as_many_members_as_it_says() -> None:
    """As a whole, and over all operations of a PATCH."""
    many: list[Json] = [{"value": f"{n:x}"} for n in range(MAX_MEMBERS)]
    assert len(groups.members({"members": many}, LENIENT).people) == MAX_MEMBERS
    with pytest.raises(TooLarge, match=str(MAX_MEMBERS)):
        groups.members({"members": [*many, {"value": "one more"}]}, LENIENT)
    add: Json = {"op": "add", "path": "members", "value": many}
    remove: Json = {"op": "remove", "path": 'members[value eq "x"]'}
    steps, _ = members.split(operations.read({"Operations": [add]}, "Group", LENIENT), LENIENT)
    assert len(steps[0].people) == MAX_MEMBERS
    both = operations.read({"Operations": [add, remove]}, "Group", LENIENT)
    with pytest.raises(TooLarge):
        members.split(both, LENIENT)


@ON_ONE_ENGINE
def test_too_many_members_are_413_and_no_fault(broker: Broker) -> None:
    """Through the door."""
    many = [{"value": f"{n:x}"} for n in range(MAX_MEMBERS + 1)]
    body = json.dumps({"displayName": "x", "members": many}).encode()
    answer = broker.send("POST", "/Groups", body)
    assert answer.status_code == 413
    assert str(MAX_MEMBERS) in parsed(answer)["detail"]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", {"GET", "POST"}),
        ("PATCH", "/Groups", {"GET", "POST"}),
        ("POST", "/Users/x", {"GET", "PUT", "PATCH", "DELETE"}),
        ("POST", "/Groups/x", {"GET", "PUT", "PATCH", "DELETE"}),
        ("PUT", "/Users/.search", {"GET", "PUT", "PATCH", "DELETE"}),
        ("DELETE", "/Schemas", {"GET"}),
        ("POST", "/ServiceProviderConfig", {"GET"}),
        ("POST", "/Institutions", {"GET"}),
        ("DELETE", "/Themes/x", {"GET"}),
    ],
)
def test_another_method_is_405_with_those_that_are_allowed(
    broker: Broker, method: str, path: str, allowed: set[str]
) -> None:
    """As RFC 9110 section 15.5.6 asks; /Users/.search is an id to other methods than POST."""
    answer = broker.send(method, path, {})
    if path.endswith(".search"):
        assert answer.status_code in {400, 404, 405}
        return
    assert answer.status_code == 405
    named = {name.strip() for name in answer.headers["Allow"].split(",")}
    assert allowed <= named <= allowed | {"HEAD", "OPTIONS"}
    assert parsed(answer)["status"] == "405"


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_another_media_type_is_415(broker: Broker, kind: str, method: str) -> None:
    """Whatever the method, with an error that says what to send."""
    made = broker.made("/Users", {"userName": "an"})["id"]
    path = "/Users" if method == "POST" else f"/Users/{made}"
    answer = broker.send(method, path, {"userName": "b"}, Content_Type=kind)
    assert (answer.status_code, parsed(answer)["status"]) == (415, "415")
    assert "application/scim+json" in parsed(answer)["detail"]


TWISTED = [
    b'{"userName":"a","userName":"b"}',
    b'{"userName":"a","name":{"givenName":"x","givenName":"y"}}',
    b'{"userName":"a","title":NaN}',
    b'{"userName":"a","title":-Infinity}',
    b'{"userName":"a","title":1e400}',
    b'{"userName":"a\\u0000"}',
    b'{"userName":"\\ud83d"}',
    b'{"user\\udc00":"a"}',
    b'{"userName":"\xff"}',
    '{"userName":"a"}'.encode("utf-16"),
    b'["userName"]',
    b'{"userName":"a"} {}',
]


@ON_ONE_ENGINE
@pytest.mark.parametrize("raw", TWISTED)
def test_json_with_two_meanings_or_none_is_refused(broker: Broker, raw: bytes) -> None:
    """In a POST, a PUT and a PATCH, and nothing has changed."""
    made = broker.made("/Users", {"userName": "an"})
    path = f"/Users/{made['id']}"
    for method, where in (("POST", "/Users"), ("PUT", path), ("PATCH", path)):
        answer = broker.send(method, where, raw)
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidSyntax")
    assert parsed(broker.send("GET", "/Users"))["Resources"] == [made]


ASKED = [
    ("GET", "/Users", None),
    ("GET", "/ServiceProviderConfig", None),
    ("POST", "/Users/.search", {"count": 0}),
    ("POST", "/Users", {"userName": "an"}),
    ("PUT", "/Users/x", {"userName": "an"}),
    ("PATCH", "/Groups/x", {"Operations": [{"op": "remove", "path": "members"}]}),
    ("DELETE", "/Users/x", None),
    ("POST", "/Bulk", {"Operations": [{"method": "DELETE", "path": "/Users/x"}]}),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_too_many_requests_are_429_with_seconds_to_wait(
    app: Flask, broker_of: Callable[[NewClient], Broker], method: str, path: str, body: Json
) -> None:
    """Reads and writes alike, a SCIM error, for this client alone; `Retry-After` is no date."""
    broker, other = (broker_of(NewClient(name, ("900001",))) for name in ("fast", "other"))
    app.extensions["mo_web"].limits.clients = Buckets(0.5, 3)
    codes = [broker.send("GET", "/Users?count=0").status_code for _ in range(3)]
    answer = broker.send(method, path, body)
    assert codes == [200, 200, 200]
    assert (answer.status_code, answer.mimetype) == (429, "application/scim+json")
    told = parsed(answer)
    assert (told["schemas"], told["status"]) == ([ERROR], "429")
    assert answer.headers["Retry-After"] in {"1", "2"}
    assert answer.headers["Retry-After"] in told["detail"]
    assert parsed(other.send("GET", "/Users"))["totalResults"] == 0
    assert other.send(method, path, body).status_code != 429


@ON_ONE_ENGINE
def test_an_address_that_guesses_tokens_waits(app: Flask, broker: Broker) -> None:
    """Also with a good one, or the guesser would learn by the answer that it is good."""
    app.extensions["mo_web"].limits.failures = Buckets(0.5, 2)
    guesser = Broker(broker.http, "mos_guessed")
    assert [guesser.send("GET", "/Users").status_code for _ in range(2)] == [401, 401]
    for waiting in (guesser, broker):
        answer = waiting.send("GET", "/Users")
        assert (answer.status_code, parsed(answer)["schemas"]) == (429, [ERROR])
        assert answer.headers["Retry-After"] in {"1", "2"}


@ON_ONE_ENGINE
def test_the_rates_are_those_of_the_settings(tmp_path: Path, database: Database) -> None:
    """The limits that an operator chooses; a client may come twice as fast for a moment."""
    told = Settings(
        var=tmp_path,
        secret_key="x" * 32,
        scim_requests_per_second=100,
        failed_sign_ins_per_minute=60,
        insz_searches_per_minute=30,
    )
    limits = shared.of(create_app(told, database, KeyRing({"k": bytes(32)}, "k"), [])).limits
    clients = [limits.clients.take("client") for _ in range(400)]
    assert clients[:200] == [0] * 200
    assert 1 in clients[200:]
    assert [limits.failures.take("address") for _ in range(61)] == [0] * 60 + [1]
    assert [limits.numbers.take("client", 10) for _ in range(4)] == [0, 0, 0, 20]
