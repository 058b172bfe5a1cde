"""Comparisons that mean the same on SQLite and PostgreSQL, whatever the database's collation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, and_, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mo_access.domain.criteria import Op

_LAST = "\U0010ffff"
"""Sorts after every character, so that ``sw`` is a range that an index can serve."""


class _ByCodePoint(FunctionElement[str]):
    """A text compared by code point: PostgreSQL's own collations ignore punctuation and case."""

    type = Text()
    name = "by_code_point"
    inherit_cache = True


@compiles(_ByCodePoint)
def _plain(element: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return str(compiler.process(element.clauses, **options))


@compiles(_ByCodePoint, "postgresql")
def _collated(element: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'


def by_code_point(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text column in the order of its code points, any other column as it is."""
    return _ByCodePoint(column) if isinstance(column.type, Text) else column


class _Unindexed(FunctionElement[Any]):
    """A column from which SQLite must not start its search."""

    name = "unindexed"
    inherit_cache = True


@compiles(_Unindexed)
def _bare(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return str(compiler.process(element.clauses, **options))


@compiles(_Unindexed, "sqlite")
def _signed(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return f"+{compiler.process(element.clauses, **options)}"


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column that is checked, and never looked up.

    SQLite plans without statistics: it would start at a client or an attribute name, as if few
    rows had it. PostgreSQL knows better by itself.
    """
    return _Unindexed(column)


def stands(column: ColumnElement[Any], op: Op, value: str | int) -> ColumnElement[bool]:
    """Tell whether the column holds a value in this relation; never NULL, also for no value."""
    holds = _holds(column, op, value)
    return and_(column.is_not(None), holds) if getattr(column, "nullable", False) else holds


def _holds(column: ColumnElement[Any], op: Op, value: str | int) -> ColumnElement[bool]:
    if op is Op.EQ:
        return column == value
    if op is Op.NE:
        return column != value
    if isinstance(value, str) and op in {Op.CO, Op.SW, Op.EW}:
        return _within(column, op, value)
    ordered = by_code_point(column)
    return {
        Op.GT: ordered > value,
        Op.GE: ordered >= value,
        Op.LT: ordered < value,
        Op.LE: ordered <= value,
    }[op]


def _within(column: ColumnElement[Any], op: Op, part: str) -> ColumnElement[bool]:
    """Find a part without LIKE, whose wildcards and case rules differ between the engines."""
    if not part:
        return column.is_not(None)
    if op is Op.CO:
        return func.replace(column, part, "") != column
    if op is Op.EW:
        return func.substr(column, func.length(column) - len(part) + 1, len(part)) == part
    ordered = by_code_point(column)
    return and_(ordered >= part, ordered < part + _LAST)
