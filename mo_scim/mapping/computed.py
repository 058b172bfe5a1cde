"""Attributes whose value nobody stores, as criteria: kinds, schemas, a derived organization.

What is shown can be asked for: each of these means what the rendered resource says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from typing import Final

from mo_access.domain import criteria
from mo_access.domain.criteria import (
    Compare,
    Criteria,
    Element,
    Indexed,
    Meets,
    Not,
    Nothing,
    Op,
    OrPrimary,
    Present,
    Sort,
)
from mo_access.domain.text import fold
from mo_scim.mapping import operands
from mo_scim.mapping.addressing import Place
from mo_scim.mapping.institutions import BRUSSELS
from mo_scim.mapping.shape import Attribute, shape
from mo_scim.resources import ENTERPRISE, GROUP_EXTENSION

_FIXED: Final = {"members.type": "User", "groups.type": "direct"}
_SHOWN: Final = 1_000
"""Times are stored in microseconds and shown in milliseconds (``derived.instant``)."""
_ALWAYS: Final = frozenset({"id", "schemas", "active", "meta"})
_STATUS: Final = f"{GROUP_EXTENSION}:status".casefold()
_GIVES: Final = criteria.Or(Present(criteria.Column.THEME), Present(criteria.Column.ROLE))
"""A group gives something, so that its ``status`` is ``mapped``."""
_ORGANIZATION: Final = f"{ENTERPRISE}:organization".casefold()
_PRIMARY: Final = Compare(Indexed("affiliations", "primary"), Op.EQ, "true")
_ENDS: Final = Indexed("affiliations", "end", exact=True)


def constant(holds: bool) -> Criteria:  # noqa: FBT001 - the constant itself
    """Return what holds for every resource, or for none."""
    return Not(Nothing()) if holds else Nothing()


def time(field: criteria.Column, op: Op, asked: int) -> Criteria:
    """Compare a time as it is shown: a client asks with what it has read."""
    if op is Op.NE:
        return Not(time(field, Op.EQ, asked))
    first = -(-asked // _SHOWN) * _SHOWN
    last = asked // _SHOWN * _SHOWN + _SHOWN - 1
    if op is Op.EQ:
        return criteria.And(Compare(field, Op.GE, first), Compare(field, Op.LE, last))
    return Compare(field, op, first if op in {Op.GE, Op.LT} else last)


def compared(
    place: Place, op: Op, asked: object, resource: str, *, inside: bool
) -> Criteria | None:
    """Return what a comparison asks, None for an attribute that is stored.

    ``inside``: it stands in the brackets of its attribute, so that there is an entry.
    """
    if op is Op.NE:
        equal = compared(place, Op.EQ, asked, resource, inside=inside)
        return None if equal is None else Not(equal)
    fixed = _FIXED.get(place.full_name.casefold())
    if place.full_name == "meta.resourceType":
        return constant(operands.holds(resource, op, asked))
    if place.key == "schemas":
        return _schemas(op, asked, resource)
    if fixed is not None:
        meets = constant(operands.holds(fixed, op, asked))
        return meets if inside else criteria.And(_entries(place), meets)
    if place.key == _STATUS:
        return _status(op, asked)
    if place.key == _ORGANIZATION and asked is not None:
        return _organization(op, str(operands.operand(place, op, asked)))
    return None


def present(place: Place, *, inside: bool) -> Criteria | None:
    """Return what presence asks, None for an attribute that is stored."""
    if place.key in _ALWAYS or place.key == _STATUS:
        return constant(True)
    if is_fixed(place):
        return constant(True) if inside else _entries(place)
    if place.key == _ORGANIZATION:
        return criteria.Or(Present(Indexed(_ORGANIZATION)), _derived(None))
    return None


def _status(op: Op, asked: object) -> Criteria:
    """Find groups by whether they give something; it is shown whenever it is asked for."""
    gives, free = (operands.holds(status, op, asked) for status in ("mapped", "unmapped"))
    if gives is free:
        return constant(gives)
    return _GIVES if gives else Not(_GIVES)


def common_text(place: Place, resource: str) -> str | None:
    """Return what comes first in all of a kind there, which orders the kinds; None if nothing."""
    location = place.full_name == "meta.location"
    return fold(f"/{resource}s/") if location else constant_text(place, resource)


def constant_text(place: Place, resource: str) -> str | None:
    """Return what all of a kind show there, the first of several values; None if they differ."""
    if place.key == "schemas":
        return fold(shape(resource).name)
    return fold(resource) if place.full_name == "meta.resourceType" else None


def is_fixed(place: Place) -> bool:
    """Tell whether all entries of the attribute have the same part."""
    return place.full_name.casefold() in _FIXED


def sorted_by(place: Place) -> Sort | None:
    """Return what orders an attribute that nobody stores, None where it takes a column.

    ``mapped`` comes before ``unmapped``. All addresses of a kind begin alike: the id orders them.
    """
    if place.key == _STATUS:
        return Meets(_GIVES)
    return criteria.Column.ID if place.full_name == "meta.location" else None


def completed(field: Sort) -> Sort:
    """Return what to sort by: what is shown where nothing was sent counts too."""
    if isinstance(field, Indexed) and field.attribute == _ORGANIZATION:
        return OrPrimary(field, _today())
    return field


def _today() -> str:
    return datetime.now(BRUSSELS).date().isoformat()


def _entries(place: Place) -> Criteria:
    """There is an entry at all, each of which has the fixed part."""
    return Present(Indexed(place.key, "value"))


def _schemas(op: Op, asked: object, resource: str) -> Criteria:
    """Find those that name such a schema: their own, and the extensions that they have."""
    root = shape(resource)
    if operands.holds(root.name, op, asked):
        return constant(True)
    extensions = (sub for sub in root.subs.values() if sub.extension)
    found = [_extended(sub) for sub in extensions if operands.holds(sub.name, op, asked)]
    return reduce(criteria.Or, found) if found else Nothing()


def _extended(extension: Attribute) -> Criteria:
    """Find those that show something of an extension; what is shown on request counts not."""
    shown = [part for part in extension.subs.values() if part.returned == "default"]
    return reduce(criteria.Or, [_shown(extension, part) for part in shown if not part.read_only])


def _shown(extension: Attribute, part: Attribute) -> Criteria:
    found = present(Place(extension.name, part), inside=False)
    return found if found is not None else Present(_held(extension, part))


def _held(extension: Attribute, part: Attribute) -> criteria.Field:
    indexed = Indexed(f"{extension.name}:{part.name}".casefold())
    return _HELD.get(part.name, indexed)


def _organization(op: Op, text: str) -> Criteria:
    """Compare what was sent, else the primary affiliation, which is shown in its place."""
    sent = Indexed(_ORGANIZATION)
    derived = criteria.And(Not(Present(sent)), _derived((op, text)))
    return criteria.Or(Compare(sent, op, text), derived)


def _derived(asked: tuple[Op, str] | None) -> Criteria:
    """Find those with a primary affiliation that has not ended, at such an institution."""
    lasting = criteria.Or(Not(Present(_ENDS)), Compare(_ENDS, Op.GE, _today()))
    meant = criteria.And(_PRIMARY, lasting)
    if asked is not None:
        value = Indexed("affiliations", "value", exact=True)
        meant = criteria.And(Compare(value, *asked), meant)
    return Element("affiliations", meant)


_HELD: Final[Mapping[str, criteria.Field]] = {
    "theme": criteria.Column.THEME,
    "institution": criteria.Column.INSTITUTION,
    "affiliations": Indexed("affiliations"),
}
