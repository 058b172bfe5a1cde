"""Comparisons that mean the same on SQLite and PostgreSQL, whatever the database's collation."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mo_access.domain.criteria import Op
from mo_access.storage.operands import Operand

_LAST: Final = "\U0010ffff"
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


def stands(column: ColumnElement[Any], op: Op, value: Operand) -> ColumnElement[bool]:
    """Tell whether the column holds a value in this relation; never NULL, also for no value."""
    holds = _holds(column, op, value)
    return and_(column.is_not(None), holds) if getattr(column, "nullable", False) else holds


def _holds(column: ColumnElement[Any], op: Op, value: Operand) -> ColumnElement[bool]:
    if op is Op.EQ:
        return column == value.param()
    if op is Op.NE:
        return column != value.param()
    if op in {Op.CO, Op.SW, Op.EW} and value.slot.kind is str:
        return _within(column, op, value)
    ordered, asked = by_code_point(column), value.param()
    if op is Op.GT:
        return ordered > asked
    if op is Op.GE:
        return ordered >= asked
    return ordered < asked if op is Op.LT else ordered <= asked


def _within(column: ColumnElement[Any], op: Op, part: Operand) -> ColumnElement[bool]:
    """Find a part without LIKE, whose wildcards and case rules differ between the engines."""
    if not part.slot.size:
        return column.is_not(None)
    if op is Op.CO:
        return func.replace(column, part.param(), "") != column
    if op is Op.EW:
        start = func.length(column) - part.length() + 1
        return func.substr(column, start, part.length()) == part.param()
    ordered = by_code_point(column)
    return and_(ordered >= part.param(), ordered < part.text(_past))


def _past(part: str) -> str:
    return part + _LAST
