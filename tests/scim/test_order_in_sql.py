"""Any attribute that a filter takes orders a list, by what the caller is shown, on both engines."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models.path import AttrPath, Path

from mo_access.domain.text import fold
from mo_access.service.clients import NewClient
from mo_scim.mapping.addressing import locate
from mo_scim.resources import ENTERPRISE, GROUP_EXTENSION, USER_EXTENSION
from tests.scim.conftest import Broker, parsed
from tests.scim.endpoints.test_cursors import ask, walk
from tests.scim.test_filters_in_sql import TEXTS, body_of

Shown: TypeAlias = Mapping[str, Any]
DAYS = ["2001-09-01", "2020-08-31", "2126-08-31"]
PARTS = ("value", "display", "role", "start", "end", "primary", "origin")
NAMES = {
    "User": [
        *("id", "userName", "externalId", "active", "schemas", "displayName", "title"),
        *("meta.resourceType", "meta.created", "meta.lastModified", "meta.location"),
        "name.familyName",
        *("emails", "emails.type", "emails.primary", "roles", "phoneNumbers.value"),
        *("groups", "groups.value", "groups.display", "groups.type"),
        *(f"{ENTERPRISE}:{name}" for name in ("department", "organization", "manager")),
        *(f"{USER_EXTENSION}:affiliations{part}" for part in ("", *(f".{p}" for p in PARTS))),
        *("affiliations", "AFFILIATIONS.role", "organization"),
    ],
    "Group": [
        *("id", "displayName", "externalId", "schemas", "meta.resourceType", "meta.created"),
        *("members", "members.value", "members.display", "members.type", "meta.location"),
        *("theme", f"{GROUP_EXTENSION}:institution"),
    ],
    "Institution": [
        *("id", "displayName", "number", "kind", "board", "successor", "schemas", "externalId"),
        *("meta.resourceType", "meta.location"),
    ],
    "Theme": [
        *("id", "displayName", "slug", "confidentiality", "minLevel", "schemas"),
        "meta.resourceType",
    ],
}
FILTERS = [None, "id pr", 'displayName co "b"', 'not (displayName eq "a")', "displayName pr"]
every_list = st.tuples(
    st.sampled_from([(kind, name) for kind, names in NAMES.items() for name in names]),
    st.booleans(),
    st.sampled_from(FILTERS),
    st.integers(3, 9),
)


def value_of(resource: Shown, kind: str, name: str) -> str | int | None:
    """Return what RFC 7644 section 3.4.2.3 sorts a resource by, from what is shown of it."""
    path = Path(name).ast
    place = locate(path, kind) if isinstance(path, AttrPath) else None
    assert place is not None
    holder = resource.get(place.urn, {}) if place.urn else resource
    found = holder.get(place.attribute.name)
    sub = place.sub or place.attribute.subs.get("value")
    entries: list[Any] = found if isinstance(found, list) else [] if found is None else [found]
    if place.attribute.name == "affiliations":
        # Not shown where it is false, which is what it then is (RFC 7643 section 2.4); a group
        # says nothing of it.
        entries = [
            entry if entry["origin"] == "group" else {"primary": False, **entry}
            for entry in entries
        ]
    if place.attribute.multi and sub is not None:
        entries = sorted(entries, key=lambda entry: entry.get("primary") is not True)
    values = [entry.get(sub.name) if sub else entry for entry in entries]
    value = next((each for each in values if each is not None), None)
    if place.full_name.endswith(".origin") and value is not None:
        value = value.split()[0]  # of several ways in which it was said, the first orders
    exact = isinstance(value, int) or place.target.exact or (sub is not None and sub.exact)
    return value if exact or value is None else fold(str(value))


def assert_ordered(resources: list[Shown], kind: str, name: str, *, descending: bool) -> None:
    """Whoever comes later has no lesser value; who has none is last, or first if descending."""
    found = [value_of(each, kind, name) for each in resources]
    for before, after in pairwise(reversed(found) if descending else found):
        if before is None:
            assert after is None, (name, found)
        elif after is not None:
            assert before <= after, (name, found)  # type: ignore[operator]  # one type in a column


@dataclass
class World:
    """A broker, what it shows, and a client of the platform that says other things of the same."""

    broker: Broker
    platform: Broker
    people: list[str]

    def shown(self, path: str, **asked: object) -> list[Shown]:
        """Read a whole list."""
        answer = ask(self.broker, path, **{"count": 1_000, **asked})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: list[Shown] = parsed(answer)["Resources"]
        return found


@pytest.fixture
def alone(broker: Broker, broker_of: Callable[[NewClient], Broker]) -> World:
    """Make random people and groups, of whom nobody else says anything."""
    chance = random.Random(5)
    people = [broker.made("/Users", person_of(chance, number))["id"] for number in range(24)]
    for number in range(12):
        broker.made("/Groups", group_of(chance, number, people))
    return World(broker, broker_of(NewClient("platform", platform=True)), people)


@pytest.fixture
def world(alone: World) -> World:
    """Say other things of them as the platform."""
    add_foreign_words(alone)
    return alone


def person_of(chance: random.Random, number: int) -> dict[str, object]:
    """Make a random user with affiliations at up to two institutions."""
    body, said = body_of(chance, number), list[dict[str, object]]()
    primary = chance.randint(0, 3)
    for place, school in enumerate(chance.sample(["900001", "900002"], chance.randint(0, 2))):
        start, end = sorted(chance.sample(DAYS, 2))
        entry = {"start": start, "end": end, "role": chance.choice(["beheerder", "gebruiker"])}
        kept = {name: value for name, value in entry.items() if chance.random() < 0.6}
        said.append({"value": school, **kept, "primary": place == primary})
    if said:
        body[USER_EXTENSION] = {"affiliations": said}
    if chance.random() < 0.3:
        body[ENTERPRISE] = {"organization": f"x{chance.choice(TEXTS)}"}
    return body


def group_of(chance: random.Random, number: int, people: list[str]) -> dict[str, object]:
    """Make a random group, some of them with a theme or a role at an institution."""
    kinds = ("leerlingen-openbaar", "beheerder")
    meant = [f"MO_90000{school}_{kind}" for school in (1, 2) for kind in kinds]
    members = [{"value": each} for each in chance.sample(people, chance.choice([0, 1, 4, 6]))]
    for member in members:
        if chance.random() < 0.6:
            member["display"] = chance.choice(["b", "B", "é", "a b"])
    return {
        "displayName": chance.choice([*TEXTS, *meant * 8]),
        "externalId": f"{chance.choice(TEXTS)}{number}",
        "members": members,
    }


def add_foreign_words(world: World) -> None:
    """Have the platform say, of whom the broker has, what the broker is not shown."""
    chance = random.Random(6)
    for number, person in enumerate(chance.sample(world.people, 12)):
        said = {"affiliations": [{"value": "900003", "role": "beheerder", "primary": True}]}
        foreign = {"userName": f"foreign{number}", USER_EXTENSION: said}
        answer = world.platform.send("PUT", f"/Users/{person}", foreign)
        assert answer.status_code == 200, answer.get_data(as_text=True)
    for name in ["!1", "MO_900003_beheerder"] * 3:
        members = [{"value": each} for each in chance.sample(world.people, 8)]
        world.platform.made("/Groups", {"displayName": name, "members": members})


def test_every_attribute_orders_every_list(world: World) -> None:
    """As it is shown; pages by index and by cursor are parts of that order."""
    unsorted = {
        (kind, text): {each["id"] for each in world.shown(f"/{kind}s", **asked_of(text))}
        for kind in NAMES
        for text in FILTERS
    }

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(every_list)
    def holds(drawn: tuple[tuple[str, str], bool, str | None, int]) -> None:
        (kind, name), descending, text, count = drawn
        asked = {"sortBy": name, **asked_of(text)}
        asked |= {"sortOrder": "descending"} if descending else {}
        whole = world.shown(f"/{kind}s", **asked)
        ids = [each["id"] for each in whole]
        assert len(ids) == len(set(ids))
        assert set(ids) == unsorted[kind, text]
        assert_ordered(whole, kind, name, descending=descending)
        pages = walk(world.broker, f"/{kind}s", **asked, count=count)
        assert [each["id"] for page in pages for each in page["Resources"]] == ids
        by_index = [
            each["id"]
            for start in range(1, len(ids) + 1, count)
            for each in world.shown(f"/{kind}s", **asked, startIndex=start, count=count)
        ]
        assert by_index == ids

    holds()


def asked_of(text: str | None) -> dict[str, object]:
    """Return the parameter of a filter, if there is one."""
    return {} if text is None else {"filter": text}


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_what_others_say_orders_nothing(alone: World, kind: str) -> None:
    """Not their affiliations, their groups or the people in those (rule 4)."""

    def orders() -> dict[tuple[str, str], list[str]]:
        return {
            (name, order): [each["id"] for each in asked(name, order)]
            for name in NAMES[kind]
            for order in ("ascending", "descending")
        }

    def asked(name: str, order: str) -> list[Shown]:
        return alone.shown(f"/{kind}s", sortBy=name, sortOrder=order)

    before = orders()
    add_foreign_words(alone)
    assert orders() == before


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_the_platform_orders_by_what_all_say(world: World, kind: str) -> None:
    """It is shown everything."""
    for name in NAMES[kind]:
        for order in ("ascending", "descending"):
            pages = walk(world.platform, f"/{kind}s", sortBy=name, sortOrder=order, count=9)
            found = [each for page in pages for each in page["Resources"]]
            assert_ordered(found, kind, name, descending=order == "descending")
