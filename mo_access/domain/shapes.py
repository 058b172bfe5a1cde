"""Criteria apart from their values, so that what is made of them is made once for each shape.

Two criteria have one shape when they differ in their values only, and those in nothing that
decides how they are looked up: what is no longer than ``SIZES`` counts by its length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from mo_access.domain.criteria import (
    And,
    Column,
    Compare,
    Criteria,
    Element,
    Not,
    Op,
    Or,
    Slot,
)
from mo_access.domain.errors import Invalid
from mo_access.domain.text import fold

SIZES: Final = 3
"""So many characters make a trigram; no text longer than that is looked up in another way."""
Blind: TypeAlias = Callable[[str], bytes]
Values: TypeAlias = list[str | int | bytes]


def shaped(criteria: Criteria | None, blind: Blind | None = None) -> tuple[Criteria | None, Values]:
    """Return the shape, with a ``Slot`` for each value, and the values in the order of the slots.

    ``blind`` makes the index of an INSZ; without it, and for anything but equality, a comparison
    of one is ``Invalid``.
    """
    values: Values = []
    return (None if criteria is None else _shape(criteria, values, blind)), values


def terms(criteria: Criteria | None) -> int:
    """Return how many comparisons criteria are made of."""
    match criteria:
        case None:
            return 0
        case And() | Or():
            return terms(criteria.left) + terms(criteria.right)
        case Not() | Element():
            return terms(criteria.inner)
        case _:
            return 1


def _shape(criteria: Criteria, values: Values, blind: Blind | None) -> Criteria:
    match criteria:
        case And():
            left = _shape(criteria.left, values, blind)
            return And(left, _shape(criteria.right, values, blind))
        case Or():
            left = _shape(criteria.left, values, blind)
            return Or(left, _shape(criteria.right, values, blind))
        case Not():
            return Not(_shape(criteria.inner, values, blind))
        case Element():
            return Element(criteria.attribute, _shape(criteria.inner, values, blind))
        case Compare():
            return _compare(criteria, values, blind)
        case _:
            return criteria


def _compare(leaf: Compare, values: Values, blind: Blind | None) -> Compare:
    value = _blinded(leaf, blind) if leaf.field is Column.INSZ else leaf.value
    if isinstance(value, Slot):
        raise Invalid("the condition holds no value")
    size = min(len(fold(value)), SIZES) if isinstance(value, str) else 0
    slot = Slot(len(values), type(value), size)
    values.append(value)
    return Compare(leaf.field, leaf.op, slot)


def _blinded(leaf: Compare, blind: Blind | None) -> bytes:
    if blind is None or leaf.op not in {Op.EQ, Op.NE} or not isinstance(leaf.value, str):
        raise Invalid("this attribute can only be compared for equality", attribute="insz")
    return blind(leaf.value)
