"""What every resource shares: credentials, bodies, media types, paging, errors, discovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mo_access.service.clients import NewClient
from mo_scim.resources import ENTERPRISE
from tests.scim.conftest import BASE, ON_ONE_ENGINE, Broker, parsed

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
READS = ["/Users", "/Groups", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes", "/Themes"]


@ON_ONE_ENGINE
@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("credential", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer mos_x"])
def test_without_a_valid_credential_nothing_is_told(
    broker: Broker, path: str, credential: str
) -> None:
    """Without a valid credential nothing is told."""
    headers = {"Authorization": credential} if credential else {}
    answer = broker.http.get(BASE + path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert parsed(answer)["schemas"] == [ERROR]


def test_a_reader_may_not_write(broker_of: Callable[[NewClient], Broker]) -> None:
    """A reader may not write."""
    reader = broker_of(NewClient("reader", ("900001",), scopes=("scim:read",)))
    assert reader.send("GET", "/Users").status_code == 200
    assert reader.send("POST", "/Users/.search", {}).status_code == 200
    assert reader.send("POST", "/Users", {"userName": "a"}).status_code == 403


@ON_ONE_ENGINE
@pytest.mark.parametrize("host", ["localhost", "t\u00ebst.example"])
def test_addresses_in_headers_are_uris(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Also where the base URL is written with letters that no header takes."""
    monkeypatch.setattr("mo_scim.endpoints.answer.absolute", lambda path: f"https://{host}{path}")
    answer = broker.send("POST", "/Users", {"userName": "a"})
    assert answer.headers["Location"].isascii()
    assert answer.headers["Location"].endswith(f"{BASE}/Users/{parsed(answer)['id']}")
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@ON_ONE_ENGINE
def test_an_offer_of_another_protocol_is_passed_over(broker: Broker) -> None:
    """A request that would rather speak WebSocket is answered in HTTP (RFC 9110 section 7.8)."""
    answer = broker.send("GET", "/Users", Connection="Upgrade", Upgrade="websocket")
    assert answer.status_code == 200


BAD_BODIES = [
    b"",
    b"[]",
    b"null",
    b"{",
    b'"x"',
    b'{"userName": "a", "userName": "b"}',
    b'{"userName": NaN}',
    b'{"userName": 1e999}',
    b'{"userName": "\\u0000"}',
    b'{"userName": "\\ud800"}',
    b'{"userName": "\xff"}',
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"userName": {"a": 1}}',
    b'{"userName": "a", "emails": [[["x"]]]}',
    b'{"userName": "a", "active": "perhaps"}',
    b'{"userName": "a", "name": "text"}',
    b"{}",
]


@ON_ONE_ENGINE
@pytest.mark.parametrize("body", BAD_BODIES)
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_bad_body_is_400_with_a_scim_error(broker: Broker, path: str, body: bytes) -> None:
    """A bad body is 400 with a scim error."""
    answer = broker.send("POST", path, body)
    told = parsed(answer)
    assert (answer.status_code, told["status"], told["schemas"]) == (400, "400", [ERROR])
    assert told["scimType"] in {"invalidSyntax", "invalidValue"}
    assert told["detail"]


TWICE = [
    ("/Users", {"userName": "a", "USERNAME": None}),
    ("/Users", {"userName": "a", "userNAME": "b"}),
    ("/Users", {"userName": "a", "name": {"givenName": "A", "GivenName": None}}),
    ("/Users", {"userName": "a", "emails": [{"value": "a@x.be", "Value": "a@x.be"}]}),
    ("/Users", {"userName": "a", ENTERPRISE: {"department": "d", "Department": None}}),
    ("/Groups", {"displayName": "a", "DISPLAYNAME": None}),
    ("/Groups", {"displayName": "a", "members": [], "Members": None}),
    ("/Groups", {"displayName": "a", "members": [{"value": "x", "Value": "y"}]}),
]


@ON_ONE_ENGINE
@pytest.mark.parametrize(("path", "body"), TWICE)
def test_a_name_twice_in_two_cases_is_a_name_twice(
    broker: Broker, path: str, body: dict[str, Any]
) -> None:
    """It has two meanings (RFC 7643 section 2.1), also where one of them is no value."""
    one = broker.made(path, {"userName": "z", "displayName": "z"})
    patches = [{"op": "add", "value": {k: v for k, v in body.items() if k != "members"}}]
    patches += [{"op": "add", "path": ENTERPRISE, "value": body[k]} for k in body if ":" in k]
    answers = [broker.send("POST", path, body), broker.send("PUT", f"{path}/{one['id']}", body)]
    answers += [
        broker.patched(f"{path}/{one['id']}", patch) for patch in patches if "members" not in body
    ]
    for answer in answers:
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidSyntax")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "body", [b'{"Operations": %s}' % b for b in (b"1", b"[]", b"[1]", b"[[]]")]
)
def test_a_bad_patch_message_is_400(broker: Broker, body: bytes) -> None:
    """A bad patch message is 400."""
    path = f"/Users/{broker.made('/Users', {'userName': 'a'})['id']}"
    assert broker.send("PATCH", path, body).status_code == 400
    assert broker.send("PATCH", path, b"{}").status_code == 400


def test_too_large_wrong_type_and_wrong_method(broker: Broker) -> None:
    """Too large wrong type and wrong method."""
    large = b'{"userName": "' + b"a" * 1_100_000 + b'"}'
    told = broker.send("POST", "/Users", large)
    assert (told.status_code, "1048576" in parsed(told)["detail"]) == (413, True)
    assert broker.send("POST", "/Users", b"x", Content_Type="text/plain").status_code == 415
    refused = broker.send("POST", "/Schemas", {})
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
    assert parsed(broker.send("GET", "/Nothing"))["status"] == "404"


def test_a_group_of_many_members_fits_where_a_user_would_not(broker: Broker) -> None:
    """A group of many members fits where a user would not."""
    body = {"displayName": "x", "members": [{"value": f"{n:036}"} for n in range(30_000)]}
    answer = broker.send("POST", "/Groups", body)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidValue")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", "application/json"),
        ("application/json;q=0.9, application/scim+json", "application/scim+json"),
        ("*/*", "application/scim+json"),
        ("application/json, */*", "application/scim+json"),
        ("text/html", "application/scim+json"),
    ],
)
def test_the_media_type_follows_accept(broker: Broker, accept: str, expected: str) -> None:
    """The media type follows accept."""
    answer = broker.send("GET", "/Users", Accept=accept)
    assert answer.mimetype == expected


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("query", "start", "count"),
    [
        ("startIndex=0&count=2", 1, 2),
        ("startIndex=-5&count=2", 1, 2),
        ("startindex=3", 3, 1),
        ("startIndex=4", 4, 0),
        ("startIndex=99999999999999999999", 2**31 - 1, 0),
        ("count=0", 1, 0),
        ("count=-1", 1, 0),
        ("count=99999999999", 1, 3),
        ("startIndex=2&count=1", 2, 1),
    ],
)
def test_paging(broker: Broker, query: str, start: int, count: int) -> None:
    """Paging."""
    for name in "abc":
        broker.made("/Users", {"userName": name})
    page = parsed(broker.send("GET", f"/Users?{query}"))
    assert (page["totalResults"], page["startIndex"]) == (3, start)
    assert page["itemsPerPage"] == len(page["Resources"]) == count


@ON_ONE_ENGINE
@pytest.mark.parametrize("query", ["count=many", "startIndex=1.5", "filter=userName", "sortBy=x"])
def test_bad_parameters_are_400(broker: Broker, query: str) -> None:
    """Bad parameters are 400."""
    assert broker.send("GET", f"/Users?{query}").status_code == 400


def test_sorting_puts_missing_values_last(broker: Broker) -> None:
    """Sorting puts missing values last."""
    for name, title in (("c", "B"), ("a", None), ("b", "a")):
        broker.made("/Users", {"userName": name, "title": title})

    def order(query: str) -> list[str]:
        return [u["userName"] for u in parsed(broker.send("GET", f"/Users?{query}"))["Resources"]]

    assert order("sortBy=userName") == ["a", "b", "c"]
    assert order("sortBy=userName&sortOrder=descending") == ["c", "b", "a"]
    assert order("sortBy=title") == ["b", "c", "a"]
    assert order("sortBy=title&sortOrder=descending") == ["a", "c", "b"]
    assert order("sortBy=meta.created") == ["c", "a", "b"]


def test_a_number_is_searched_by_post_only(broker: Broker) -> None:
    """A number is searched by post only."""
    urn = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
    made = broker.made("/Users", {"userName": "a", urn: {"insz": "85073003328"}})
    filter_ = f'{urn}:insz eq "85.07.30-033.28"'
    asked = broker.http.get(
        f"{BASE}/Users",
        query_string={"filter": filter_},
        headers={"Authorization": f"Bearer {broker.token}"},
    )
    assert (asked.status_code, parsed(asked)["scimType"]) == (403, "sensitive")
    assert "85073003328" not in asked.get_data(as_text=True)
    found = parsed(broker.send("POST", "/Users/.search", {"filter": filter_}))
    assert [u["id"] for u in found["Resources"]] == [made["id"]]


def test_a_number_that_another_client_said_is_not_found(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """A number that another client said is not found."""
    urn = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
    other = broker_of(NewClient("other", ("900003",)))
    other.made("/Users", {"userName": "a", urn: {"insz": "85073003328"}})
    asked = {"filter": f'{urn}:insz eq "85073003328"'}
    assert parsed(broker.send("POST", "/Users/.search", asked))["totalResults"] == 0


def test_the_root_search_finds_users_and_groups(broker: Broker) -> None:
    """The root search finds users and groups."""
    user = broker.made("/Users", {"userName": "a", "displayName": "X"})["id"]
    group = broker.made("/Groups", {"displayName": "x"})["id"]

    def ids(asked: dict[str, object]) -> list[str]:
        return [r["id"] for r in parsed(broker.send("POST", "/.search", asked))["Resources"]]

    assert ids({"filter": 'displayName eq "x"'}) == [user, group]
    assert ids({"filter": 'displayName eq "x"', "startIndex": 2, "count": 5}) == [group]
    assert ids({"filter": 'displayName eq "x"', "count": 1}) == [user]
    assert ids({"filter": 'userName eq "a"'}) == [user]
    assert broker.send("POST", "/.search", {"filter": "nonsense eq 1"}).status_code == 400


def test_discovery_has_tags_and_single_documents(broker: Broker) -> None:
    """Discovery has tags and single documents."""
    answer = broker.send("GET", "/ServiceProviderConfig")
    tag = answer.headers["ETag"]
    assert broker.send("GET", "/ServiceProviderConfig", If_None_Match=tag).status_code == 304
    urn = "urn:ietf:params:scim:schemas:core:2.0:User"
    assert parsed(broker.send("GET", f"/Schemas/{urn}"))["id"] == urn
    assert parsed(broker.send("GET", "/ResourceTypes/User"))["endpoint"] == "/Users"
    assert broker.send("GET", "/Schemas/urn:x").status_code == 404
    assert broker.send("GET", "/Schemas?filter=id+pr").status_code == 403


@ON_ONE_ENGINE
def test_every_attribute_is_described(broker: Broker) -> None:
    """RFC 7643 section 7; the client of SCIM-SDK reads no schema that leaves one out."""
    for schema in parsed(broker.send("GET", "/Schemas"))["Resources"]:
        assert schema["description"]
        assert undescribed(schema["attributes"]) == []


@ON_ONE_ENGINE
def test_the_schema_offers_no_group_in_a_group(broker: Broker) -> None:
    """Which is refused: it says what a member can be."""
    urn = "urn:ietf:params:scim:schemas:core:2.0:Group"
    attributes = {a["name"]: a for a in parsed(broker.send("GET", f"/Schemas/{urn}"))["attributes"]}
    parts = {part["name"]: part for part in attributes["members"]["subAttributes"]}
    assert (parts["$ref"]["referenceTypes"], parts["type"]["canonicalValues"]) == (["User"],) * 2
    inner = broker.made("/Groups", {"displayName": "x"})["id"]
    nested = {"displayName": "y", "members": [{"value": inner, "type": "Group"}]}
    assert parsed(broker.send("POST", "/Groups", nested))["scimType"] == "invalidValue"


def undescribed(attributes: list[dict[str, Any]]) -> list[str]:
    """Return the names of those without a description, at any depth."""
    found = [one["name"] for one in attributes if not one.get("description")]
    return found + [
        name for one in attributes for name in undescribed(one.get("subAttributes", []))
    ]


def test_institutions_in_scope_and_themes_can_be_listed(broker: Broker) -> None:
    """Institutions in scope and themes can be listed."""
    listed = parsed(broker.send("GET", "/Institutions"))
    assert [i["number"] for i in listed["Resources"]] == ["900001", "900002"]
    one = parsed(broker.send("GET", '/Institutions?filter=displayName eq "school twee"'))
    assert [i["id"] for i in one["Resources"]] == ["900002"]
    assert broker.send("GET", "/Institutions/900003").status_code == 404
    ordered = parsed(broker.send("GET", "/Themes?sortBy=slug&sortOrder=descending&count=1"))
    assert [t["slug"] for t in ordered["Resources"]] == ["leerlingen-vertrouwelijk"]
    assert broker.send("GET", "/Themes/leerlingen-openbaar").status_code == 200
    assert broker.send("PUT", "/Themes/leerlingen-openbaar", {}).status_code == 405


def test_what_is_not_offered_is_501(broker: Broker) -> None:
    """What is not offered is 501."""
    assert broker.send("GET", "/Me").status_code == 501


def test_attributes_narrow_every_answer(broker: Broker) -> None:
    """Attributes narrow every answer."""
    made = parsed(
        broker.send("POST", "/Users?attributes=userName", {"userName": "a", "title": "t"})
    )
    assert set(made) == {"schemas", "id", "userName"}
    page = parsed(broker.send("GET", "/Users?excludedAttributes=title"))
    assert "title" not in page["Resources"][0]
