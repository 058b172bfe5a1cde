"""A stock client of another language provisions: SCIM-SDK (Java), as its documentation shows it.

Extensions of Keycloak and other products are built on it. It believes nothing that our `/Schemas`
and answers do not say as RFC 7643 and 7644 do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.interop_table import note_version
from conformance.target import own_service
from tests.interop.scim_sdk_client import VERSION, story

PRODUCT = "SCIM-SDK"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("interop-sdk"),
    pytest.mark.product(PRODUCT, "its client, Java, our token"),
    pytest.mark.shows("provision"),
]

OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
# Each step that succeeds, and the status that it comes with.
DONE = {
    "create": 201,
    "get": 200,
    "replace": 200,
    "patch": 200,
    "patch without path": 200,
    "patch a boolean as text": 200,
    "patch our extension": 200,
    "patch what is not there": 200,
    "list by name": 200,
    "list a page": 200,
    "search": 200,
    "create group": 201,
    "member is told": 200,
    "remove member": 200,
    "add member": 200,
    "delete group": 204,
    "bulk": 200,
    "delete": 204,
}
# Each refusal, and what the client must be able to read of it.
REFUSED = {
    "create again": (409, "uniqueness"),
    "replace stale": (412, None),
    "list by nonsense": (400, "invalidFilter"),
    "get after delete": (404, None),
    "delete again": (404, None),
}


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Let the client play its story once."""
    note_version(request.config, PRODUCT, VERSION)
    with own_service() as target:
        return story(target, tmp_path_factory.mktemp("sdk"))


def body(step: dict[str, Any]) -> dict[str, Any]:
    """Return what we answered."""
    found: dict[str, Any] = json.loads(step["body"])
    return found


def test_it_knows_what_we_are_from_discovery(told: dict[str, dict[str, Any]]) -> None:
    """It reads each schema and resource type, and refuses one that leaves anything out."""
    assert told["discovery"] == {
        "success": True,
        "schemas": 7,
        "types": 4,
        "patch": True,
        "bulk": True,
        "etag": True,
    }


@pytest.mark.parametrize("step", DONE)
def test_it_does_what_it_can(told: dict[str, dict[str, Any]], step: str) -> None:
    """The status is one that it expects, and the answer one that it takes for SCIM."""
    said = told[step]
    assert (said["status"], said["success"], said["valid"]) == (DONE[step], True, True), said


@pytest.mark.parametrize("step", REFUSED)
def test_it_understands_a_refusal(told: dict[str, dict[str, Any]], step: str) -> None:
    """As an error of SCIM, with a type where the RFC has one and a sentence."""
    said, (status, kind) = told[step], REFUSED[step]
    assert (said["status"], said["success"], said["error"]) == (status, False, True)
    assert body(said).get("scimType") == kind
    assert body(said)["detail"]


def test_an_unchanged_resource_is_not_sent_again(told: dict[str, dict[str, Any]]) -> None:
    """With the version that the client read out of `meta`."""
    assert (told["get unchanged"]["status"], told["get unchanged"]["body"]) == (304, "")


def test_patches_are_read_as_the_client_builds_them(told: dict[str, dict[str, Any]]) -> None:
    """A value path, no path, a boolean as text, an attribute of our extension."""
    patched = body(told["patch"])
    assert patched["emails"][0]["value"] == "an.v@school.example"
    assert (patched["nickName"], "title" in patched) == ("Antje", False)
    assert patched["displayName"] == "An Verzonnen"
    assert body(told["patch without path"])["active"] is False
    assert body(told["patch a boolean as text"])["active"] is True
    given = body(told["patch our extension"])[OURS]["affiliations"]
    assert [one["value"] for one in given] == ["900001", "900002"]


def test_lists_are_filtered_sorted_and_paged(told: dict[str, dict[str, Any]]) -> None:
    """By its filter builder, with GET and with POST."""
    assert told["list by name: names"] == {"total": 1, "names": ["sdk.bo"]}
    assert told["list a page: names"] == {"total": 4, "names": ["sdk.cas", "sdk.bo"]}
    assert told["search: names"] == {"total": 2, "names": ["sdk.bo", "sdk.cas"]}
    names = sorted(told["list all"]["names"])
    assert names == ["sdk.an", "sdk.bo", "sdk.cas", "sdk.dirk"]


def test_members_come_and_go(told: dict[str, dict[str, Any]]) -> None:
    """And the member shows the group."""
    group = body(told["create group"])
    assert [one["value"] for one in body(told["member is told"])["groups"]] == [group["id"]]
    assert body(told["remove member"]).get("members", []) == []
    assert [one["value"] for one in body(told["add member"])["members"]] == [
        body(told["create"])["id"]
    ]


def test_a_bulk_refers_to_what_it_makes(told: dict[str, dict[str, Any]]) -> None:
    """Both are made, in one request."""
    made = body(told["bulk"])["Operations"]
    assert [(one["bulkId"], one["status"]) for one in made] == [("u1", "201"), ("g1", "201")]
