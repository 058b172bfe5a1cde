"""Member operations of a Group PATCH as steps, so that a group is never loaded (design 2).

Members are keyed by ``value`` alone, whatever ``$ref``, ``display`` or ``type`` say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, groupby

from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from mo_access.domain.errors import Invalid, MissingTarget
from mo_access.domain.model import MAX_MEMBERS, Json, MemberChange
from mo_scim.mapping.groups import labelled, members, too_many_members
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
            steps.extend(_steps(operation, profile))
        else:
            rest.append(operation)
    joined = tuple(step for kind, each in groupby(steps, _kind) for step in _joined(*kind, each))
    if sum(len(step.people) for step in joined) > MAX_MEMBERS:
        raise too_many_members()
    return joined, tuple(rest)


def _kind(step: MemberChange) -> tuple[str, bool]:
    return step.kind, step.instead


def _joined(kind: str, instead: bool, steps: Iterator[MemberChange]) -> Iterator[MemberChange]:  # noqa: FBT001 - as grouped
    """Join neighbours of one kind: some brokers send one operation for each member."""
    if instead or kind not in {"add", "remove"}:
        yield from steps
        return
    people: dict[str, None] = {}
    displays: list[tuple[str, str | None]] = []
    for step in steps:
        people |= dict.fromkeys(step.people)
        displays.extend(step.displays)
    yield MemberChange(kind, tuple(people), tuple(displays))


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
    return _added(operation.value, profile)


def _removed(value: Json, profile: Profile) -> list[MemberChange]:
    """Remove what is named; a remove that names nothing empties the group (brokers.md, 5.4)."""
    if value is None:
        return [MemberChange("clear")]
    people = _listed(value, profile)
    return [MemberChange("remove", tuple(people))] if people else []


def _added(value: Json, profile: Profile) -> list[MemberChange]:
    people = _listed(value, profile)
    displays = tuple(pair for pair in people.items() if pair[1] is not None)
    return [MemberChange("add", tuple(people), displays)] if people else []


def _listed(value: Json, profile: Profile) -> dict[str, str | None]:
    listed: Json = value if isinstance(value, list) else [value]
    return labelled(listed, profile)


def _selected(operation: Operation, profile: Profile) -> list[MemberChange]:
    """Read ``members[value eq "…"]``; a change of what only describes a member is none."""
    people = _named(operation.selection)
    if people is None:
        message = 'path: members are selected by value, as in members[value eq "<id>"].'
        raise InvalidFilter(message, attribute="path")
    sub = operation.place.sub
    if operation.kind == "remove":
        whole = sub is None or sub.name == "value"
        return [MemberChange("remove", people)] if whole and people else []
    if sub is not None and sub.name != "value":
        return []
    if operation.value is None:
        raise Invalid("value: is required.", attribute="value")
    added = _added(operation.value, profile)
    if operation.kind == "add":
        return added
    if not people:
        raise MissingTarget("members: nobody meets the filter.", attribute="members")
    return [MemberChange("remove", people), *(replace(step, instead=True) for step in added)]


def _named(node: FilterNode | None) -> tuple[str, ...] | None:
    """Return the ids that a filter selects by; what else it says does not count.

    None for a filter that selects by something else.
    """
    if isinstance(node, Comparison):
        by_value = node.attr_path.attr.casefold() == "value" and node.op is CompareOperator.eq
        return (str(node.value),) if by_value and isinstance(node.value, str) else None
    if isinstance(node, LogicalExpr):
        found = [_named(term) for term in node.terms]
        naming = [each for each in found if each is not None]
        if node.op is LogicalOperator.or_:
            every = tuple(dict.fromkeys(chain.from_iterable(naming)))
            return every if len(naming) == len(found) else None
        # Whoever is one person and another is nobody.
        return tuple(p for p in naming[0] if all(p in e for e in naming)) if naming else None
    return None
