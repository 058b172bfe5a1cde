"""SQL means what ``ScimFilter.match`` of scim2-models means, on both engines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter

from mo_access.domain.model import Actor, Query
from mo_access.service import catalogue, clients, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.mapping import render, users
from mo_scim.mapping.filters import compile_filter, sort_field
from mo_scim.profiles import LENIENT
from mo_scim.resources import ENTERPRISE, CoreUser, User
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
OPS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
IN_BRACKETS = ["value", "type", "display"]


def texts() -> st.SearchStrategy[str]:
    """Give operands, most of them values that exist."""
    found: st.SearchStrategy[str] = st.sampled_from([*TEXTS, *KINDS, ""])
    return found.map(json.dumps)


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
    @given(filters)
    def holds(text: str) -> None:
        expected = {user.id for user in pool if ORACLE(text).match(user)}
        assert ids(uow, actor, text) == expected

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
