"""Statements are compiled once, and run with the values that they are given."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, bindparam, select

from mo_access.storage.schema import theme
from mo_access.storage.statements import Statements

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


@ENGINES
def test_a_statement_is_compiled_once(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second use brings its own values and compiles nothing."""
    statements = Statements(engine)
    statement = select(theme.c.name).where(theme.c.slug == bindparam("slug"))
    first = statements.fixed(statement)

    def never(*_: object, **__: object) -> None:
        pytest.fail("compiled again")

    monkeypatch.setattr(Select, "compile", never)
    assert statements.fixed(statement) is first
    bound = first.bound({"slug": "b"})
    assert list(bound.values() if isinstance(bound, dict) else bound) == ["b"]


@ENGINES
def test_a_list_of_values_is_written_out(engine: str) -> None:
    """A statement that carries its own values says how many there are."""
    statements = Statements(engine)
    for values in (["a"], ["b", "c"], ["d", "e", "f"]):
        found = statements.single(select(theme.c.name).where(theme.c.slug.in_(values)))
        assert [v for v in found.defaults.values() if isinstance(v, str)] == values
