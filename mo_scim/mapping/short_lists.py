"""Filtering, sorting and paging of short lists that are held in memory (institutions, themes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from mo_access.domain.criteria import Op
from mo_access.domain.model import Document, Json
from mo_access.domain.text import fold
from mo_scim.mapping.addressing import Place, locate
from mo_scim.mapping.filters import (
    MAX_CHARACTERS,
    elsewhere,
    meets_without_value,
    parse,
    sort_place,
)
from mo_scim.mapping.operands import holds
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.mapping.selecting import meets, number_of
from mo_scim.mapping.shape import Attribute, shape

_NO_SELECTION: Final = "filter: this resource has no values to select from. Leave out the [ ]."
_TERMS: Final = (Comparison, Present, ValuePath)
_PARTS: Final = frozenset({CompareOperator.co, CompareOperator.sw, CompareOperator.ew})


def matching(
    documents: Sequence[Document], text: str, resource: str, across: Sequence[str] = ()
) -> list[int]:
    """Return the places of the documents that meet the filter. Raises ``InvalidFilter``.

    ``across`` as for ``filters.compile_filter``.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidFilter(f"filter: has more than {MAX_CHARACTERS} characters. Send it in parts.")
    tree, reading = parse(text), _Reading(resource, shape(resource), across)
    _check(tree, reading)
    return [place for place, document in enumerate(documents) if _met(document, tree, reading)]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The kind of the documents, its tree, and the kinds that are searched together with it."""

    resource: str
    root: Attribute
    across: Sequence[str]

    def lacks(self, path: AttrPath) -> bool:
        """Tell whether only another of the kinds has this attribute."""
        return elsewhere(path, self.resource, self.across)


def _met(document: Document, node: FilterNode, reading: _Reading) -> bool:
    if isinstance(node, LogicalExpr):
        results = [_met(document, term, reading) for term in node.terms]
        return all(results) if node.op is LogicalOperator.and_ else any(results)
    if isinstance(node, Not):
        return not _met(document, node.expr, reading)
    if isinstance(node, _TERMS) and reading.lacks(node.attr_path):
        return meets_without_value(node)
    if isinstance(node, Comparison) and _is_schemas(node.attr_path, reading):
        return holds(reading.root.name, Op(node.op.value), node.value)
    return meets(document, node, reading.root)


def _is_schemas(path: AttrPath, reading: _Reading) -> bool:
    found = locate(path, reading.resource)
    return found is not None and found.key == "schemas"


def ordered(
    documents: Sequence[Document], places: list[int], name: str, *, descending: bool
) -> list[int]:
    """Sort places by one attribute; missing values last, first when descending."""

    def key(place: int) -> tuple[bool, str | int]:
        value = _value(documents[place], name)
        return value is None, value if isinstance(value, int) else fold(str(value))

    return sorted(places, key=key, reverse=descending)


def _value(document: Document, name: str) -> Json:
    head, _, rest = name.partition(".")
    found = document.get(head)
    return found.get(rest) if isinstance(found, dict) else found


def sort_name(text: str, resource: str) -> str:
    """Return the attribute that ``sortBy`` names, a part after a dot. Raises ``InvalidFilter``."""
    found = sort_place(text, resource)
    if not _is_simple(found) and found.key != "schemas":
        raise InvalidFilter(f"sortBy: {found.full_name} cannot be sorted by. See GET /Schemas.")
    return f"{found.attribute.name}.{found.sub.name}" if found.sub else found.attribute.name


def _check_simple(path: AttrPath, resource: str) -> None:
    found = locate(path, resource)
    if found is None or not _is_simple(found):
        shown = str(path)[:120]
        raise InvalidFilter(f"filter: {shown} is no attribute to search by. See GET /Schemas.")


def _is_simple(place: Place) -> bool:
    return place.target.kind != "complex" and not place.attribute.multi


def _check(node: FilterNode, reading: _Reading) -> None:
    if isinstance(node, LogicalExpr):
        for term in node.terms:
            _check(term, reading)
    elif isinstance(node, Not):
        _check(node.expr, reading)
    elif isinstance(node, _TERMS) and reading.lacks(node.attr_path):
        return
    elif not isinstance(node, Comparison | Present):
        raise InvalidFilter(_NO_SELECTION)
    elif not _is_schemas(node.attr_path, reading):
        _check_simple(node.attr_path, reading.resource)
        if isinstance(node, Comparison):
            _check_number(node, reading)


def _check_number(node: Comparison, reading: _Reading) -> None:
    """Refuse what a number cannot be compared with."""
    found = locate(node.attr_path, reading.resource)
    if found is None or found.target.kind != "integer" or node.value is None:
        return
    if node.op in _PARTS:
        raise InvalidFilter(f"filter: {node.op.value} cannot be used with {found.name}.")
    if number_of(node.value) is None:
        raise InvalidFilter(f"filter: {found.name} is a number. Write it as in: 25.")
