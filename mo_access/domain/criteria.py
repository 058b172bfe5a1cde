"""Query conditions as values, between a door's filter language and SQL (design section 2).

A field is one of a closed set, so nothing that a client writes ever names a column.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Op(StrEnum):
    """How a value is compared."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Column(StrEnum):
    """A property that a resource has exactly once and that has a column of its own."""

    ID = "id"
    USER_NAME = "user_name"
    EXTERNAL_ID = "external_id"
    ACTIVE = "active"
    CREATED = "created"
    MODIFIED = "modified"
    DISPLAY_NAME = "display_name"
    INSZ = "insz"
    GROUP_ID = "group_id"
    GROUP_NAME = "group_name"
    MEMBER_ID = "member_id"
    THEME = "theme"
    INSTITUTION = "institution"
    AFFILIATION = "affiliation"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Indexed:
    """A value of the document, found through the value index; names are folded.

    ``ranked`` says to sort by the primary entry of several, where one is.
    """

    attribute: str
    sub: str = ""
    exact: bool = False
    ranked: bool = False


Field: TypeAlias = Column | Indexed


@dataclass(frozen=True, slots=True)
class OrPrimary:
    """A text to sort by that where it is not said is the institution of an affiliation.

    It is that of the primary one, where that has not ended before ``today``, as YYYY-MM-DD.
    """

    field: Indexed
    today: str


@dataclass(frozen=True, slots=True)
class Meets:
    """To sort by: what meets criteria without values comes before what does not."""

    criteria: Criteria


Sort: TypeAlias = Field | OrPrimary | Meets
"""What a list is sorted by."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in criteria that are a shape (``shapes``): its type and size."""

    place: int
    kind: type
    size: int


@dataclass(frozen=True, slots=True)
class Compare:
    """The field has a value in this relation to ``value``: text, or int for times and flags."""

    field: Field
    op: Op
    value: str | int | Slot


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value that is not empty."""

    field: Field


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a multi-valued attribute meets the whole inner condition.

    The inner condition holds only ``Compare`` and ``Present`` on ``Indexed`` fields of the same
    attribute, joined by ``And``, ``Or``, ``Not``.
    """

    attribute: str
    inner: Criteria


@dataclass(frozen=True, slots=True)
class And:
    """Both hold."""

    left: Criteria
    right: Criteria


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    left: Criteria
    right: Criteria


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    inner: Criteria


@dataclass(frozen=True, slots=True)
class Nothing:
    """Holds for no resource (a comparison with a value that cannot exist)."""


Criteria: TypeAlias = Compare | Present | Element | And | Or | Not | Nothing


def comparisons(found: Criteria, field: Field) -> int:
    """Count how often a value is compared with this field, inside ``Not`` too."""
    match found:
        case And() | Or():
            return comparisons(found.left, field) + comparisons(found.right, field)
        case Not() | Element():
            return comparisons(found.inner, field)
        case Compare():
            return int(found.field == field)
        case _:
            return 0
