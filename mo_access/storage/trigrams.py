"""Rows that may hold a text, found by its trigrams instead of by reading every row.

SQLite keeps them in a full-text table beside ``link`` and ``group_`` (triggers of the schema hold
it to ``parts``), PostgreSQL in a ``pg_trgm`` index where that extension is installed. What is
found is a superset: the comparison itself is made on the value.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from mo_access.domain.shapes import SIZES
from mo_access.storage.operands import Operand
from mo_access.storage.schema import group, link

SHORTEST: Final = SIZES
"""A shorter text has no trigram."""
TRIGRAMS_ASKED: Final = 12
"""So many trigrams narrow it down; more only cost."""
_TABLES: Final = {"person": link, "group": group}


class _MayHold(FunctionElement[Any]):
    """Tells whether a row is among those whose ``parts`` may hold a text."""

    # A boolean would be written ``… = 1`` on SQLite, which hides the IN from its planner.
    type = NullType()
    name = "may_hold"
    inherit_cache = True


@compiles(_MayHold, "sqlite")
def _matched(element: _MayHold, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    owner, trigrams, rows = element.clauses
    index = f"{rows.element.get_final_froms()[0].element.name}_parts"
    asked = compiler.process(trigrams, **options)
    found = f"SELECT rowid FROM {index} WHERE {index} MATCH {asked}"  # noqa: S608 - a table of ours
    return f"{compiler.process(owner, **options)} IN ({found})"


@compiles(_MayHold, "postgresql")
def _like(element: _MayHold, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    owner, _, rows = element.clauses
    return f"{compiler.process(owner, **options)} IN {compiler.process(rows, **options)}"


def may_hold(owner: ColumnElement[int], kind: str, text: Operand) -> ColumnElement[bool] | None:
    """Tell which owners (keys of ``link`` or ``group_``) may hold the text; None: any may.

    ``kind`` is ``person`` or ``group``.
    """
    if text.slot.size < SHORTEST:
        return None
    table = _TABLES[kind].alias()
    held = table.c.parts.like(text.folded.text(_pattern), escape="/")
    rows = select(table.c.pk).where(held).correlate(None)
    return _MayHold(owner, text.folded.text(_question), rows.scalar_subquery())


def joined(texts: set[str]) -> str:
    """Return what ``parts`` holds of a row with these folded texts."""
    return "\n".join(sorted(texts))


def _question(text: str) -> str:
    """Ask for all the trigrams of a text, or for some spread over a long one."""
    places = range(len(text) - SHORTEST + 1)
    step = -(-len(places) // TRIGRAMS_ASKED)
    found = dict.fromkeys(text[at : at + SHORTEST] for at in places[::step])
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in found)


def _pattern(text: str) -> str:
    plain = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{plain}%"
