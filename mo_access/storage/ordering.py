"""The order of a list: by values that the caller is shown, and no others (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)

from mo_access.domain.criteria import Indexed, Meets, OrPrimary, Sort
from mo_access.domain.errors import Invalid
from mo_access.storage import relations
from mo_access.storage.comparing import by_code_point
from mo_access.storage.criteria import (
    OF_PERSON,
    Condition,
    Kind,
    column_of,
    indexed,
    is_own,
    key_of,
    where,
)
from mo_access.storage.operands import Makers
from mo_access.storage.relations import Client, ValueRow
from mo_access.storage.schema import BIG, link, person


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: a value or None, and the key, which breaks ties.

    Missing values come last, or first when descending.
    """

    value: ColumnElement[Any] | None
    key: ColumnElement[int]
    descending: bool

    def clauses(self) -> tuple[ColumnElement[Any], ...]:
        """Write the ORDER BY."""
        if self.value is None:
            return (self.key.desc() if self.descending else self.key.asc(),)
        placed = by_code_point(self.value)
        first = placed.desc().nulls_first() if self.descending else placed.asc().nulls_last()
        return (first, self.key.asc())

    def turned(self) -> Order:
        """Return the order that begins where this one, which is by key alone, ends."""
        return replace(self, descending=not self.descending)

    def after(self, *, missing: bool) -> Condition:
        """Write what holds for the rows after one with ``after_value`` and ``after_key``.

        ``missing``: it has no such value.
        """
        key = bindparam("after_key", type_=BIG)
        if self.value is None:
            return self.key < key if self.descending else self.key > key
        later = self.key > key
        if missing:
            nothing = and_(self.value.is_(None), later)
            return or_(nothing, self.value.is_not(None)) if self.descending else nothing
        value = bindparam("after_value", type_=self.value.type)
        placed, tied = by_code_point(self.value), and_(self.value == value, later)
        if self.descending:
            return or_(placed < value, tied)
        return or_(placed > value, tied, self.value.is_(None))


def order(sort: Sort | None, kind: Kind, client: Client, *, descending: bool = False) -> Order:
    """Return the order in which this client asks for a list; None is a platform client."""
    value = None if sort is None else _value(sort, kind, client)
    return Order(value, key_of(kind), descending)


def _value(sort: Sort, kind: Kind, client: Client) -> ColumnElement[Any]:
    if isinstance(sort, OrPrimary):
        said = ValueRow.of(sort.field.attribute, kind, Makers()).first(sort.field)
        return func.coalesce(said, _primary(kind, client, sort.today), type_=Text)
    if isinstance(sort, Meets):
        met = where(sort.criteria, kind, client, Makers())
        return case((met, literal(0, Integer)), else_=literal(1, Integer))
    field = indexed(sort, kind)
    if isinstance(field, Indexed):
        related = relations.find(field.attribute, kind, client, Makers())
        row = ValueRow.of(field.attribute, kind, Makers()) if related is None else related
        return row.first(field)
    if kind == "person" and field in OF_PERSON and not is_own(field, client):
        whose = select(OF_PERSON[field]).where(person.c.pk == link.c.person_pk)
        return whose.correlate(link).scalar_subquery()
    return column_of(field, kind)


def _primary(kind: Kind, client: Client, today: str) -> ColumnElement[str | None]:
    """Give the institution of the primary affiliation, until the last day of that."""
    row = relations.find("affiliations", kind, client, Makers())
    if row is None:
        raise Invalid("only people have affiliations")
    end = row.parts["end"]
    lasts = or_(end.is_(None), by_code_point(end) >= literal(today, Text))
    said = replace(row, also=None)  # no group makes an affiliation the primary one
    return said.first(Indexed("affiliations", "value"), row.parts["primary"] == "true", lasts)
