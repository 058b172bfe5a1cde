"""Filters and sortBy of RFC 7644 section 3.4.2 as criteria of the core.

The grammar is that of scim2-models; the forms that brokers send beside it are cured first. What
cannot be searched is refused, never left out. Error texts hold names, never values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Final

from scim2_models import SCIMException, ScimFilter
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Path,
    Present,
    ValuePath,
)

from mo_access.domain import criteria
from mo_access.domain.criteria import Column, Criteria, Element, Field, Indexed, Nothing, Op, Sort
from mo_access.domain.errors import Sensitive
from mo_scim.mapping import computed, locations, operands
from mo_scim.mapping.addressing import Place, locate, odd_spelling
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.profiles import Deviation, Profile

MAX_CHARACTERS: Final = 4_096
MAX_TERMS: Final = 50
MAX_DEPTH: Final = 16

_OPERAND: Final = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<op>(?<=[\s\]])(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)(?P<bare>[^\s"()\[\]]+)""",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(r'''"(?:[^"\\\x00-\x1F]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"''')
"""A text as the grammar has it."""
_EQUALS: Final = frozenset({CompareOperator.eq, CompareOperator.ne})
_LITERALS: Final = frozenset({"true", "false", "null"})
_RELATIONS: Final = {
    "groups": frozenset({"value", "display"}),
    "members": frozenset({"value", "display"}),
    "affiliations": frozenset({"value", "display", "role", "start", "end", "primary", "origin"}),
}
_UNSEARCHED: Final = {
    "meta.version": "is made anew for each caller. Send it in If-Match or If-None-Match",
    "affiliations.status": "follows from days, blocks and more. Search by start, end and active",
}
"""What is shown and cannot be asked for, with the reason and what can."""
_COLUMNS: Final = {
    "id": Column.ID,
    "externalid": Column.EXTERNAL_ID,
    "meta.created": Column.CREATED,
    "meta.lastmodified": Column.MODIFIED,
}
_TIMES: Final = frozenset({Column.CREATED, Column.MODIFIED})
_USER_COLUMNS: Final = {"username": Column.USER_NAME, "active": Column.ACTIVE}
_GROUP_COLUMNS: Final = {
    "displayname": Column.DISPLAY_NAME,
    "theme": Column.THEME,
    "institution": Column.INSTITUTION,
}


# Looked for where the texts are taken out: so it is an attribute that is called so.
_INSZ: Final = re.compile(r"(?<![\w-])insz(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What surrounds a node: the kind of resource, the values, and the attribute of brackets.

    ``across`` names the kinds that are searched together, where there are several.
    """

    resource: str
    values: Sequence[str]
    element: Place | None = None
    across: Sequence[str] = ()
    profile: Profile | None = None
    base_url: str = ""

    def refuses(self, deviation: Deviation) -> bool:
        """Tell whether the profile keeps this out; it notes what it lets in."""
        return self.profile is not None and not self.profile.allows(deviation)


def compile_filter(
    text: str,
    resource: str,
    *,
    in_url: bool = False,
    across: Sequence[str] = (),
    profile: Profile | None = None,
    base_url: str = "",
) -> Criteria:
    """Return what a filter on ``User`` or ``Group`` asks, as far as the profile tolerates it.

    An attribute that only others of the kinds ``across`` have is one without a value here (RFC
    7644 section 3.4.2.1). ``base_url`` is where addresses begin, as they are shown. Raises
    ``InvalidFilter``, and ``Sensitive`` for one in a URL (``in_url``) that names the INSZ, however
    it is asked and written, and whether it can be read or not.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidFilter(f"filter: has more than {MAX_CHARACTERS} characters. Send it in parts.")
    form, values = _apart(cure(text))
    if in_url and _INSZ.search(form):
        message = (
            "insz: is sensitive and may not stand in a URL. POST the filter to /Users/.search."
        )
        raise Sensitive(message, attribute="insz")
    return _criteria(_parsed(form), _Reading(resource, values, None, across, profile, base_url))


def sort_field(text: str, resource: str) -> Sort | None:
    """Return what ``sortBy`` names: all that a filter takes, except the INSZ.

    None for what is the same for all. Raises ``InvalidFilter`` when there is no such thing.
    """
    field = _sorted_by(text, resource)
    return None if field is None else computed.completed(field)


@lru_cache(maxsize=1_024)
def _sorted_by(text: str, resource: str) -> Sort | None:
    named = sort_place(text, resource)
    if computed.constant_text(named, resource) is not None:
        return None
    try:
        place = _value_of(named)
        field = None if _is_hidden(place) else _sort_field(place, resource)
    except InvalidFilter:
        field = None
    if field is None:
        raise InvalidFilter(f"sortBy: {named.full_name} cannot be sorted by. See GET /Schemas.")
    return field


def _sort_field(place: Place, resource: str) -> Sort:
    """Return the value to sort by; a part that all entries share sorts by whether there are any."""
    if computed.is_fixed(place):
        return Indexed(_element_key(place))
    found = computed.sorted_by(place)
    if found is not None:
        return found
    field = _field(place, resource)
    if isinstance(field, Indexed) and place.attribute.multi:
        return replace(field, ranked="primary" in place.attribute.subs)
    return field


def common_to(text: str, resource: str) -> str | None:
    """Return what all of a kind have in common that ``sortBy`` names, None where it does not."""
    try:
        place = sort_place(text.strip(), resource)
    except InvalidFilter:
        return None
    return computed.common_text(place, resource)


def sort_place(text: str, resource: str) -> Place:
    """Return the attribute that ``sortBy`` names; raises ``InvalidFilter`` when there is none."""
    try:
        node = Path(text).ast if len(text) <= MAX_CHARACTERS else None
    except SCIMException:
        node = None
    place = locate(node, resource) if isinstance(node, AttrPath) else None
    if place is None:
        raise InvalidFilter("sortBy: names no attribute of this resource. See GET /Schemas.")
    return place


def _is_hidden(place: Place) -> bool:
    """Tell whether an order by the attribute would tell what is not shown."""
    return place.target.name == "insz" or place.target.returned == "never"


def parse(text: str) -> FilterNode:
    """Return the syntax tree; values without quotes are read as text."""
    return _parsed(cure(text))


def _apart(text: str) -> tuple[str, Sequence[str]]:
    """Return a filter with numbers in the place of its texts, and these texts in that order.

    A client asks the same few things of ever new values: so it is parsed once. What is no text
    by the grammar stays, for the parser to refuse.
    """
    values: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        values.append(json.loads(found[0]))
        return f'"{len(values) - 1}"'

    return _TEXT.sub(numbered, text), values


@lru_cache(maxsize=256)
def _parsed(form: str) -> FilterNode:
    """Return the syntax tree of a cured filter, which ``_apart`` may have taken the texts from."""
    if _depth(form) > MAX_DEPTH:
        raise InvalidFilter(f"filter: is nested deeper than {MAX_DEPTH}. Write it flatter.")
    try:
        tree = ScimFilter(form).ast
    except SCIMException:
        message = 'filter: cannot be read. Write it as in: userName eq "jan" and active eq true.'
        raise InvalidFilter(message) from None
    if _terms(tree) > MAX_TERMS:
        raise InvalidFilter(f"filter: has more than {MAX_TERMS} terms. Send it in parts.")
    return tree


def bare_values(text: str) -> list[str]:
    """Return the values of comparisons that stand without quotes and are text."""
    found = (match["bare"] for match in _OPERAND.finditer(text))
    return [bare for bare in found if bare is not None and bare.casefold() not in _LITERALS]


def cure(text: str) -> str:
    """Put quotes around the values of comparisons that have none (brokers.md, 6.6)."""
    return _OPERAND.sub(_quoted, text)


def _quoted(found: re.Match[str]) -> str:
    bare = found["bare"]
    if bare is None or bare.casefold() in _LITERALS:
        return found[0]
    return found["op"] + json.dumps(bare.strip("'"))


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        depth += (sign in "([") - (sign in ")]")
        deepest = max(deepest, depth)
    return deepest


def _terms(node: FilterNode) -> int:
    if isinstance(node, LogicalExpr):
        return sum(_terms(term) for term in node.terms)
    if isinstance(node, Not):
        return _terms(node.expr)
    return _terms(node.val_filter) if isinstance(node, ValuePath) else 1


def _criteria(node: FilterNode, reading: _Reading) -> Criteria:
    """Translate a node."""
    if isinstance(node, LogicalExpr):
        join = criteria.And if node.op is LogicalOperator.and_ else criteria.Or
        return reduce(join, (_criteria(term, reading) for term in node.terms))
    if isinstance(node, Not):
        return criteria.Not(_criteria(node.expr, reading))
    if isinstance(node, Comparison | Present | ValuePath) and _is_elsewhere(node, reading):
        return computed.constant(meets_without_value(node))
    if isinstance(node, ValuePath):
        return _selection(node, reading)
    if isinstance(node, Comparison):
        return _comparison(node, _value_of(_place(node.attr_path, reading)), reading)
    if isinstance(node, Present):
        return _present(_place(node.attr_path, reading), reading)
    raise InvalidFilter("filter: holds an expression that is not known here.")


def _is_elsewhere(node: Comparison | Present | ValuePath, reading: _Reading) -> bool:
    return reading.element is None and elsewhere(node.attr_path, reading.resource, reading.across)


def elsewhere(path: AttrPath, resource: str, across: Sequence[str]) -> bool:
    """Tell whether this kind lacks an attribute that another of the kinds ``across`` has."""
    if not across or locate(path, resource) is not None:
        return False
    return any(locate(path, other) is not None for other in across)


def meets_without_value(node: Comparison | Present | ValuePath) -> bool:
    """Judge a term about an attribute that has no value."""
    if not isinstance(node, Comparison):
        return False
    return (node.op is CompareOperator.ne) is (node.value is not None) and node.op in _EQUALS


def _selection(node: ValuePath, reading: _Reading) -> Criteria:
    place = _place(node.attr_path, reading)
    if not place.attribute.multi or place.attribute.kind != "complex":
        raise InvalidFilter(
            f"filter: {place.name} has no values to select from. Leave out the [ ]."
        )
    inside = replace(reading, element=place)
    return Element(_element_key(place), _criteria(node.val_filter, inside))


def _place(path: AttrPath, reading: _Reading) -> Place:
    element = reading.element
    if element is None:
        found = locate(path, reading.resource)
    else:
        part = element.attribute.subs.get(path.attr.casefold())
        plain = part is not None and not path.uri and not path.sub_attr
        found = Place(element.urn, element.attribute, part) if plain else None
    if found is None or found.attribute.extension or found.target.returned == "never":
        shown = str(path)[:120]
        raise InvalidFilter(f"filter: {shown} is no attribute to search by. See GET /Schemas.")
    spelling = None if element is not None else odd_spelling(str(path), found)
    if spelling is not None and reading.refuses(spelling):
        raise InvalidFilter(f"filter: write it as {found.full_name}")
    return found


def _value_of(place: Place) -> Place:
    """Read a comparison of a complex attribute as one of its ``value`` (RFC 7643 section 2.4)."""
    if place.sub is not None or place.attribute.kind != "complex":
        return place
    value = place.attribute.subs.get("value")
    if value is None:
        raise InvalidFilter(f"filter: {place.name} cannot be compared as a whole. Name a part.")
    return Place(place.urn, place.attribute, value)


def _comparison(node: Comparison, place: Place, reading: _Reading) -> Criteria:
    op = Op(node.op.value)
    asked = reading.values[int(node.value)] if isinstance(node.value, str) else node.value
    quoted = place.target.kind == "boolean" and isinstance(asked, str)
    if quoted and reading.refuses(Deviation.TEXT_BOOLEANS):
        raise InvalidFilter(f"filter: {place.name} is true or false, without quotes.")
    inside = reading.element is not None
    found = computed.compared(place, op, asked, reading.resource, inside=inside)
    if found is not None:
        return found
    if asked is None:
        return _null(node.op, _present(place, reading))
    if place.full_name == "meta.location":
        text = str(operands.operand(place, op, asked))
        return locations.compared(op, text, reading.base_url, reading.resource)
    field = _field(place, reading.resource, reading.element)
    value = operands.operand(place, op, asked)
    if isinstance(field, Column) and field in _TIMES and isinstance(value, int):
        return computed.time(field, op, value)
    return criteria.Compare(field, op, value)


def _null(op: CompareOperator, present: Criteria) -> Criteria:
    """``eq null`` is the absence of a value, ``ne null`` its presence; nothing else holds."""
    if op is CompareOperator.eq:
        return criteria.Not(present)
    return present if op is CompareOperator.ne else Nothing()


def _present(place: Place, reading: _Reading) -> Criteria:
    found = computed.present(place, inside=reading.element is not None)
    if found is not None:
        return found
    return criteria.Present(_field(place, reading.resource, reading.element))


def _field(place: Place, resource: str, element: Place | None = None) -> Field:
    """Return where the core holds the attribute; refuses what it does not hold."""
    name = place.key.rpartition(":")[2]
    sub = place.sub.name.casefold() if place.sub else ""
    column = _column(place, sub, resource)
    if column is not None:
        return column
    if place.key == "meta" or (name == "status" and resource == "Group"):
        raise _unsearched(place, f"{name}.{sub}")
    if name in _RELATIONS and sub and sub not in _RELATIONS[name]:
        raise _unsearched(place, f"{name}.{sub}")
    if element is None and place.attribute.multi and name in _RELATIONS:
        return Indexed(name, sub)
    return Indexed(_element_key(place), sub, exact=place.target.exact)


def _unsearched(place: Place, key: str) -> InvalidFilter:
    reason = _UNSEARCHED.get(key, "cannot be searched by. Leave it out")
    return InvalidFilter(f"filter: {place.full_name} {reason}.")


def _column(place: Place, sub: str, resource: str) -> Column | None:
    name = place.key.rpartition(":")[2]
    if resource == "User" and name == "insz":
        return Column.INSZ
    own = _USER_COLUMNS if resource == "User" else _GROUP_COLUMNS
    key = f"{name}.{sub}" if place.key == "meta" else name
    return {**_COLUMNS, **own}.get(key)


def _element_key(place: Place) -> str:
    name = place.key.rpartition(":")[2]
    return name if name in _RELATIONS else place.key
