"""What is made when it is shown is asked for as it is shown, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from mo_access.service.clients import NewClient
from mo_scim.resources import GROUP_EXTENSION, USER_EXTENSION
from tests.scim.conftest import Broker, parsed
from tests.scim.endpoints.test_cursors import ask
from tests.scim.endpoints.test_listing import page

KINDS = ("Users", "Groups")
STATUS = f"{GROUP_EXTENSION}:status"


@pytest.fixture
def made(broker: Broker) -> dict[str, Any]:
    """Make a person at a school, a group with that person that gives a theme, and a free one."""
    extension = {USER_EXTENSION: {"affiliations": [{"value": "900001"}]}}
    user = broker.made("/Users", {"userName": "an", **extension})
    members = [{"value": user["id"], "display": "An A."}]
    mapped = {"displayName": "MO_900001_leerlingen-openbaar", "members": members}
    return {
        "user": user,
        "mapped": broker.made("/Groups", mapped),
        "free": broker.made("/Groups", {"displayName": "free"}),
        "role": broker.made("/Groups", {"displayName": "MO_900001_beheerder"}),
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f'{STATUS} eq "mapped"', "mapped role"),
        (f'{STATUS} eq "Unmapped"', "free"),
        (f'not ({STATUS} eq "mapped")', "free"),
        (f'{STATUS} ne "unmapped"', "mapped role"),
        ('status co "mapped"', "mapped free role"),
        (f"{STATUS} pr", "mapped free role"),
        (f"{STATUS} eq null", ""),
        ('members.display eq "An A."', "mapped"),
        ('members.display eq "an a."', ""),
        ('members[display sw "An" and value pr]', "mapped"),
        ("members.display pr", "mapped"),
        ("members.display eq null", "free role"),
    ],
)
def test_groups_are_found_by_what_they_show(
    broker: Broker, made: dict[str, Any], asked: str, found: str
) -> None:
    """By whether they give something, and by how the client labels members (with case)."""
    assert page(broker, "/Groups", filter=asked)[1] == [made[name]["id"] for name in found.split()]
    for name in ("mapped", "free", "role"):
        path = f"/Groups/{made[name]['id']}"
        shown = parsed(broker.send("GET", f"{path}?attributes={STATUS}"))[GROUP_EXTENSION]
        assert shown == {"status": "unmapped" if name == "free" else "mapped"}


@pytest.mark.parametrize("display", ["", None])
def test_an_empty_label_is_no_label(broker: Broker, made: dict[str, Any], display: object) -> None:
    """It is not shown, so it is not found."""
    members = [{"value": made["user"]["id"], "display": display}]
    broker.made("/Groups", {"displayName": "unlabelled", "members": members})
    for asked in ("members.display pr", 'members.display ew ""'):
        assert page(broker, "/Groups", filter=asked)[1] == [made["mapped"]["id"]]


def test_people_are_found_by_the_name_of_their_school(broker: Broker, made: dict[str, Any]) -> None:
    """As it is shown with each affiliation, and with what else is said there."""
    broker.made("/Users", {"userName": "elsewhere"})
    for asked in (
        'affiliations.display eq "School Een"',
        f'{USER_EXTENSION}:affiliations[display co "Een" and role eq "gebruiker"]',
        'affiliations[display ew "Een" and not (value eq "900002")]',
    ):
        assert page(broker, "/Users", filter=asked) == (1, [made["user"]["id"]])
    for asked in ('affiliations.display eq "school een"', 'affiliations.display co "Twee"'):
        assert page(broker, "/Users", filter=asked) == (0, [])


@pytest.mark.parametrize("platform", [False, True])
def test_people_are_found_by_what_a_role_group_gives(broker_of, platform: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """It is shown among the affiliations, with neither days nor a mark."""
    new = NewClient("p", platform=True) if platform else NewClient("b", ("900001", "900002"))
    broker = broker_of(new)
    said = {USER_EXTENSION: {"affiliations": [{"value": "900001", "start": "2020-01-01"}]}}
    by_group, both, neither = (
        broker.made("/Users", {"userName": name, **more})["id"]
        for name, more in (("a", {}), ("b", said), ("c", {}))
    )
    members = [{"value": by_group}, {"value": both}]
    broker.made("/Groups", {"displayName": "MO_900002_beheerder", "members": members})
    for asked, found in (
        ('affiliations.role eq "beheerder"', [by_group, both]),
        ('affiliations.value eq "900002"', [by_group, both]),
        ('affiliations.value ne "900002"', [neither]),
        ("affiliations pr", [by_group, both]),
        ("not (affiliations pr)", [neither]),
        ("affiliations.start pr", [both]),
        ('affiliations[value eq "900002" and start eq null]', [by_group, both]),
        ('affiliations[role eq "beheerder" and not (end lt "2030-01-01")]', [by_group, both]),
        ('affiliations[value eq "900001" and role eq "beheerder"]', []),
        ('affiliations[display ew "Twee" and origin eq "group"]', [by_group, both]),
        (f'schemas eq "{USER_EXTENSION}"', [by_group, both]),
        ('organization eq "900002"', []),
    ):
        assert page(broker, "/Users", filter=asked)[1] == found, asked


@pytest.mark.parametrize("profile", ["lenient", "lenient,+relative_location"])
def test_a_resource_is_found_by_its_address(broker_of, profile: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """By GET and POST, at its endpoint and at the root, wherever this client's addresses begin."""
    broker = broker_of(NewClient("addressed", ("900001",), profile=profile))
    both = [broker.made(f"/{kind}", {"userName": "u", "displayName": "g"}) for kind in KINDS]
    for kind, one in zip(KINDS, both, strict=True):
        address = one["meta"]["location"]
        assert address.startswith("/") is ("relative" in profile)
        asked = f'meta.location eq "{address}"'
        for path in (f"/{kind}", "/"):
            assert page(broker, path, filter=asked) == (1, [one["id"]])
            searched = broker.send("POST", f"{path.rstrip('/')}/.search", {"filter": asked})
            assert parsed(searched)["totalResults"] == 1
        assert page(broker, f"/{kind}", filter=f'meta.location ne "{address}"') == (0, [])
    assert page(broker, "/", filter='meta.location co "/Groups/"')[1] == [both[1]["id"]]


def test_an_address_finds_nobody_elses(broker: Broker, broker_of, made: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """Nor does a label or a school (rule 4)."""
    other = broker_of(NewClient("other", ("900001",)))
    location = made["user"]["meta"]["location"]
    for asked in (f'meta.location eq "{location}"', 'affiliations.display eq "School Een"'):
        assert page(broker, "/Users", filter=asked)[0] == 1
        assert page(other, "/Users", filter=asked) == (0, [])
    group = {"displayName": "MO_900001_beheerder", "members": [{"value": made["user"]["id"]}]}
    broker.made("/Groups", group)
    same = other.made("/Users", {"userName": "same"})["id"]
    assert page(broker, "/Users", filter='affiliations.role eq "beheerder"')[0] == 1
    assert page(other, "/Users", filter='affiliations.role eq "beheerder"') == (0, [])
    assert page(other, "/Users", filter="affiliations eq null") == (1, [same])
    for asked in ('members.display eq "An A."', f'{STATUS} eq "mapped"'):
        assert page(other, "/Groups", filter=asked) == (0, [])


@pytest.mark.parametrize(
    ("path", "asked", "advice"),
    [
        ("/Users", 'meta.version eq "x"', "If-Match"),
        ("/Groups", 'meta.version eq "x"', "If-Match"),
        ("/Users", 'affiliations.status eq "active"', "start, end"),
        ("/Users", 'affiliations[status eq "active"]', "start, end"),
    ],
)
def test_what_no_list_can_tell_is_refused_with_what_can(
    broker: Broker, path: str, asked: str, advice: str
) -> None:
    """The two that are left: a tag of the whole answer, and a status made of many facts."""
    answer = ask(broker, path, filter=asked)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")
    assert advice in parsed(answer)["detail"]
