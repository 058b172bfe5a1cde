"""Criteria to SQL: one WHERE clause for SQLite and PostgreSQL, complete or refused.

The caller's query holds ``link`` (persons) or ``group_`` (groups) in its FROM, unaliased.
Conditions on values are ``IN (SELECT …)``, so that the planner can start from an index on the
value; the meaning of every operator is that of scim2-models' ``ScimFilter.match``
(``ne`` holds where nothing equals the value, also where there is none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, true, union_all
from sqlalchemy.sql.elements import False_

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
    Slot,
)
from mo_access.domain.errors import Invalid
from mo_access.storage import relations
from mo_access.storage.comparing import stands
from mo_access.storage.operands import Makers, Operand
from mo_access.storage.relations import Client, RelatedRow, Row, ValueRow, narrowing
from mo_access.storage.schema import group, link, person
from mo_access.storage.trigrams import SHORTEST

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
_IN_PARTS: Final[Mapping[Kind, frozenset[Column]]] = {
    "person": frozenset({Column.USER_NAME, Column.EXTERNAL_ID}),
    "group": frozenset({Column.DISPLAY_NAME}),
}
_PARTS: Final = frozenset({Op.CO, Op.EW})
_UNRANKED: Final = 9


@dataclass(frozen=True, slots=True)
class _Scope:
    """For whom the condition is written, and where its parameters are told."""

    kind: Kind
    client: Client
    makers: Makers


def where(shape: Criteria | None, kind: Kind, client: Client, makers: Makers) -> Condition:
    """Write the condition for one kind of resource, as this client may ask it.

    ``shape`` holds slots in the place of values (``shapes.shaped``), None asks for all; how their
    parameters are made is added to ``makers``. ``client`` is None for a platform client.
    """
    if shape is None:
        return true()
    return _condition(shape, _Scope(kind, client, makers))


def _condition(criteria: Criteria, scope: _Scope) -> Condition:
    match criteria:
        case And():
            return and_(_condition(criteria.left, scope), _condition(criteria.right, scope))
        case Or():
            return or_(_condition(criteria.left, scope), _condition(criteria.right, scope))
        case Not(Present() as leaf):
            return _missing(leaf, scope)
        case Not():
            return not_(_condition(criteria.inner, scope))
        case Element():
            return _element(criteria, scope)
        case Nothing():
            return false()
        case _:
            return _leaf(criteria, scope)


def _missing(leaf: Present, scope: _Scope) -> Condition:
    """Look in the value index for this row alone: a list of who has a value may be long."""
    field = indexed(leaf.field, scope.kind)
    if isinstance(field, Indexed):
        row = _row(field.attribute, scope)
        if isinstance(row, ValueRow):
            return not_(row.has(field))
    return not_(_leaf(leaf, scope))


def _leaf(leaf: Compare | Present, scope: _Scope) -> Condition:
    if isinstance(leaf, Compare) and leaf.op is Op.NE:
        return not_(_leaf(Compare(leaf.field, Op.EQ, leaf.value), scope))
    field = indexed(leaf.field, scope.kind)
    if isinstance(field, Indexed):
        return _some(field, leaf, scope)
    if field is Column.INSZ:
        return _insz(leaf, scope)
    if scope.kind == "person" and field in OF_PERSON and not is_own(field, scope.client):
        return _of_person(_meets(OF_PERSON[field], leaf, field, scope))
    column = column_of(field, scope.kind)
    return _narrowed(_meets(column, leaf, field, scope), leaf, field, scope)


def is_own(field: Column, client: Client) -> bool:
    """Tell whether the client asks of its own link: a platform client asks of the person."""
    return field is Column.ACTIVE and client is not None


def _meets(
    column: ColumnElement[Any], leaf: Compare | Present, field: Column, scope: _Scope
) -> Condition:
    if isinstance(leaf, Present):
        return column.is_not(None)
    value = Operand.of(leaf.value, scope.makers)
    holds = stands(column, leaf.op, value.folded if field in _FOLDED else value)
    if column is link.c.external_id and leaf.op is Op.EQ:
        # Of the two columns, the folded one has an index that needs no client.
        return and_(link.c.external_key == value.folded.param(), holds)
    return holds


def _narrowed(meets: Condition, leaf: Compare | Present, field: Column, scope: _Scope) -> Condition:
    """Look only at rows that may hold the part which is asked for."""
    if field not in _IN_PARTS[scope.kind]:
        return meets
    candidates = narrowing(key_of(scope.kind), scope.kind, leaf, scope.makers)
    return meets if candidates is None else and_(candidates, meets)


def _of_person(meets: Condition) -> Condition:
    return link.c.person_pk.in_(select(person.c.pk).where(meets))


def indexed(field: Field, kind: Kind) -> Field:
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
    return _among(row, lambda each: each.direct(field, leaf))


def _element(element: Element, scope: _Scope) -> Condition:
    """One element meets the whole condition; the most telling equality leads the search."""
    lead, rest = _lead(element.inner)

    def met(row: Row) -> Condition:
        first = true() if lead is None else row.direct(_of_element(lead), lead)
        return first if rest is None else _both(first, _inner(rest, row))

    return _among(_row(element.attribute, scope), met)


def _among(row: Row, met: Callable[[Row], Condition]) -> Condition:
    """Some row of the attribute meets it; what no row of a table can meet is not looked for."""
    chosen = [
        each.rows().where(condition).correlate(None)
        for each in _tables(row)
        if not isinstance(condition := met(each), False_)
    ]
    if not chosen:
        return false()
    inside = row.outer.in_(chosen[0] if len(chosen) == 1 else union_all(*chosen))
    return and_(row.outer.is_not(None), inside) if row.optional else inside


def _both(left: Condition, right: Condition) -> Condition:
    """Join two conditions, so that what cannot be met still shows that it cannot."""
    impossible = isinstance(left, False_) or isinstance(right, False_)
    return false() if impossible else and_(left, right)


def _tables(row: Row) -> tuple[Row, ...]:
    """Return the rows of every table that holds elements of the attribute."""
    also = row.also if isinstance(row, RelatedRow) else None
    return (row,) if also is None else (row, also)


def _lead(inner: Criteria) -> tuple[Compare | None, Criteria | None]:
    """Split a conjunction into the comparison to start from and what is left."""
    terms = _terms(inner)
    lead = min((t for t in terms if _rank(t) < _UNRANKED), key=_rank, default=None)
    if not isinstance(lead, Compare):
        return None, inner
    rest: Criteria | None = None
    for term in terms:
        if term is not lead:
            rest = term if rest is None else And(rest, term)
    return lead, rest


def _rank(term: Criteria) -> int:
    """Tell how good a comparison is to start from: few rows first, none that reads every row."""
    if not isinstance(term, Compare) or not isinstance(term.value, Slot) or not term.value.size:
        return _UNRANKED
    if term.op is Op.EQ:
        value = isinstance(term.field, Column) or term.field.sub in {"value", ""}
        return 0 if value else 3
    if term.op is Op.SW:
        return _UNRANKED if term.field is Column.EXTERNAL_ID else 1
    return 2 if term.op in _PARTS and term.value.size >= SHORTEST else _UNRANKED


def selective(criteria: Criteria | None) -> bool:
    """Tell whether a shape names few rows, so that it is the place to start from."""
    match criteria:
        case And():
            return selective(criteria.left) or selective(criteria.right)
        case Or():
            return selective(criteria.left) and selective(criteria.right)
        case Element():
            return selective(criteria.inner)
        case Compare():
            return _rank(criteria) < _UNRANKED
        case _:
            return False


def _terms(inner: Criteria) -> list[Criteria]:
    if isinstance(inner, And):
        return [*_terms(inner.left), *_terms(inner.right)]
    return [inner]


def _inner(criteria: Criteria, row: Row) -> Condition:
    match criteria:
        case And():
            return _both(_inner(criteria.left, row), _inner(criteria.right, row))
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
    related = relations.find(attribute, scope.kind, scope.client, scope.makers)
    return related if related is not None else ValueRow.of(attribute, scope.kind, scope.makers)


def _insz(leaf: Compare | Present, scope: _Scope) -> Condition:
    """Compare the blind index; a bound client only finds what it said itself (rule 5)."""
    index = person.c.insz_index
    known: Condition = index.is_not(None)
    if isinstance(leaf, Compare):
        known = and_(known, index.in_(Operand.of(leaf.value, scope.makers).halves()))
    mine = _of_person(known)
    return mine if scope.client is None else and_(link.c.said_insz == 1, mine)


def key_of(kind: Kind) -> ColumnElement[int]:
    """Return the key of what is listed."""
    return link.c.pk if kind == "person" else group.c.pk


def column_of(field: Column, kind: Kind) -> ColumnElement[Any]:
    """Return the column of the listed row that holds a field; raises ``Invalid`` if none does."""
    columns = _PERSON_COLUMNS if kind == "person" else _GROUP_COLUMNS
    if field not in columns:
        raise Invalid("this attribute cannot be searched", attribute=field.value)
    return columns[field]


OF_PERSON: dict[Field, ColumnElement[Any]] = {
    Column.ID: person.c.id,
    Column.ACTIVE: person.c.active,
}
_PERSON_COLUMNS: dict[Column, ColumnElement[Any]] = {
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
