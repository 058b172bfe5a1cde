"""What the database is asked, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mo_access.storage.engine import Connection


@contextmanager
def asked(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the SQL that runs inside the block, on either engine; a batch is one."""
    seen: list[str] = []
    prepared, many, text = Connection._prepared, Connection.many, Connection._text

    def seen_prepared(self: Connection, statement: Any, params: Any) -> Any:  # noqa: ANN401 - passed on
        found = prepared(self, statement, params)
        seen.append(found[0].sql)
        return found

    def seen_many(self: Connection, statement: Any, rows: Any) -> None:  # noqa: ANN401 - passed on
        if len(rows) > 1:  # a batch of one is sent, and seen, as a statement
            seen.append(self.database.statements.fixed(statement).sql)
        many(self, statement, rows)

    def seen_text(self: Connection, sql: str) -> None:
        seen.append(sql)
        text(self, sql)

    with patch.context() as held:
        held.setattr(Connection, "_prepared", seen_prepared)
        held.setattr(Connection, "many", seen_many)
        held.setattr(Connection, "_text", seen_text)
        yield seen


@contextmanager
def touched(patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Give how many rows each statement inside the block returned or changed."""
    seen: list[int] = []
    every, one, run = Connection.all, Connection.one, Connection.run

    def seen_all(self: Connection, statement: Any, params: Any = None) -> Any:  # noqa: ANN401 - passed on
        found = every(self, statement, params)
        seen.append(len(found))
        return found

    def seen_one(self: Connection, statement: Any, params: Any = None) -> Any:  # noqa: ANN401 - passed on
        found = one(self, statement, params)
        seen.append(int(found is not None))
        return found

    def seen_run(self: Connection, statement: Any, params: Any = None) -> int:  # noqa: ANN401 - passed on
        changed = run(self, statement, params)
        seen.append(changed)
        return changed

    with patch.context() as held:
        held.setattr(Connection, "all", seen_all)
        held.setattr(Connection, "one", seen_one)
        held.setattr(Connection, "run", seen_run)
        yield seen
