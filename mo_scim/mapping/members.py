"""Member operations of a Group PATCH as steps, so that a group is never loaded (design 2).

Members are keyed by ``value`` alone, whatever ``$ref``, ``display`` or ``type`` say.
"""

from __future__ import annotations

from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from mo_access.domain.errors import Invalid
from mo_access.domain.model import MAX_MEMBERS, Json, MemberChange
from mo_scim.mapping.groups import (
    labels,
    member_ids,
    members,
    too_many_members,
)
from mo_scim.mapping.operations import Operation
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.profiles import Profile


def split(
    operations: tuple[Operation, ...], profile: Profile
) -> tuple[tuple[MemberChange, ...], tuple[Operation, ...]]:
    """Return the steps on the members, and the operations on the rest of the group."""
    steps: list[MemberChange] = []
    rest: list[Operation] = []
    for operation in operations:
        if operation.place.name == "members":
            for step in _steps(operation, profile):
                _append(steps, step)
        else:
            rest.append(operation)
    if sum(len(step.people) for step in steps) > MAX_MEMBERS:
        raise too_many_members()
    return tuple(steps), tuple(rest)


def _append(steps: list[MemberChange], step: MemberChange) -> None:
    """Join neighbours of one kind: some brokers send one operation for each member."""
    if steps and steps[-1].kind == step.kind and step.kind in {"add", "remove"}:
        joined = dict.fromkeys((*steps[-1].people, *step.people))
        labelled = (*steps[-1].displays, *step.displays)
        steps[-1] = MemberChange(step.kind, tuple(joined), labelled)
    else:
        steps.append(step)


def _steps(operation: Operation, profile: Profile) -> list[MemberChange]:
    if operation.selection is not None:
        return _selected(operation, profile)
    if operation.place.sub is not None and operation.place.sub.name != "value":
        return []
    if operation.kind == "remove":
        return _removed(operation.value, profile)
    if operation.value is None:
        return [] if operation.implied or operation.kind == "add" else [MemberChange("clear")]
    if operation.kind == "replace":
        listed: Json = operation.value if isinstance(operation.value, list) else [operation.value]
        return [members({"members": listed}, profile)]
    people = _ids(operation.value, profile)
    return [MemberChange("add", people, labels(operation.value))] if people else []


def _removed(value: Json, profile: Profile) -> list[MemberChange]:
    """Remove what is named; a remove that names nothing empties the group (brokers.md, 5.4)."""
    if value is None:
        return [MemberChange("clear")]
    people = _ids(value, profile)
    return [MemberChange("remove", people)] if people else []


def _ids(value: Json, profile: Profile) -> tuple[str, ...]:
    listed: Json = value if isinstance(value, list) else [value]
    return member_ids(listed, profile)


def _selected(operation: Operation, profile: Profile) -> list[MemberChange]:
    """Read ``members[value eq "…"]``; a change of what only describes a member is none."""
    people = _named(operation.selection)
    if not people:
        message = 'path: members are selected by value, as in members[value eq "<id>"].'
        raise InvalidFilter(message, attribute="path")
    sub = operation.place.sub
    if operation.kind == "remove":
        return [MemberChange("remove", people)] if sub is None or sub.name == "value" else []
    if sub is not None and sub.name != "value":
        return []
    if operation.value is None:
        raise Invalid("value: is required.", attribute="value")
    added = _ids(operation.value, profile)
    if operation.kind == "add":
        return [MemberChange("add", added, labels(operation.value))]
    return [MemberChange("remove", people), MemberChange("add", added)]


def _named(node: FilterNode | None) -> tuple[str, ...]:
    """Return the ids that a filter selects by; what else it says does not count."""
    if isinstance(node, Comparison):
        by_value = node.attr_path.attr.casefold() == "value" and node.op is CompareOperator.eq
        return (str(node.value),) if by_value and isinstance(node.value, str) else ()
    if isinstance(node, LogicalExpr):
        found = [_named(term) for term in node.terms]
        if node.op is LogicalOperator.or_ and not all(found):
            return ()
        return tuple(dict.fromkeys(person for each in found for person in each))
    return ()
