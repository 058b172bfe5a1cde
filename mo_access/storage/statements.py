"""Statements as the drivers take them: SQL text, and how its parameters are bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from weakref import WeakKeyDictionary

from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

Value = int | str | bytes | None
Params = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One compiled statement; ``names`` is the order of its parameters, None if bound by name."""

    sql: str
    names: tuple[str, ...] | None
    defaults: Params
    """Values that the expression itself carries."""

    @classmethod
    def of(cls, compiled: SQLCompiler) -> Self:
        """Take from a compiled statement what running it needs."""
        required = {name for name, bind in compiled.binds.items() if bind.required}
        own = {name: value for name, value in compiled.params.items() if name not in required}
        order = compiled.positiontup
        return cls(str(compiled), None if order is None else tuple(order), own)

    def bound(self, params: Params) -> Any:  # noqa: ANN401 - a list or a mapping, by driver
        """Return the parameters in the driver's form. Raises ``KeyError`` when one is missing."""
        values = {**self.defaults, **params} if self.defaults else params
        return values if self.names is None else [values[name] for name in self.names]


class Statements:
    """The statements of one dialect, each compiled once for as long as it lives."""

    def __init__(self, dialect_name: str) -> None:
        """Choose the dialect: ``sqlite`` or ``postgresql``."""
        # SQLAlchemy knows dialects by name and imports the one that is asked for.
        driver = "sqlite" if dialect_name == "sqlite" else "postgresql.psycopg"
        self._dialect: Dialect = registry.load(driver)()
        self._fixed: WeakKeyDictionary[CompilerElement, Prepared] = WeakKeyDictionary()

    def fixed(self, statement: CompilerElement) -> Prepared:
        """Prepare a statement that is made once and takes parameters."""
        found = self._fixed.get(statement)
        if found is None:
            found = self._fixed[statement] = self._prepared(statement, {})
        return found

    def single(self, statement: CompilerElement) -> Prepared:
        """Prepare a statement that carries its own values."""
        return self._prepared(statement, {"render_postcompile": True})

    def _prepared(self, statement: CompilerElement, options: dict[str, bool]) -> Prepared:
        compiled = statement.compile(dialect=self._dialect, compile_kwargs=options)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - every statement here is SQL
        return Prepared.of(compiled)


@cache
def statements_for(dialect_name: str) -> Statements:
    """Return the one `Statements` of a dialect: its texts are the same for every database."""
    return Statements(dialect_name)
