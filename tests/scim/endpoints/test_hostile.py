"""Whatever is sent, the answer is below 500 and an error is a SCIM error."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scim.conftest import Broker

ODD = ["%00", "%FF%FE", "%F0%9F%98%80", "..%2F..", "a" * 3_000, "'%20OR%201=1--", "%ED%A0%80", ".."]
METHODS = ["GET", "PUT", "PATCH", "DELETE"]
BODY = {"userName": "a", "displayName": "a", "Operations": [{"op": "add", "value": {"title": "t"}}]}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("resource", ["Users", "Groups"])
def test_odd_ids_are_unknown(broker: Broker, method: str, resource: str) -> None:
    """An id is only compared."""
    for odd in ODD:
        answer = broker.send(method, f"/{resource}/{odd}", BODY)
        assert answer.status_code in {400, 404}, (odd, answer.status_code)


@pytest.mark.parametrize("path", ["Institutions", "Themes", "Schemas", "ResourceTypes", "Nothing"])
def test_odd_names_are_unknown(broker: Broker, path: str) -> None:
    """In discovery and catalogue too."""
    for odd in ODD:
        assert broker.send("GET", f"/{path}/{odd}").status_code in {400, 404}


PARAMETERS = ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes"]


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Institutions"])
@pytest.mark.parametrize("name", [*PARAMETERS, "excludedAttributes"])
def test_odd_parameters_never_fault(broker: Broker, path: str, name: str) -> None:
    """Each is understood or refused."""
    values = [
        "%00",
        "%FF",
        "",
        " ",
        ",",
        "[",
        "a.b.c",
        "urn:",
        quote('id eq "\x00"'),
        quote("é pr"),
    ]
    values += [quote(f'userName {op} "\\"\\\\%_é"') for op in ("eq", "co", "sw", "ew", "gt", "ne")]
    for value in values:
        answer = broker.send("GET", f"{path}?{name}={value}")
        assert answer.status_code < 500, (value, answer.get_data(as_text=True))


HEADERS = ["", "*", "W/", '"', 'W/"1-a", "b"', "\x7f", "a" * 5_000, "é"]


def test_odd_conditions_never_fault(broker: Broker) -> None:
    """Conditional headers are compared, whatever they hold."""
    path = f"/Users/{broker.made('/Users', {'userName': 'a'})['id']}"
    for value in HEADERS:
        assert broker.send("GET", path, If_None_Match=value).status_code < 500
        assert broker.send("PATCH", path, BODY, If_Match=value).status_code < 500
        assert broker.send("GET", path, Accept=value).status_code < 500


texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["userName", "members", "value", "emails", "900001", "active", "schemas", "path", "op"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    *("userName", "externalId", "name", "emails", "roles", "entitlements", "active", "members"),
    *("displayName", "schemas", "meta", "id", "groups", "x509Certificates", "photos"),
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User",
    "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group",
]
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
PATHS = [
    *NAMES,
    'emails[type eq "work"].value',
    "emails.value",
    'members[value eq "x"]',
    "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User:affiliations",
    "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User:insz",
]
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace"])},
    optional={"path": st.sampled_from(PATHS) | texts, "value": values | bodies},
)


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_random_bodies_never_fault(broker: Broker, path: str) -> None:
    """A POST, PUT or PATCH is accepted or refused."""
    made = broker.made(path, {"userName": "a", "displayName": "a"})["id"]

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(bodies, st.lists(operations, max_size=3))
    def holds(body: dict[str, object], changes: list[dict[str, object]]) -> None:
        named = {"userName": "b", "displayName": "b", **body}
        for method, where, sent in (
            ("POST", path, named),
            ("PUT", f"{path}/{made}", named),
            ("PATCH", f"{path}/{made}", {"Operations": changes}),
        ):
            answer = broker.send(method, where, json.dumps(sent).encode())
            told = (sent, answer.get_data(as_text=True))
            assert answer.status_code < 500, told
            assert broker.send("GET", f"{path}/{made}").status_code == 200, told

    holds()
