"""SQL that the two engines spell differently, as one expression."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Text, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias


class _JsonTexts(FunctionElement[str]):
    """The texts of a JSON array as rows of one column, ``value``."""

    name = "json_texts"
    inherit_cache = True


@compiles(_JsonTexts, "sqlite")
def _sqlite(element: _JsonTexts, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_JsonTexts, "postgresql")
def _postgresql(element: _JsonTexts, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"


class _JsonPairs(FunctionElement[str]):
    """The members of a JSON object as rows of two columns, ``key`` and ``value``."""

    name = "json_pairs"
    inherit_cache = True


@compiles(_JsonPairs, "sqlite")
def _pairs_sqlite(element: _JsonPairs, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_JsonPairs, "postgresql")
def _pairs_postgresql(element: _JsonPairs, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"json_each_text(CAST({compiler.process(element.clauses, **options)} AS json))"


def json_pairs(texts: BindParameter[str]) -> TableValuedAlias:
    """Return a table with the columns ``key`` and ``value``: one row for each member of an object.

    A null in the object is NULL in ``value``.
    """
    return _JsonPairs(texts).table_valued(column("key", Text), column("value", Text))


def json_texts(texts: BindParameter[str]) -> TableValuedAlias:
    """Return a table with the column ``value``: one row for each text of a JSON array.

    Sends any number of ids as one parameter, so that a statement is compiled once.
    """
    return _JsonTexts(texts).table_valued(column("value", Text))


class _JoinedWords(FunctionElement[str]):
    """The texts of a column as one text with spaces between."""

    name = "joined_words"
    type = Text()
    inherit_cache = True


@compiles(_JoinedWords, "sqlite")
def _words_sqlite(element: _JoinedWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"group_concat({compiler.process(element.clauses, **options)}, ' ')"


@compiles(_JoinedWords, "postgresql")
def _words_postgresql(element: _JoinedWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - passed on
    return f"string_agg({compiler.process(element.clauses, **options)}, ' ')"


def joined_words(texts: ColumnElement[str]) -> ColumnElement[str]:
    """Return an aggregate: the texts, which hold no space, as one text; NULL when there is none."""
    return _JoinedWords(texts)
