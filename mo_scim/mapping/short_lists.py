"""Filtering, sorting and paging of short lists that are held in memory (institutions, themes)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scim2_models import SCIMException
from scim2_models.path import AttrPath, Comparison, FilterNode, LogicalExpr, Not, Path, Present

from mo_access.domain.model import Document, Json
from mo_access.domain.text import fold
from mo_scim.mapping.addressing import locate
from mo_scim.mapping.filters import MAX_CHARACTERS, parse
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.mapping.selecting import meets
from mo_scim.mapping.shape import shape

_NO_SELECTION: Final = "filter: this resource has no values to select from. Leave out the [ ]."


def matching(documents: Sequence[Document], text: str, resource: str) -> list[int]:
    """Return the places of the documents that meet the filter. Raises ``InvalidFilter``."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidFilter(f"filter: has more than {MAX_CHARACTERS} characters. Send it in parts.")
    tree = parse(text)
    _check(tree, resource)
    root = shape(resource)
    return [place for place, document in enumerate(documents) if meets(document, tree, root)]


def ordered(
    documents: Sequence[Document], places: list[int], name: str, *, descending: bool
) -> list[int]:
    """Sort places by one attribute; missing values last, first when descending."""

    def key(place: int) -> tuple[bool, str]:
        value = _value(documents[place], name)
        return value is None, fold(str(value))

    return sorted(places, key=key, reverse=descending)


def _value(document: Document, name: str) -> Json:
    head, _, rest = name.partition(".")
    found = document.get(head)
    return found.get(rest) if isinstance(found, dict) else found


def sort_name(text: str, resource: str) -> str:
    """Return the attribute that ``sortBy`` names, a part after a dot. Raises ``InvalidFilter``."""
    try:
        node = Path(text).ast
    except SCIMException:
        node = None
    if not isinstance(node, AttrPath):
        raise InvalidFilter("sortBy: names no attribute of this resource. See GET /Schemas.")
    return _simple_name(node, resource, "sortBy")


def _simple_name(path: AttrPath, resource: str, where: str = "filter") -> str:
    found = locate(path, resource)
    if found is None or found.target.kind == "complex" or found.attribute.multi:
        shown = str(path)[:120]
        raise InvalidFilter(f"{where}: {shown} is no attribute to search by. See GET /Schemas.")
    return f"{found.attribute.name}.{found.sub.name}" if found.sub else found.attribute.name


def _check(node: FilterNode, resource: str) -> None:
    if isinstance(node, LogicalExpr):
        for term in node.terms:
            _check(term, resource)
    elif isinstance(node, Not):
        _check(node.expr, resource)
    elif isinstance(node, Comparison | Present):
        _simple_name(node.attr_path, resource)
    else:
        raise InvalidFilter(_NO_SELECTION)
