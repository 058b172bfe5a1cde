"""Statements are compiled once, and run with the values that they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Select, bindparam, select

from mo_access.storage.engine import Database
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


def test_databases_of_one_kind_share_what_is_compiled(tmp_path: Path) -> None:
    """The text of a statement is the dialect's; another file makes no other."""
    one, other = (Database(f"sqlite:///{tmp_path / name}") for name in ("a", "b"))
    assert one.statements is other.statements


@ENGINES
def test_a_list_of_values_is_written_out(engine: str) -> None:
    """A statement that carries its own values says how many there are."""
    statements = Statements(engine)
    for values in (["a"], ["b", "c"], ["d", "e", "f"]):
        found = statements.single(select(theme.c.name).where(theme.c.slug.in_(values)))
        assert [v for v in found.defaults.values() if isinstance(v, str)] == values
