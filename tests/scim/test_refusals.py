"""What a refusal tells: status and scimType, the attribute, what is wrong and what to do.

The broker's administrator reads it in the broker's own log, and in ``sync report``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from mo_access.service.clients import NewClient
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

Body: TypeAlias = dict[str, Any] | bytes | None
Case: TypeAlias = tuple[str, str, Body, int, str, str]
USER = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
HELPFUL = re.compile(r"(?P<attribute>[^ ]+): .+[^.]\. [A-Z].+", re.DOTALL)
"""An attribute, what is wrong with it, and at least one sentence more."""


def person(**parts: object) -> Body:
    """Return a user that says this in our extension."""
    return {"userName": "new", USER: parts}


def patch(**operation: object) -> Body:
    """Return a PATCH of one operation."""
    return {"Operations": [operation]}


NO_OP = (400, "invalidSyntax", "Operations[0].op")
NO_VALUE = (400, "invalidValue", "Operations[0].value")
RENAME = {"op": "replace", "path": "displayName", "value": "An"}
SECOND = "Operations[1]"
# Method, path ({user} and {group} exist), body, status, scimType, attribute.
REFUSALS: list[Case] = [
    ("POST", "/Users", {"displayName": "x"}, 400, "invalidValue", "userName"),
    ("POST", "/Users", {"userName": "AN"}, 409, "uniqueness", "userName"),
    ("POST", "/Users", {"userName": "q", "externalId": "e"}, 409, "uniqueness", "externalId"),
    ("POST", "/Users", {"userName": "q", "active": "perhaps"}, 400, "invalidValue", "active"),
    ("POST", "/Users", {"userName": "q", "name": "An"}, 400, "invalidValue", "name"),
    ("POST", "/Users", person(insz="1"), 400, "invalidValue", "insz"),
    ("POST", "/Users", person(gender="man"), 400, "invalidValue", f"{USER}:gender"),
    (
        *("POST", "/Users", person(affiliations=[{"value": "900003", "role": "gebruiker"}])),
        *(400, "invalidValue", f"{USER}:affiliations.value"),
    ),
    (
        *("POST", "/Users", person(affiliations=[{"value": "900001", "role": "baas"}])),
        *(400, "invalidValue", f"{USER}:affiliations[0].role"),
    ),
    (
        "POST",
        "/Users",
        person(affiliations=[{"value": f"90000{n}", "primary": True} for n in (1, 2)]),
        *(400, "invalidValue", f"{USER}:affiliations"),
    ),
    ("POST", "/Groups", {"displayName": "MO_900003_x"}, 400, "invalidValue", "displayName"),
    ("POST", "/Groups", {"displayName": "q", "externalId": "g"}, 409, "uniqueness", "externalId"),
    (
        *("POST", "/Groups", {"displayName": "q", "members": [{"value": "nobody"}]}),
        *(400, "invalidValue", "members"),
    ),
    ("GET", "/Users?filter=shoe eq 1", None, 400, "invalidFilter", "filter"),
    ("GET", "/Users?filter=userName", None, 400, "invalidFilter", "filter"),
    ("GET", '/Users?filter=meta.version eq "x"', None, 400, "invalidFilter", "filter"),
    ("GET", '/Users?filter=userName[type eq "x"]', None, 400, "invalidFilter", "filter"),
    ("GET", '/Users?filter=meta.created gt "now"', None, 400, "invalidFilter", "filter"),
    ("GET", "/Users?sortBy=shoe", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Users?sortBy=name", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Users?sortBy=groups.$ref", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Users?sortBy=meta.version", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Users?sortBy=affiliations.status", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Themes?sortBy=shoe", None, 400, "invalidFilter", "sortBy"),
    ("GET", "/Institutions?filter=shoe eq 1", None, 400, "invalidFilter", "filter"),
    ("GET", f'/Users?filter={USER}:insz eq "1"', None, 403, "sensitive", "insz"),
    *(
        ("GET", f"{path}?filter={asked}", None, 403, "sensitive", "insz")
        for path in ("/Users", "", "/Groups")
        for asked in (
            'insz sw "85"',
            f"not ({USER}:insz pr)",
            f'{USER}[insz eq "1"]',
            f'{USER.upper()}:INSZ co "85"',
            'userName eq "a" or insz eq',
        )
    ),
    ("GET", '/Users?filter=shoe eq "insz"', None, 400, "invalidFilter", "filter"),
    ("POST", "/.search", {"filter": 'shoe eq "1"'}, 400, "invalidFilter", "filter"),
    ("POST", "/Users/.search", {"filter": 1}, 400, "invalidValue", "filter"),
    ("PATCH", "/Users/{user}", {}, 400, "invalidSyntax", "Operations"),
    (
        *("PATCH", "/Users/{user}", patch(op="replace", path='ims[type eq "x"].value', value="y")),
        *(400, "noTarget", "ims[…].value"),
    ),
    (
        *("PATCH", "/Users/{user}", patch(op="replace", path="id", value="x")),
        *(400, "mutability", "id"),
    ),
    (
        *("PATCH", "/Users/{user}", patch(op="remove", path="userName")),
        *(400, "mutability", "userName"),
    ),
    (
        *("PATCH", "/Users/{user}", patch(op="add", path="emails[", value="x")),
        *(400, "invalidPath", "Operations[0].path"),
    ),
    ("PATCH", "/Users/{user}", patch(op="add", path="title"), *NO_VALUE),
    ("PATCH", "/Users/{user}", patch(op="add", value="x"), *NO_VALUE),
    ("PATCH", "/Users/{user}", patch(path="active", value=False), *NO_OP),
    ("PATCH", "/Users/{user}", patch(op="set", path="active", value=False), *NO_OP),
    ("PATCH", "/Users/{user}", patch(op="remove"), 400, "noTarget", "Operations[0].path"),
    (
        *("PATCH", "/Users/{user}", {"Operations": [RENAME, {"op": "add", "path": 1}]}),
        *(400, "invalidPath", "Operations[1].path"),
    ),
    ("PATCH", "/Users/{user}", {"Operations": [RENAME, 1]}, *(400, "invalidSyntax"), SECOND),
]


def made(broker: Broker) -> dict[str, str]:
    """Make what the requests are about."""
    user = broker.made("/Users", {"userName": "an", "externalId": "e"})
    group = broker.made("/Groups", {"displayName": "x", "externalId": "g"})
    return {"user": user["id"], "group": group["id"]}


@ON_ONE_ENGINE
@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case[0]} {case[1]} {case[5]}")
def test_a_refusal_names_the_attribute_and_what_to_do(broker: Broker, case: Case) -> None:
    """One form for them all, so that a person finds the place in the broker's mapping."""
    method, path, body, status, scim_type, attribute = case
    ids = made(broker)
    answer = broker.send(method, path.format(**ids), body)
    told = parsed(answer)
    assert (answer.status_code, told["status"], told["scimType"]) == (
        status,
        str(status),
        scim_type,
    )
    found = HELPFUL.fullmatch(told["detail"])
    assert found, told["detail"]
    assert found["attribute"] == attribute


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("method", "path", "status", "remedy"),
    [
        ("GET", "/Users/none", 404, "filter"),
        ("DELETE", "/Groups/none", 404, "filter"),
        ("GET", "/Institutions/900003", 404, "GET /Institutions"),
        ("GET", "/Themes/none", 404, "GET /Themes"),
        ("GET", "/Schemas/none", 404, "GET /Schemas"),
        ("GET", "/ResourceTypes/none", 404, "GET /ResourceTypes"),
        ("GET", "/Shoes", 404, "SCIM is at http://localhost/scim/v2; GET /ResourceTypes"),
        ("PUT", "/Users", 405, "Allow"),
        ("GET", "/Schemas?filter=x", 403, "Leave out"),
    ],
)
def test_where_nothing_is_the_answer_says_where_to_look(
    broker: Broker, method: str, path: str, status: int, remedy: str
) -> None:
    """The same for what is foreign as for what is not there (rule 4)."""
    answer = broker.send(method, path)
    assert (answer.status_code, remedy in parsed(answer)["detail"]) == (status, True)


@ON_ONE_ENGINE
def test_a_caller_who_may_not_learns_why(broker_of: Callable[[NewClient], Broker]) -> None:
    """Without a token, with a wrong one, and without the scope."""
    reader = broker_of(NewClient("reader", ("900001",), scopes=("scim:read",)))
    told = [
        parsed(one.send("POST", "/Users", {"userName": "x"}))["detail"]
        for one in (*(Broker(reader.http, token) for token in ("", "mos_x", "pasted")), reader)
    ]
    assert told[0].endswith("Send the header Authorization: Bearer <token>.")
    assert told[1].startswith("The token is not valid: it is unknown, expired or revoked. Copy")
    assert told[2].startswith("The token is not valid (not_active): it is none of ours")
    assert told[3].startswith("This needs the scope scim:write, which the client was not given.")
    assert "mo-access client change" in told[3]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "address", ["/scim", "/scim/Users", "/scim/v1/Users", "/v2/Users", "/Users", "/Groups/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_base_address_that_is_short_of_a_part_is_told_the_whole(
    broker: Broker, address: str, method: str
) -> None:
    """A connector shows a SCIM error to its administrator, and a page for people to nobody."""
    answer = broker.http.open(address, method=method, headers={"Authorization": "Bearer x"})
    told = parsed(answer)
    assert (answer.status_code, answer.mimetype) == (404, "application/scim+json")
    assert "SCIM is at http://localhost/scim/v2;" in told["detail"]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "is empty"),
        (b"[]", "is JSON, but no object"),
        (b'{"userName":', "is no JSON from line 1, column 13 on"),
        (b'{"userName": "a",\n "userName": "b"}', "has a name twice in one object"),
        (b'{"userName": NaN}', "holds NaN, which is no JSON"),
        (b'{"userName": "\xff"}', "holds what is no UTF-8, or half of a surrogate pair"),
        (b'{"userName": "a", "title": 1e999}', "holds a number out of range"),
    ],
)
def test_a_body_that_cannot_be_read_says_where(broker: Broker, body: bytes, fault: str) -> None:
    """What is wrong with it, and nothing of what it held."""
    answer = broker.send("POST", "/Users", body)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidSyntax")
    assert parsed(answer)["detail"] == f"The body: {fault}. Send one JSON object in UTF-8."
