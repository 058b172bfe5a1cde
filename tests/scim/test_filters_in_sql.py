"""SQL means what ``ScimFilter.match`` of scim2-models means, on both engines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import Meta, ScimFilter

from mo_access.domain.model import Actor, GroupDraft, MemberChange, Query, Role
from mo_access.service import catalogue, clients, groups, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.mapping import render, users
from mo_scim.mapping.filters import compile_filter, sort_field
from mo_scim.profiles import LENIENT
from mo_scim.resources import (
    ENTERPRISE,
    GROUP_EXTENSION,
    USER_EXTENSION,
    CoreGroup,
    CoreUser,
    Group,
    User,
)
from tests.scim.conftest import Broker

TEXTS = [
    "a",
    "A",
    "ab",
    "B b",
    "b",
    "%",
    "a%b",
    "_",
    "\\",
    "é",
    "É",
    "e",
    "0",
    "10",
    "9",
    '"q"',
    "a'b",
    "abcd",
    "bcd e",
    "Straße",
    'x"yz"',
    "50%_\\/",
    "ÉÀÜ",
]
KINDS = ["work", "home", "other"]
MANY = ["emails.value", "emails.type", "emails", "roles.value", "roles", "phoneNumbers.value"]
ONE = [
    "userName",
    "USERNAME",
    "displayName",
    "title",
    "externalId",
    "name.familyName",
    f"{ENTERPRISE}:department",
    f"{ENTERPRISE}:manager.value",
]
Stored: TypeAlias = CoreUser
ORACLE = ScimFilter[User]  # type: ignore[valid-type]  # a model made at run time
OF_GROUPS = ScimFilter[Group]  # type: ignore[valid-type]  # a model made at run time
BASE = "https://school.example/scim/v2"
PLACES = {"900001": "School Een", "900002": "School Twee"}
STATUS = f"{GROUP_EXTENSION}:status"
AFFILIATIONS = f"{USER_EXTENSION}:affiliations"
OPS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
IN_BRACKETS = ["value", "type", "display"]


def texts() -> st.SearchStrategy[str]:
    """Give operands, most of them values that exist."""
    found: st.SearchStrategy[str] = st.sampled_from([*TEXTS, *KINDS, ""])
    return found.map(json.dumps)


def places() -> st.SearchStrategy[str]:
    """Give terms about affiliations, by number and by name, in brackets and without."""
    asked = st.sampled_from([*PLACES, *PLACES.values(), "school een", "School", "Twee", ""])
    compared = st.tuples(st.sampled_from(["value", "display"]), st.sampled_from(OPS), asked)
    terms = compared.map(lambda parts: f"{parts[0]} {parts[1]} {json.dumps(parts[2])}")
    terms = st.one_of(terms, st.sampled_from(["display pr", "display eq null"]))
    return st.one_of(
        terms.map(lambda text: f"{AFFILIATIONS}.{text}"),
        joined(terms).map(lambda text: f"{AFFILIATIONS}[{text}]"),
    )


def comparisons(names: list[str]) -> st.SearchStrategy[str]:
    """Give comparisons and presence of these attributes."""
    compared = st.tuples(st.sampled_from(names), st.sampled_from(OPS), texts()).map(" ".join)
    return st.one_of(compared, compared, st.sampled_from(names).map(lambda name: f"{name} pr"))


def joined(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give terms joined by and, or, not."""
    return st.recursive(
        terms,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
            ),
            inner.map(lambda text: f"not ({text})"),
        ),
        max_leaves=4,
    )


def flags(names: list[str]) -> st.SearchStrategy[str]:
    """Give comparisons of true and false."""
    parts = (
        st.sampled_from(names),
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(["true", "False"]),
    )
    return st.tuples(*parts).map(" ".join)


selections = st.tuples(
    st.sampled_from(["emails", "roles", "Emails"]),
    joined(st.one_of(comparisons(IN_BRACKETS), flags(["primary"]))),
).map(lambda parts: f"{parts[0]}[{parts[1]}]")
nulls = st.sampled_from([f"{name} {op} null" for name in ONE for op in ("eq", "ne")])
filters = joined(
    st.one_of(comparisons([*ONE, *MANY]), selections, flags(["active", "emails.primary"]), nulls)
)


TIMES = ["2026-11-24T08:00:00Z", "2126-11-24T09:30:00+01:00", "1999-01-01T00:00:00.1234567Z"]
times = st.tuples(
    st.sampled_from(["meta.created", "meta.lastModified", "META.CREATED"]),
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
    st.sampled_from(TIMES).map(json.dumps),
).map(" ".join)
many_kinds = joined(st.one_of(filters, filters, times, places()))
GROUPED = ["displayName", "externalId", "DisplayName"]
statuses = st.one_of(
    st.tuples(
        st.just(STATUS),
        st.sampled_from(OPS),
        st.sampled_from(["mapped", "UNmapped", "map", "m", "n", ""]).map(json.dumps),
    ).map(" ".join),
    st.sampled_from([f"{STATUS} pr", f"{STATUS} eq null", f"{STATUS} ne null"]),
)
group_filters = joined(
    st.one_of(
        comparisons([*GROUPED, "members.value", "members.display"]),
        joined(comparisons(["value", "display"])).map(lambda text: f"members[{text}]"),
        statuses,
        st.sampled_from([f"{name} {op} null" for name in GROUPED for op in ("eq", "ne")]),
        st.sampled_from(["members pr", "externalId pr"]),
        times,
    )
)


def body_of(chance: random.Random, number: int) -> dict[str, object]:
    """Make a random user."""
    body: dict[str, object] = {"userName": f"{chance.choice(TEXTS)}{number}"}
    for name in ("displayName", "title"):
        if chance.random() < 0.6:
            body[name] = chance.choice(TEXTS)
    if chance.random() < 0.5:
        body["externalId"] = f"{chance.choice(TEXTS)}{number}"
    if chance.random() < 0.5:
        body["name"] = {"familyName": chance.choice(TEXTS)}
    if chance.random() < 0.5:
        body[ENTERPRISE] = {
            "department": chance.choice(TEXTS),
            "manager": {"value": chance.choice(TEXTS)},
        }
    for name in ("emails", "roles", "phoneNumbers"):
        entries = [entry_of(chance) for _ in range(chance.randint(0, 3))]
        if entries:
            body[name] = entries
    body["active"] = chance.random() < 0.5
    places = chance.sample(list(PLACES), chance.randint(0, 2))
    body[USER_EXTENSION] = {"affiliations": [{"value": number} for number in places]}
    return body


def entry_of(chance: random.Random) -> dict[str, object]:
    """Make a random entry of a multi-valued attribute."""
    entry: dict[str, object] = {"value": chance.choice(TEXTS)}
    if chance.random() < 0.6:
        entry["type"] = chance.choice(KINDS)
    if chance.random() < 0.3:
        entry["display"] = chance.choice(TEXTS)
    if chance.random() < 0.3:
        entry["primary"] = False
    return entry


@pytest.fixture
def pool(uow: UnitOfWork, actor: Actor) -> list[Stored]:
    """Store forty random users, and give them as models."""
    chance = random.Random(7)
    chosen = render.selection(None, None, "User")
    found = []
    for number in range(40):
        draft = users.read(
            json.loads(json.dumps(body_of(chance, number))),
            profile=LENIENT,
            catalogue=catalogue.of(uow, actor),
            actor=actor,
            shown=None,
        )
        view = people.create(uow, actor, draft)
        found.append(User.model_validate_json(render.user(view, "", chosen)))
    return found


@pytest.fixture
def uow(app: Flask, unit_of: Callable[[], UnitOfWork]) -> Iterator[UnitOfWork]:
    """Give an open unit of work, on a database with institutions."""
    with unit_of() as unit:
        yield unit


@pytest.fixture
def actor(broker: Broker, uow: UnitOfWork) -> Actor:
    """Give the client that the broker acts as."""
    found = clients.by_token(uow, broker.token)
    assert found is not None
    return found


def ids(uow: UnitOfWork, actor: Actor, text: str) -> set[str]:
    """Run a filter in the database."""
    query = Query(criteria=compile_filter(text, "User"), count=1_000)
    return {view.id for view in people.find(uow, actor, query).items}


def test_every_filter_means_the_same(uow: UnitOfWork, actor: Actor, pool: list[Stored]) -> None:
    """Every filter means the same."""

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(many_kinds)
    def holds(text: str) -> None:
        expected = {user.id for user in pool if ORACLE(text).match(user)}
        assert ids(uow, actor, text) == expected

    holds()


def _given(chance: random.Random, draft: GroupDraft) -> GroupDraft:
    """Let a group give a theme, a role, or nothing."""
    if chance.random() < 0.3:
        return replace(draft, theme="leerlingen-openbaar", institution="900001")
    role = Role.BEHEERDER if chance.random() < 0.5 else None
    return replace(draft, role=role, institution="900001" if role else None)


def test_every_filter_on_groups_means_the_same(
    uow: UnitOfWork, actor: Actor, pool: list[Stored]
) -> None:
    """Members are compared by id, which a filter takes from those that there are."""
    chance, stored = random.Random(8), list[CoreGroup]()
    for number in range(25):
        external = f"{chance.choice(TEXTS)}{number}" if chance.random() < 0.5 else None
        draft = _given(chance, GroupDraft(chance.choice(TEXTS), external, {}))
        members = tuple(str(user.id) for user in chance.sample(pool, chance.randint(0, 3)))
        labels = tuple((one, chance.choice([None, *TEXTS])) for one in members)
        made = groups.create(uow, actor, draft, MemberChange("add", members, labels))
        document = {
            "displayName": draft.display_name,
            **({"externalId": external} if external else {}),
        }
        shown = replace(groups.with_members(uow, made), document=json.dumps(document))
        everything = ["displayName", "externalId", "members", "meta", STATUS]
        whole = render.group(shown, "", render.selection(everything, None, "Group"))
        stored.append(Group.model_validate_json(whole))

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(group_filters, st.sampled_from(pool))
    def holds(text: str, member: Stored) -> None:
        asked = text.replace('"work"', json.dumps(member.id))
        query = Query(criteria=compile_filter(asked, "Group"), count=1_000, members=False)
        found = {view.id for view in groups.find(uow, actor, query).items}
        assert found == {group.id for group in stored if OF_GROUPS(asked).match(group)}

    holds()


def test_every_filter_on_an_address_means_the_same(
    uow: UnitOfWork, actor: Actor, pool: list[Stored]
) -> None:
    """``meta.location`` is compared as it is shown, whatever part of it is asked."""
    shown = [
        user.model_copy(update={"meta": Meta(location=f"{BASE}/Users/{user.id}")}) for user in pool
    ]
    front = len(f"{BASE}/Users/")
    ends = st.one_of(st.integers(0, front + 36), st.integers(front - 1, front + 4))

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.sampled_from(shown),
        st.sampled_from(OPS),
        st.tuples(ends, ends).map(sorted),
        st.sampled_from(["", "", "", "!", "~"]),
        st.booleans(),
    )
    def holds(one: Stored, op: str, cut: list[int], more: str, loud: bool) -> None:
        assert one.meta is not None
        part = str(one.meta.location)[cut[0] : cut[1]] + more
        text = f"meta.location {op} {json.dumps(part.upper() if loud else part)}"
        criteria = compile_filter(text, "User", base_url=BASE)
        found = people.find(uow, actor, Query(criteria=criteria, count=1_000)).items
        assert {view.id for view in found} == {u.id for u in shown if ORACLE(text).match(u)}

    holds()


@pytest.mark.parametrize("name", ["userName", "title", "emails.value", "meta.created"])
def test_sorting_follows_code_points(
    uow: UnitOfWork, actor: Actor, pool: list[Stored], name: str
) -> None:
    """Sorting follows code points."""

    def order(*, descending: bool) -> list[str]:
        query = Query(sort=sort_field(name, "User"), descending=descending, count=1_000)
        return [view.id for view in people.find(uow, actor, query).items]

    assert len(order(descending=False)) == len(pool)
    if name == "userName":
        wanted = sorted(pool, key=lambda user: (user.user_name or "").lower())
        assert order(descending=False) == [user.id for user in wanted]
        assert order(descending=True) == [user.id for user in reversed(wanted)]
