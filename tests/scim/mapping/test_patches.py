"""A PATCH is applied to a document that others still hold: it is never changed in place."""

from __future__ import annotations

import copy

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document
from mo_scim.mapping import operations, patches
from mo_scim.profiles import LENIENT
from mo_scim.resources import ENTERPRISE, USER_EXTENSION

WHOLE: Document = {
    "userName": "an",
    "active": True,
    "title": "t",
    "name": {"givenName": "An", "familyName": "P"},
    "emails": [
        {"value": "a@x.be", "type": "work", "primary": True},
        {"value": "b@x.be", "type": "home"},
    ],
    "roles": [{"value": "gebruiker:900001"}],
    ENTERPRISE: {"department": "d", "manager": {"value": "m", "displayName": "M"}},
    USER_EXTENSION: {
        "affiliations": [{"value": "900001", "primary": True, "status": "active", "origin": "o"}],
        "identities": [{"issuer": "https://i.example", "subject": "s"}],
    },
}
PRIMARY: Document = {"value": "c@x.be", "primary": True}
CHANGES: list[Document] = [
    {"op": "replace", "path": "active", "value": False},
    {"op": "remove", "path": "title"},
    {"op": "replace", "path": "name.givenName", "value": "Bea"},
    {"op": "add", "path": "name", "value": {"middleName": "x", "givenName": None}},
    {"op": "add", "path": "emails", "value": [PRIMARY]},
    {"op": "replace", "path": 'emails[type eq "home"].primary', "value": True},
    {"op": "replace", "path": 'emails[type eq "work"]', "value": {"value": "d@x.be"}},
    {"op": "remove", "path": 'emails[type eq "work"]'},
    {"op": "replace", "path": "emails.type", "value": "other"},
    {"op": "remove", "path": "roles"},
    {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "e"},
    {"op": "replace", "path": f"{ENTERPRISE}:manager.value", "value": "n"},
    {"op": "remove", "path": ENTERPRISE},
    {"op": "add", "path": ENTERPRISE, "value": {"manager": {"value": "n"}}},
    {"op": "add", "path": f"{USER_EXTENSION}:affiliations", "value": [{"value": "900002"}]},
    {"op": "replace", "path": f"{USER_EXTENSION}:identities", "value": []},
    {"op": "replace", "value": {"active": False, "name": {"familyName": "Q"}, "emails": [PRIMARY]}},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c['op']} {c.get('path')}")
def test_the_document_that_is_patched_stays_as_it_was(change: Document) -> None:
    """The outcome differs, what it was made of does not, whatever the operation touches."""
    body = copy.deepcopy(WHOLE)
    message: Document = {"Operations": [change]}
    outcome, _ = patches.apply(body, operations.read(message, "User", LENIENT), "User", LENIENT)
    assert outcome != WHOLE
    assert body == WHOLE


NAMES: list[tuple[Document, Document]] = [
    ({"familyName": None}, {"givenName": "An"}),
    ({"familyName": ""}, {"givenName": "An"}),
    ({"familyName": "Q", "givenName": ""}, {"familyName": "Q"}),
    ({"shoe": "40"}, {"givenName": "An", "familyName": "P"}),
    ({"FAMILYNAME": "Q"}, {"givenName": "An", "familyName": "Q"}),
    ({"givenName": None, "familyName": None}, {}),
]


@pytest.mark.parametrize("way", ["path", "no path", "in a list"])
@pytest.mark.parametrize(("sent", "left"), NAMES)
def test_a_complex_value_writes_the_parts_that_it_names(
    sent: Document, left: Document, way: str
) -> None:
    """RFC 7644 section 3.5.2.3: what is not named, or not known, takes nothing away."""
    change: Document = {"op": "replace", "path": "name", "value": sent}
    if way == "no path":
        change = {"op": "replace", "value": {"name": sent}}
    if way == "in a list":
        change["value"] = [sent]
    wanted = operations.read({"Operations": [change]}, "User", LENIENT)
    outcome, _ = patches.apply(WHOLE, wanted, "User", LENIENT)
    assert outcome.get("name", {}) == left


def test_a_refusal_names_the_whole_path() -> None:
    """A broker's administrator sees which attribute is meant."""
    change: Document = {"op": "replace", "path": "name.familyName", "value": {"value": "Q"}}
    with pytest.raises(Invalid, match=r"^name\.familyName: must be text"):
        patches.apply(
            WHOLE, operations.read({"Operations": [change]}, "User", LENIENT), "User", LENIENT
        )
