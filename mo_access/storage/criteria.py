"""Criteria to SQL: one WHERE clause for SQLite and PostgreSQL, complete or refused.

The caller's query holds ``link`` joined to ``person`` (persons) or ``group_`` (groups) in its
FROM, unaliased. Conditions on values are ``IN (SELECT …)``, so that the planner can start from
an index on the value; the meaning of every operator is that of scim2-models' ``ScimFilter.match``
(``ne`` holds where nothing equals the value, also where there is none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, true

from mo_access.domain.criteria import (
    And,
    Column,
    Compare,
    Criteria,
    Element,
    Field,
    Indexed,
    Not,
    Nothing,
    Op,
    Or,
    Present,
)
from mo_access.domain.errors import Invalid
from mo_access.domain.text import fold
from mo_access.storage import relations
from mo_access.storage.comparing import by_code_point, stands
from mo_access.storage.relations import Row, ValueRow
from mo_access.storage.schema import group, link, person

Kind: TypeAlias = Literal["person", "group"]
Condition: TypeAlias = ColumnElement[bool]

_RELATED = {
    Column.GROUP_ID: Indexed("groups", "value"),
    Column.GROUP_NAME: Indexed("groups", "display"),
    Column.MEMBER_ID: Indexed("members", "value"),
    Column.AFFILIATION: Indexed("affiliations", "value"),
    Column.THEME: Indexed("theme"),
    Column.INSTITUTION: Indexed("institution"),
}
_FOLDED = frozenset({Column.USER_NAME, Column.DISPLAY_NAME})


@dataclass(frozen=True, slots=True)
class _Scope:
    """For whom the condition is written; ``client_pk`` is None for a platform client."""

    kind: Kind
    client_pk: int | None
    blind: Callable[[str], bytes] | None


def where(
    criteria: Criteria | None,
    kind: Kind,
    client_pk: int | None,
    *,
    blind: Callable[[str], bytes] | None = None,
) -> Condition:
    """Write the condition for one kind of resource, as the client with this key may ask it.

    ``client_pk`` is None for a platform client, ``criteria`` None for all. ``blind`` makes the
    index of an INSZ; without it a condition on one is ``Invalid``.
    """
    if criteria is None:
        return true()
    return _condition(criteria, _Scope(kind, client_pk, blind))


def order(
    sort: Field | None, kind: Kind, *, descending: bool = False
) -> tuple[ColumnElement[Any], ...]:
    """Write the ORDER BY: missing values last, or first when descending; the key breaks ties."""
    key = _pk(kind)
    if sort is None:
        return (key.desc() if descending else key.asc(),)
    value = by_code_point(_sort_value(sort, kind))
    first = value.desc().nulls_first() if descending else value.asc().nulls_last()
    return (first, key.asc())


def _condition(criteria: Criteria, scope: _Scope) -> Condition:
    match criteria:
        case And():
            return and_(_condition(criteria.left, scope), _condition(criteria.right, scope))
        case Or():
            return or_(_condition(criteria.left, scope), _condition(criteria.right, scope))
        case Not():
            return not_(_condition(criteria.inner, scope))
        case Element():
            return _element(criteria, scope)
        case Nothing():
            return false()
        case _:
            return _leaf(criteria, scope)


def _leaf(leaf: Compare | Present, scope: _Scope) -> Condition:
    if isinstance(leaf, Compare) and leaf.op is Op.NE:
        return not_(_leaf(Compare(leaf.field, Op.EQ, leaf.value), scope))
    field = _indexed(leaf.field, scope.kind)
    if isinstance(field, Indexed):
        return _some(field, leaf, scope)
    if field is Column.INSZ:
        return _insz(leaf, scope)
    column = _column(field, scope)
    if isinstance(leaf, Present):
        return column.is_not(None)
    value = leaf.value
    folded = fold(value) if field in _FOLDED and isinstance(value, str) else value
    return stands(column, leaf.op, folded)


def _indexed(field: Field, kind: Kind) -> Field:
    """Turn a column that lives in another table into the relation that holds it."""
    if isinstance(field, Indexed):
        return field
    if kind == "person" and field is Column.DISPLAY_NAME:
        return Indexed("displayname")
    if kind == "person" and field is Column.ROLE:
        return Indexed("affiliations", "role")
    return _RELATED.get(field, field)


def _some(field: Indexed, leaf: Compare | Present, scope: _Scope) -> Condition:
    """Some value of the field meets the condition, whichever element it belongs to."""
    row = _row(field.attribute, scope)
    return _among(row, row.rows().where(row.direct(field, leaf)))


def _element(element: Element, scope: _Scope) -> Condition:
    """One element meets the whole condition; the most telling equality leads the search."""
    row = _row(element.attribute, scope)
    lead, rest = _lead(element.inner)
    chosen = row.rows()
    if lead is not None:
        chosen = chosen.where(row.direct(_of_element(lead), lead))
    if rest is not None:
        chosen = chosen.where(_inner(rest, row))
    return _among(row, chosen)


def _among(row: Row, chosen: Select[int]) -> Condition:
    inside = row.outer.in_(chosen.correlate(None))
    return and_(row.outer.is_not(None), inside) if row.optional else inside


def _lead(inner: Criteria) -> tuple[Compare | None, Criteria | None]:
    """Split a conjunction into the equality to start from and what is left."""
    terms = _terms(inner)
    equalities = [t for t in terms if isinstance(t, Compare) and t.op is Op.EQ]
    if not equalities:
        return None, inner
    lead = next((t for t in equalities if _of_element(t).sub == "value"), equalities[0])
    rest: Criteria | None = None
    for term in terms:
        if term is not lead:
            rest = term if rest is None else And(rest, term)
    return lead, rest


def _terms(inner: Criteria) -> list[Criteria]:
    if isinstance(inner, And):
        return [*_terms(inner.left), *_terms(inner.right)]
    return [inner]


def _inner(criteria: Criteria, row: Row) -> Condition:
    match criteria:
        case And():
            return and_(_inner(criteria.left, row), _inner(criteria.right, row))
        case Or():
            return or_(_inner(criteria.left, row), _inner(criteria.right, row))
        case Not():
            return not_(_inner(criteria.inner, row))
        case Nothing():
            return false()
        case Compare() if criteria.op is Op.NE:
            return not_(_inner(Compare(criteria.field, Op.EQ, criteria.value), row))
        case Compare() | Present():
            return row.beside(_of_element(criteria), criteria)
        case _:
            raise Invalid("a value selection inside another is not allowed")


def _of_element(leaf: Compare | Present) -> Indexed:
    if not isinstance(leaf.field, Indexed):
        raise Invalid("a value selection looks only at parts of its own attribute")
    return leaf.field


def _row(attribute: str, scope: _Scope) -> Row:
    related = relations.find(attribute, scope.kind, scope.client_pk)
    return related if related is not None else ValueRow.of(attribute, scope.kind)


def _insz(leaf: Compare | Present, scope: _Scope) -> Condition:
    """Compare the blind index; a bound client only finds what it said itself (rule 5)."""
    said = [link.c.said_insz == 1] if scope.client_pk is not None else []
    if isinstance(leaf, Present):
        return and_(person.c.insz_index.is_not(None), *said)
    if leaf.op is not Op.EQ or scope.blind is None or not isinstance(leaf.value, str):
        raise Invalid("this attribute can only be compared for equality", attribute="insz")
    index = scope.blind(leaf.value)
    return and_(person.c.insz_index.is_not(None), person.c.insz_index == index, *said)


def _pk(kind: Kind) -> ColumnElement[int]:
    return link.c.pk if kind == "person" else group.c.pk


def _column(field: Column, scope: _Scope) -> ColumnElement[Any]:
    if scope.kind == "person" and field is Column.ACTIVE and scope.client_pk is None:
        return person.c.active
    columns = _PERSON_COLUMNS if scope.kind == "person" else _GROUP_COLUMNS
    if field not in columns:
        raise Invalid("this attribute cannot be searched", attribute=field.value)
    return columns[field]


def _sort_value(sort: Field, kind: Kind) -> ColumnElement[Any]:
    field = _indexed(sort, kind)
    if isinstance(field, Column):
        return _column(field, _Scope(kind, 0, None))
    if relations.find(field.attribute, kind, None) is not None:
        raise Invalid("this attribute cannot be sorted by", attribute=field.attribute)
    return ValueRow.of(field.attribute, kind).first(field)


_PERSON_COLUMNS: dict[Column, ColumnElement[Any]] = {
    Column.ID: person.c.id,
    Column.USER_NAME: link.c.user_key,
    Column.EXTERNAL_ID: link.c.external_id,
    Column.ACTIVE: link.c.active,
    Column.CREATED: link.c.created,
    Column.MODIFIED: link.c.modified,
}
_GROUP_COLUMNS: dict[Column, ColumnElement[Any]] = {
    Column.ID: group.c.id,
    Column.DISPLAY_NAME: group.c.display_key,
    Column.EXTERNAL_ID: group.c.external_id,
    Column.CREATED: group.c.created,
    Column.MODIFIED: group.c.modified,
    Column.ROLE: group.c.role,
}
