"""The BulkRequest message: what is read of it, in which order it is done, what refers to what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_access.domain.errors import Invalid, TooLarge
from mo_scim.mapping import bulk, bulk_plan
from mo_scim.mapping.bulk import Operation
from mo_scim.mapping.bulk_plan import Step, plan
from mo_scim.mapping.refusals import scim_type

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def post(name: str, *needs: str) -> Operation:
    """Make a creation that refers to others."""
    members: list[Any] = [{"value": f"bulkId:{need}"} for need in needs]
    return Operation("POST", "Group", "", name, None, {"displayName": name, "members": members})


def places(*operations: Operation) -> list[tuple[int, ...]]:
    """Return the operations of each step."""
    return [step.places for step in plan(operations)]


def test_without_references_the_order_is_as_sent() -> None:
    """Nothing moves without a need."""
    delete = Operation("DELETE", "User", "1")
    assert places(post("b"), delete, post("a"), delete) == [(0,), (1,), (2,), (3,)]


def test_a_creation_comes_before_what_refers_to_it() -> None:
    """Forward references pull the creation forward, through a chain; the rest stays."""
    patch = Operation("PATCH", "User", "bulkId:c", None, None, {})
    assert places(patch, post("a", "b"), post("b"), post("c", "b")) == [(2,), (3,), (0,), (1,)]


def test_creations_in_a_circle_are_one_step() -> None:
    """So are those that refer to themselves; who only refers to the circle is not in it."""
    steps = plan([post("x", "a"), post("a", "b"), post("b", "a"), post("me", "me")])
    assert steps == (Step((1, 2), circular=True), Step((0,)), Step((3,), circular=True))


def test_a_long_chain_needs_no_stack() -> None:
    """A thousand creations, each before the one that it needs."""
    chain = [post(str(n), str(n + 1)) for n in range(1_000)]
    assert places(*chain) == [(n,) for n in reversed(range(1_000))]


GRAPHS = st.integers(1, 12).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size
    )
)


@given(GRAPHS)
def test_every_order_keeps_what_is_needed_first(needs: list[list[int]]) -> None:
    """On random graphs: each operation once, its needs before it or in its own circle."""
    operations = [post(str(n), *map(str, needed)) for n, needed in enumerate(needs)]
    steps = plan(operations)
    assert sorted(place for step in steps for place in step.places) == list(range(len(needs)))
    at = {place: number for number, step in enumerate(steps) for place in step.places}
    reach = _reach(needs)
    for place, needed in enumerate(needs):
        for other in needed:
            assert at[other] <= at[place]
            assert (at[other] == at[place]) == (place in reach[other])
        assert steps[at[place]].circular == (place in reach[place])


@given(GRAPHS)
def test_every_reference_is_resolved_in_the_end(needs: list[list[int]]) -> None:
    """Made without what is not there yet and linked then, no reference is left and none lost."""
    operations = [post(str(n), *map(str, needed)) for n, needed in enumerate(needs)]
    ids: dict[str, str] = {}
    for step in plan(operations):
        names = {str(place) for place in step.places}
        for place in step.places:
            later = names - ids.keys() if step.circular else frozenset()
            made = bulk_plan.without(operations[place], later)
            assert set(bulk_plan.references(made)) <= ids.keys()
            ids[str(place)] = f"id{place}"
    for operation, needed in zip(operations, needs, strict=True):
        linked = bulk_plan.resolved(operation, ids)
        assert bulk_plan.references(linked) == ()
        assert linked.data["members"] == [{"value": f"id{n}"} for n in needed]


def _reach(needs: list[list[int]]) -> list[set[int]]:
    """Return what each can reach in one step or more."""
    reach = [set(needed) for needed in needs]
    for _ in needs:
        reach = [found.union(*(reach[other] for other in found)) for found in reach]
    return reach


REFERENCES = [
    ({"members": [{"value": "bulkId:a", "$ref": "../Users/bulkId:a"}]}, "a"),
    ({ENTERPRISE: {"manager": {"value": "bulkId:a"}}}, "a"),
    ({"Manager": "bulkId:a", "Members": "bulkId:b"}, "ab"),
    ({f"{ENTERPRISE}:manager.value": "bulkId:a"}, "a"),
    ({"Operations": [{"op": "add", "Path": "members", "Value": ["bulkId:a"]}]}, "a"),
    ({"Operations": [{"path": "manager.$ref", "value": "../Users/bulkId:a"}]}, "a"),
    ({"Operations": [{"path": f"{ENTERPRISE}:manager", "value": {"value": "bulkId:a"}}]}, "a"),
    ({"Operations": [{"path": ENTERPRISE, "value": {"manager": {"value": "bulkId:a"}}}]}, "a"),
    ({"Operations": [{"value": {"members": [{"value": "bulkId:a"}]}}]}, "a"),
    ({"title": "bulkId:a", "emails": [{"value": "bulkId:b"}]}, ""),
    ({"members": [{"value": "u", "display": "bulkId:a"}]}, ""),
    ({"Operations": [{"path": "title", "value": "bulkId:a"}]}, ""),
    ({"Operations": [{"path": 'members[value eq "u"].display', "value": "bulkId:a"}]}, ""),
    ({"Operations": [{"path": "emails", "value": [{"value": "bulkId:a"}]}]}, ""),
    ({"Operations": [{"path": 'members[value eq "bulkId:a"]'}]}, "a"),
    ({"Operations": [{"path": 'members[value eq "bulkId:a" or value eq "bulkId:b"]'}]}, "ab"),
    ({"displayName": "about bulkId:a"}, ""),
    ({"displayName": "bulkid:a"}, ""),
    ({"active": True, "n": 1, "x": None}, ""),
]


@pytest.mark.parametrize(("data", "names"), REFERENCES)
def test_references_are_found_and_filled(data: dict[str, Any], names: str) -> None:
    """Wherever an id stands, and nowhere else: a title that looks like one is a title."""
    operation = Operation("PATCH", "Group", "1", data=data)
    assert bulk_plan.references(operation) == tuple(names)
    filled = json.dumps(bulk_plan.resolved(operation, {"a": "ID-A", "b": "ID-B"}).data)
    expected = json.dumps(data)
    for name in names:
        expected = expected.replace(f"bulkId:{name}", f"ID-{name.upper()}")
    assert filled == expected


def test_what_refers_goes_as_a_whole_and_no_more() -> None:
    """A manager that is not there yet leaves nothing behind, its neighbours stay."""
    data: dict[str, Any] = {
        "userName": "an",
        "emails": [{"value": "an@x.be"}, {"value": "bulkId:b"}],
        ENTERPRISE: {"department": "d", "manager": {"value": "bulkId:b", "displayName": "B"}},
    }
    left = bulk_plan.without(Operation("POST", "User", "", "a", data=data), {"b"})
    assert left.data == {**data, ENTERPRISE: {"department": "d"}}


REFUSED = [
    ({"method": "GET", "path": "/Users/1"}, "invalidSyntax"),
    ({"path": "/Users/1"}, "invalidSyntax"),
    ({"method": "POST", "path": "/Users", "data": {}}, "invalidValue"),
    ({"method": "POST", "path": "/Users/1", "bulkId": "a", "data": {}}, "invalidValue"),
    ({"method": "PUT", "path": "/Users", "data": {}}, "invalidValue"),
    ({"method": "PUT", "path": "/Users/", "data": {}}, "invalidValue"),
    ({"method": "PUT", "path": "/Users/1"}, "invalidSyntax"),
    ({"method": "PATCH", "path": "/Users/1", "data": "{}"}, "invalidSyntax"),
    ({"method": "DELETE"}, "invalidValue"),
    ({"method": "DELETE", "path": 7}, "invalidValue"),
    ({"method": "DELETE", "path": "/Bulk/1"}, None),
    ({"method": "DELETE", "path": "/Groups/1/2"}, None),
    ({"method": "POST", "path": "/Me", "bulkId": "a", "data": {}}, None),
    ("text", "invalidSyntax"),
]


@pytest.mark.parametrize(("item", "kind"), REFUSED)
def test_a_wrong_operation_is_refused_alone(item: Any, kind: str | None) -> None:  # noqa: ANN401 - any JSON
    """It says what is wrong with it; the one beside it stands."""
    fine: dict[str, Any] = {"Method": "delete", "path": "Users/1"}
    wrong, right = bulk.read({"operations": [item, fine]}).operations
    assert wrong.refusal is not None
    assert (scim_type(wrong.refusal) if kind else None) == kind
    assert (right.method, right.resource, right.target, right.refusal) == (
        "DELETE",
        "User",
        "1",
        None,
    )


def test_creations_with_one_bulk_id_are_both_refused() -> None:
    """Nobody could tell which is meant; a PATCH may name itself as it likes."""
    make: dict[str, Any] = {"method": "POST", "path": "/Users", "bulkId": "a", "data": {}}
    change: dict[str, Any] = {"method": "PATCH", "path": "/Users/1", "bulkId": "a", "data": {}}
    found = bulk.read({"Operations": [make, make, change]}).operations
    assert [op.refusal is None for op in found] == [False, False, True]


@pytest.mark.parametrize(
    "body", [{}, {"Operations": []}, {"Operations": {}}, {"Operations": None}, {"Operations": "x"}]
)
def test_what_is_no_bulk_is_refused_whole(body: dict[str, Any]) -> None:
    """There must be operations."""
    with pytest.raises(Invalid, match="Operations"):
        bulk.read(body)


def test_a_thousand_operations_and_no_more() -> None:
    """The limit is said (rule 12)."""
    one: dict[str, Any] = {"method": "DELETE", "path": "/Users/1"}
    assert len(bulk.read({"Operations": [one] * 1_000}).operations) == 1_000
    with pytest.raises(TooLarge, match="1000"):
        bulk.read({"Operations": [one] * 1_001})


@pytest.mark.parametrize("value", [0, -1, "1", 1.5, True, []])
def test_fail_on_errors_counts_from_one(value: Any) -> None:  # noqa: ANN401 - any JSON
    """What is no such number is refused, absent and null are no limit."""
    one: dict[str, Any] = {"method": "DELETE", "path": "/Users/1"}
    with pytest.raises(Invalid, match="failOnErrors"):
        bulk.read({"Operations": [one], "failOnErrors": value})
    assert bulk.read({"Operations": [one], "failOnErrors": None}).fail_on_errors is None
    assert bulk.read({"Operations": [one], "failOnErrors": 3}).fail_on_errors == 3
