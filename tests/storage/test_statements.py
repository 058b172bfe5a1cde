"""Statements are compiled once for each shape, and never answer with another query's values."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, func, select

from mo_access.storage.schema import theme
from mo_access.storage.statements import Statements

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


def named(*slugs: str) -> Select[tuple[str]]:
    """Build a query that carries its own values: one for each condition."""
    query = select(theme.c.name)
    for slug in slugs:
        query = query.where(theme.c.slug != slug)
    return query


@ENGINES
def test_a_shape_is_compiled_once(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second query of a shape brings its own values and is not compiled."""
    statements = Statements(engine)
    first = statements.single(named("a", "b"))

    def never(*_: object, **__: object) -> None:
        pytest.fail("compiled again")

    monkeypatch.setattr(Select, "compile", never)
    second = statements.single(named("c", "a"))
    assert second.sql == first.sql
    assert [[*p.defaults.values()] for p in (first, second)] == [["a", "b"], ["c", "a"]]


@ENGINES
def test_another_shape_is_another_statement(engine: str) -> None:
    """A condition, an order or a limit more is no value."""
    statements = Statements(engine)
    queries = (
        named("a"),
        named("a", "b"),
        named("a").order_by(theme.c.name),
        named("a").order_by(theme.c.name.desc()),
        named("a").limit(1),
        select(func.count()).select_from(named("a").subquery()),
        select(theme.c.name).where(theme.c.slug.is_(None)),
    )
    assert len({statements.single(query).sql for query in queries}) == len(queries)


@ENGINES
def test_a_list_of_values_is_written_out_each_time(engine: str) -> None:
    """The text depends on how many there are."""
    statements = Statements(engine)
    for values in (["a"], ["b", "c"], ["d", "e", "f"], ["g"]):
        found = statements.single(select(theme.c.name).where(theme.c.slug.in_(values)))
        assert [v for v in found.defaults.values() if isinstance(v, str)] == values


def test_only_so_many_shapes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends filter after filter of new shapes fills no memory."""
    monkeypatch.setattr("mo_access.storage.statements.SHAPES_KEPT", 10)
    statements = Statements("sqlite")
    for number in range(1, 60):
        statements.single(named(*["a"] * number))
    assert len(statements._shapes) <= 15
