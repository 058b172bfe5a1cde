"""What is shown and not stored can be asked for: schemas, kinds, a derived organization."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mo_access.service.clients import NewClient
from mo_scim.resources import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    GROUP_EXTENSION,
    INSTITUTION,
    USER_EXTENSION,
)
from tests.scim.conftest import Broker, parsed
from tests.scim.endpoints.test_cursors import ask, walk
from tests.scim.endpoints.test_listing import page

PLACE = {"value": "900001", "primary": True}


def user(broker: Broker, login: str, /, **more: Any) -> str:  # noqa: ANN401 - any attribute
    """Make a user and return the id."""
    return str(broker.made("/Users", {"userName": login, **more})["id"])


@pytest.fixture
def three(broker: Broker) -> dict[str, str]:
    """Make one plain user, one of the enterprise, and one with a primary affiliation."""
    return {
        "plain": user(broker, "plain"),
        "enterprise": user(broker, "enterprise", **{ENTERPRISE: {"department": "ICT"}}),
        "placed": user(broker, "placed", **{USER_EXTENSION: {"affiliations": [PLACE]}}),
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f'schemas eq "{CORE_USER}"', "plain enterprise placed"),
        (f'schemas eq "{ENTERPRISE}"', "enterprise placed"),
        (f'schemas eq "{ENTERPRISE.upper()}"', "enterprise placed"),
        (f'schemas eq "{USER_EXTENSION}"', "placed"),
        (f'schemas ne "{ENTERPRISE}"', "plain"),
        (f'not (schemas eq "{USER_EXTENSION}")', "plain enterprise"),
        ('schemas co "enterprise"', "enterprise placed"),
        ('schemas eq "urn:x"', ""),
        ("schemas eq null", ""),
        ("schemas ne null", "plain enterprise placed"),
        (f'schemas eq "{ENTERPRISE}" and userName sw "e"', "enterprise"),
    ],
)
def test_the_schemas_of_a_resource_are_those_that_it_shows(
    broker: Broker, three: dict[str, str], asked: str, found: str
) -> None:
    """An example of RFC 7644 section 3.4.2.2; an organization that is derived counts too."""
    for name in three:
        shown = parsed(broker.send("GET", f"/Users/{three[name]}"))["schemas"]
        assert (ENTERPRISE in shown) is (name != "plain")
    assert page(broker, "/Users", filter=asked)[1] == [three[name] for name in found.split()]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('organization eq "900001"', "placed"),
        (f'{ENTERPRISE}:organization eq "900001"', "placed"),
        (f"{ENTERPRISE}:organization pr", "placed"),
        ("organization eq null", "plain enterprise"),
        ('organization ne "900001"', "plain enterprise"),
        ('organization sw "9"', "placed"),
        ('organization eq "900002"', ""),
    ],
)
def test_a_derived_organization_is_found(
    broker: Broker, three: dict[str, str], asked: str, found: str
) -> None:
    """It is shown from the primary affiliation where none was sent (design section 3)."""
    assert page(broker, "/Users", filter=asked)[1] == [three[name] for name in found.split()]


def test_an_organization_that_was_sent_or_has_ended_hides_the_primary_affiliation(
    broker: Broker,
) -> None:
    """What is shown is what is found: the text that was sent, and nothing of what has ended."""
    said = {ENTERPRISE: {"organization": "Elsewhere"}, USER_EXTENSION: {"affiliations": [PLACE]}}
    sent = user(broker, "sent", **said)
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    ended = {USER_EXTENSION: {"affiliations": [{**PLACE, "end": yesterday}]}}
    user(broker, "ended", **ended)
    assert page(broker, "/Users", filter='organization eq "900001"') == (0, [])
    assert page(broker, "/Users", filter="organization pr") == (1, [sent])
    assert page(broker, "/Users", filter='organization eq "elsewhere"') == (1, [sent])


@pytest.fixture
def two(broker: Broker) -> dict[str, str]:
    """Make a group with a member, and a free one without."""
    member = user(broker, "member")
    full = {"displayName": "MO_900001_leerlingen-openbaar", "members": [{"value": member}]}
    return {
        "member": member,
        "full": broker.made("/Groups", full)["id"],
        "free": broker.made("/Groups", {"displayName": "free"})["id"],
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('members.type eq "User"', "full"),
        ('members.type ne "User"', "free"),
        ('members.type eq "Group"', ""),
        ("members.type pr", "full"),
        ('members[value eq "{member}" and type eq "user"]', "full"),
        ('members[value eq "{member}" and type eq "Group"]', ""),
        ('members[type pr and not (value eq "{member}")]', ""),
        (f'schemas eq "{CORE_GROUP}"', "full free"),
        (f'schemas eq "{GROUP_EXTENSION}"', "full"),
        (f'schemas eq "{CORE_USER}"', ""),
    ],
)
def test_members_are_users_and_groups_show_their_schemas(
    broker: Broker, two: dict[str, str], asked: str, found: str
) -> None:
    """``type`` is shown with each member and is the same for all."""
    text = asked.replace("{member}", two["member"])
    assert page(broker, "/Groups", filter=text)[1] == [two[name] for name in found.split()]


def test_groups_of_a_person_are_direct(broker: Broker, two: dict[str, str]) -> None:
    """Nobody is in a group through another one."""
    assert page(broker, "/Users", filter='groups.type eq "direct"') == (1, [two["member"]])
    assert page(broker, "/Users", filter='groups[type eq "indirect"]') == (0, [])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('userName eq "member" or displayName eq "free"', "member free"),
        ('externalId eq "none" or userName eq "member"', "member"),
        ('not (userName eq "member")', "full free"),
        ('userName ne "member"', "full free"),
        ("userName eq null", "full free"),
        ("userName ne null", "member"),
        ("userName pr", "member"),
        ('emails[type eq "work"] or displayName eq "free"', "free"),
        ('members[value eq "{member}"] or userName eq "member"', "member full"),
        (f'schemas eq "{CORE_GROUP}"', "full free"),
    ],
)
def test_an_attribute_that_a_kind_lacks_has_no_value_there(
    broker: Broker, two: dict[str, str], asked: str, found: str
) -> None:
    """RFC 7644 section 3.4.2.1: treated as if there is no attribute value, by GET and POST."""
    text = asked.replace("{member}", two["member"])
    expected = [two[name] for name in found.split()]
    assert page(broker, "/", filter=text)[1] == expected
    searched = parsed(broker.send("POST", "/.search", {"filter": text}))
    assert [each["id"] for each in searched["Resources"]] == expected


def test_the_root_finds_short_lists_by_their_schema(broker: Broker) -> None:
    """And what a short list lacks has no value there either."""
    asked = f'schemas eq "{INSTITUTION}"'
    assert page(broker, "/", filter=asked)[1] == ["900001", "900002"]
    assert page(broker, "/", filter=f'{asked} and not (userName eq "x")')[0] == 2
    assert page(broker, "/", filter=f'{asked} and emails[type eq "work"]') == (0, [])
    assert page(broker, "/Institutions", filter=asked)[0] == 2
    assert page(broker, "/Institutions", filter=f'schemas eq "{CORE_USER}"') == (0, [])


def test_an_attribute_that_nothing_has_is_still_refused(broker: Broker) -> None:
    """At the root and beside one that is known."""
    answer = ask(broker, "/", filter='userName eq "x" or colour eq "red"')
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("minLevel gt 5", 1),
        ("minLevel lt 100", 2),
        ('minLevel ge "25"', 1),
        ("minLevel eq 25.0", 1),
        ("minLevel ne 0", 1),
        ("minLevel le 24", 1),
        ("minLevel eq null", 0),
    ],
)
def test_levels_are_compared_as_numbers(broker: Broker, asked: str, found: int) -> None:
    """25 is more than 5 and less than 100."""
    assert page(broker, "/Themes", filter=asked)[0] == found


def test_a_strict_client_quotes_texts_of_short_lists_too(broker_of) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - see conftest
    """A number has no quotes, where there are numbers."""
    strict = broker_of(NewClient("strict", ("900001",), profile="strict"))
    assert page(strict, "/Themes", filter="minLevel gt 5")[0] == 1
    for path, text in (
        ("/Themes", "slug eq leerlingen-openbaar"),
        ("/Institutions", "kind eq clb"),
    ):
        answer = ask(strict, path, filter=text)
        assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize("asked", ["minLevel co 2", "minLevel gt high", "minLevel sw 2"])
def test_a_number_is_no_text(broker: Broker, asked: str) -> None:
    """Refused before any theme is looked at."""
    answer = ask(broker, "/Themes", filter=asked)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")
    assert "minLevel" in parsed(answer)["detail"]


def test_several_values_are_sorted_by_the_primary_one(broker: Broker) -> None:
    """RFC 7644 section 3.4.2.3: or else by the first."""
    late = user(broker, "late", emails=[{"value": "a@x.be"}, {"value": "z@x.be", "primary": True}])
    first = user(broker, "first", emails=[{"value": "m@x.be"}, {"value": "b@x.be"}])
    early = user(
        broker, "early", emails=[{"value": "y@x.be"}, {"value": "c@x.be", "primary": True}]
    )
    none = user(broker, "none")
    for name in ("emails", "emails.value", f"{CORE_USER}:emails.value"):
        assert page(broker, "/Users", sortBy=name)[1] == [early, first, late, none]
    turned = page(broker, "/Users", sortBy="emails", sortOrder="descending")[1]
    assert turned == [none, late, first, early]


def test_groups_are_sorted_by_what_they_give(broker: Broker) -> None:
    """Every attribute that can be searched by; a free group has neither."""
    names = ("MO_900002_leerlingen-openbaar", "free", "MO_900001_leerlingen-vertrouwelijk")
    openly, free, closed = (broker.made("/Groups", {"displayName": n})["id"] for n in names)
    assert page(broker, "/Groups", sortBy="theme")[1] == [openly, closed, free]
    assert page(broker, "/Groups", sortBy=f"{GROUP_EXTENSION}:institution")[1] == [
        *(closed, openly, free)
    ]
    paged = parsed(ask(broker, "/Groups", sortBy="theme", cursor="", count=1))
    following = parsed(ask(broker, "/Groups", sortBy="theme", cursor=paged["nextCursor"], count=1))
    assert [each["id"] for each in following["Resources"]] == [closed]


def test_groups_are_sorted_by_whether_they_give_anything(broker: Broker) -> None:
    """By ``status``: mapped, unmapped; by index and by cursor."""
    names = ("x", "MO_900001_leerlingen-openbaar", "y", "MO_900002_beheerder")
    x, theme, y, role = (broker.made("/Groups", {"displayName": name})["id"] for name in names)
    asked = {"sortBy": f"{GROUP_EXTENSION}:status"}
    assert page(broker, "/Groups", **asked)[1] == [theme, role, x, y]
    turned = {**asked, "sortOrder": "descending"}
    assert page(broker, "/Groups", **turned)[1] == [x, y, theme, role]
    walked = walk(broker, "/Groups", **asked, count=1)
    assert [each["id"] for one in walked for each in one["Resources"]] == [theme, role, x, y]


def test_an_organization_is_sorted_as_it_is_shown(broker: Broker) -> None:
    """The text that was sent, or else the primary affiliation as long as it lasts."""
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    places = {
        "two": {"value": "900002", "primary": True},
        "ended": {"value": "900001", "primary": True, "end": yesterday},
        "one": PLACE,
        "other": {"value": "900001"},
    }
    made = {
        name: user(broker, name, **{USER_EXTENSION: {"affiliations": [place]}})
        for name, place in places.items()
    }
    sent = user(broker, "sent", **{ENTERPRISE: {"organization": "900001b"}})
    assert page(broker, "/Users", sortBy="organization")[1] == [
        *(made["one"], sent, made["two"], made["ended"], made["other"])
    ]


def test_affiliations_are_sorted_by_the_primary_one(broker: Broker) -> None:
    """Or else by the first, and whoever has none is last, or first when descending."""
    first, second = {"value": "900001"}, {"value": "900002", "role": "beheerder"}
    none = user(broker, "none")
    late = user(
        broker, "late", **{USER_EXTENSION: {"affiliations": [first, {**second, "primary": True}]}}
    )
    early = user(broker, "early", **{USER_EXTENSION: {"affiliations": [first, second]}})
    for name in ("affiliations", f"{USER_EXTENSION}:affiliations.value"):
        assert page(broker, "/Users", sortBy=name)[1] == [early, late, none]
        turned = page(broker, "/Users", sortBy=name, sortOrder="descending")[1]
        assert turned == [none, late, early]
    assert page(broker, "/Users", sortBy="affiliations.role")[1] == [late, early, none]


@pytest.mark.parametrize("name", ["meta.resourceType", "schemas"])
def test_kinds_come_in_the_order_of_their_names(broker: Broker, name: str) -> None:
    """Within a kind all are equal; the root holds several, by index and by cursor."""
    users = [user(broker, login) for login in ("b", "a")]
    group = broker.made("/Groups", {"displayName": "g"})["id"]
    assert set(page(broker, "/Users", sortBy=name)[1]) == {*users}
    assert page(broker, "/", sortBy=name)[1] == [group, *users]
    turned = page(broker, "/", sortBy=name, sortOrder="descending")[1]
    assert turned[-1] == group
    walked = walk(broker, "/", sortBy=name, count=1)
    assert [each["id"] for one in walked for each in one["Resources"]] == [group, *users]
    everything = page(broker, "/", sortBy=name, filter="meta.resourceType pr")[1]
    assert everything.index(group) == 0
    assert len(everything) == 7


def test_addresses_order_as_they_are_shown(broker: Broker) -> None:
    """By kind, and by id within a kind."""
    users = sorted(user(broker, login) for login in ("a", "b", "c"))
    group = broker.made("/Groups", {"displayName": "g"})["id"]
    assert page(broker, "/Users", sortBy="meta.location")[1] == users
    assert page(broker, "/", sortBy="meta.location")[1] == [group, *users]
    turned = page(broker, "/", sortBy="meta.location", sortOrder="descending")[1]
    assert turned == [*reversed(users), group]


@pytest.mark.parametrize("name", ["password", "insz", f"{USER_EXTENSION}:insz"])
def test_what_is_never_shown_orders_nothing(broker: Broker, name: str) -> None:
    """An order would tell of it."""
    answer = ask(broker, "/Users", sortBy=name)
    assert (answer.status_code, parsed(answer)["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize("text", ["1_0", "１", "1.0", "one", "0x1", "--1"])  # noqa: RUF001 - on purpose
def test_only_digits_are_a_number(broker: Broker, text: str) -> None:
    """What Python takes for a number beside them is none here."""
    for name in ("startIndex", "count"):
        answer = ask(broker, "/Users", **{name: text})
        assert answer.status_code == 400
        assert parsed(answer)["detail"].startswith(f"{name}: ")


def test_what_is_left_of_nothing_is_not_shown(broker: Broker) -> None:
    """An object without parts is no value (RFC 7643 section 2.5)."""
    made = user(broker, "u", name={"familyName": "Aerts"}, emails=[{"value": "a@x.be"}])
    path = f"/Users/{made}"
    assert "name" not in parsed(ask(broker, path, excludedAttributes="name.familyName"))
    assert "emails" not in parsed(ask(broker, path, attributes="emails.type"))
    assert "userName" in parsed(ask(broker, path, attributes=CORE_USER))
    assert "userName" not in parsed(ask(broker, path, attributes=USER_EXTENSION))


def test_members_without_the_asked_part_are_left_out(broker: Broker) -> None:
    """The list stays, and the text stays JSON."""
    ids = [user(broker, f"u{n}") for n in range(3)]
    members = [{"value": ids[0]}, {"value": ids[1], "display": "shown"}, {"value": ids[2]}]
    group = broker.made("/Groups", {"displayName": "g", "members": members})["id"]
    answer = ask(broker, f"/Groups/{group}", attributes="members.display")
    assert json.loads(answer.get_data())["members"] == [{"display": "shown"}]
    broker.patched(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{ids[1]}"]'})
    assert parsed(ask(broker, f"/Groups/{group}", attributes="members.display"))["members"] == []


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Institutions", "/Themes"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "LINK"])
def test_a_search_is_no_resource(broker: Broker, path: str, method: str) -> None:
    """Its address has one method (RFC 7644 section 3.4.3)."""
    answer = broker.send(method, f"{path}/.search", {})
    assert answer.status_code == 405
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == {"POST", "OPTIONS"}
    assert parsed(answer)["status"] == "405"


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
@pytest.mark.parametrize("name", ["created", "lastModified"])
def test_a_time_is_compared_as_it_is_shown(broker: Broker, path: str, name: str) -> None:
    """In milliseconds: it is stored finer, and no client can know that."""
    for number in range(4):
        made = broker.made(path, {"userName": f"an{number}", "displayName": "x"})
        whole, finer = made["meta"][name], made["meta"][name].replace("Z", "5Z")

        def among(op: str, value: str, one: str = made["id"]) -> bool:
            return (
                page(broker, path, filter=f'meta.{name} {op} "{value}" and id eq "{one}"')[0] == 1
            )

        assert [among(op, whole) for op in ("eq", "ge", "le")] == [True] * 3
        assert [among(op, whole) for op in ("ne", "gt", "lt")] == [False] * 3
        assert [among(op, finer) for op in ("ne", "lt", "le")] == [True] * 3
        assert [among(op, finer) for op in ("eq", "gt", "ge")] == [False] * 3
