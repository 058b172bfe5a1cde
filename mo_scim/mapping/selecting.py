"""The filter in the brackets of a PATCH path, judged on one entry of an attribute.

It means what ``ScimFilter.match`` of scim2-models means; ``tests/scim`` holds the two together.
"""

from __future__ import annotations

from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
)

from mo_access.domain.criteria import Op
from mo_access.domain.model import Document, Json
from mo_access.domain.text import fold
from mo_scim.mapping.operands import stands
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.mapping.shape import Attribute


def meets(entry: Json, node: FilterNode, attribute: Attribute) -> bool:
    """Tell whether the entry meets the filter; a bare value is its own ``value``."""
    if isinstance(node, LogicalExpr):
        results = [meets(entry, term, attribute) for term in node.terms]
        return all(results) if node.op is LogicalOperator.and_ else any(results)
    if isinstance(node, Not):
        return not meets(entry, node.expr, attribute)
    if isinstance(node, Present):
        return _part(entry, node, attribute)[0] not in (None, "", [], {})
    if isinstance(node, Comparison):
        value, exact = _part(entry, node, attribute)
        return _compare(value, node, exact=exact)
    raise InvalidFilter("path: a selection inside another is not allowed. Write one.")


def equalities(node: FilterNode, attribute: Attribute) -> Document:
    """Return what an entry must hold to meet the filter, as far as it says so outright."""
    if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_:
        found: Document = {}
        for term in node.terms:
            found |= equalities(term, attribute)
        return found
    if isinstance(node, Comparison) and node.op is CompareOperator.eq and node.value is not None:
        sub = attribute.subs.get(node.attr_path.attr.casefold())
        return {sub.name: node.value} if sub and not sub.read_only else {}
    return {}


def _part(entry: Json, node: Comparison | Present, attribute: Attribute) -> tuple[Json, bool]:
    name = node.attr_path.attr.casefold()
    if not isinstance(entry, dict):
        return (entry if name == "value" else None), attribute.exact
    sub = attribute.subs.get(name)
    value = entry.get(sub.name) if sub else None
    if sub is not None and node.attr_path.sub_attr:
        sub = sub.subs.get(node.attr_path.sub_attr.casefold())
        value = value.get(sub.name) if sub and isinstance(value, dict) else None
    if sub is None:
        message = (
            f"path: {str(node.attr_path)[:120]} is no part of {attribute.name}. See GET /Schemas."
        )
        raise InvalidFilter(message, attribute="path")
    return value, sub.exact


def _compare(value: Json, node: Comparison, *, exact: bool) -> bool:
    op = Op(node.op.value)
    if value is None or node.value is None:
        same = value is None and node.value is None
        return same if op is Op.EQ else (op is Op.NE and not same)
    number = number_of(node.value)
    if isinstance(value, int) and not isinstance(value, bool) and number is not None:
        return _numbers(value, number, op)
    known, asked = _text(value), _text(node.value)
    return stands(known, op, asked) if exact else stands(fold(known), op, fold(asked))


def number_of(value: object) -> float | None:
    """Return the number that a filter compares with, also where it stands in quotes."""
    try:
        return None if isinstance(value, bool) else float(str(value))
    except ValueError:
        return None


def _numbers(known: float, asked: float, op: Op) -> bool:
    return {
        Op.EQ: known == asked,
        Op.NE: known != asked,
        Op.GT: known > asked,
        Op.GE: known >= asked,
        Op.LT: known < asked,
        Op.LE: known <= asked,
    }.get(op, False)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
