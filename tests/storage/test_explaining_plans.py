"""What explains access reads by indexes only: its cost does not grow with people or events."""

from __future__ import annotations

import re
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.sql.elements import CompilerElement

from mo_access.storage import access, beheerders, facts, history, named, review, theme_holders
from mo_access.storage.engine import Connection, Database, Params

_SCAN: Final = re.compile(r"SCAN (\w+)|Seq Scan on (\w+)")
_SMALL: Final = {"line", "institution", "theme", "client", "alembic_version"}
ASKED: Final[dict[str, tuple[CompilerElement, Params]]] = {
    "history": (
        history._HISTORY,
        {"person": "p", "since": 0, "at_": "", "before": 9, "page": 9},
    ),
    "named": (named._NAMED, {"typed": "p", "folded": "p"}),
    "who": (
        access._PEOPLE_OF_THEME,
        {"slug": "s", "number": "900001", "everyone": 1, "client": 0},
    ),
    "who, by pages": (
        theme_holders._PAGE,
        {"slug": "s", "number": "900001", "after": 0, "page": 9},
    ),
    "affiliations of many here": (
        facts._AFFILIATIONS_AT,
        {"pks": '["1"]', "numbers": '["900001"]', "now": 1},
    ),
    "grants of many here": (
        facts._GRANTS_AT,
        {"pks": '["1"]', "numbers": '["900001"]', "theme": "s", "now": 1},
    ),
    "people by key": (facts._PEOPLE_BY_KEY, {"pks": '["1"]'}),
    "review": (review._PAGE, {"number": "900001", "after": 0, "page": 9, "now": 1}),
    "names": (review._NAMES, {"wanted": '["1"]'}),
    "names by key": (named._NAMES_BY_KEY, {"keys": '["1"]'}),
    "last": (review._LAST, {"number": "900001"}),
    "standing": (beheerders._STANDING, {"head": 1, "today": "2026-11-24"}),
    "affiliations": (facts._AFFILIATIONS, {"pk": 1, "now": 1}),
    "grants": (facts._GRANTS, {"pk": 1, "now": 1}),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_big_table_is_read_whole(database: Database, name: str) -> None:
    """PostgreSQL would read an empty table whole: it is told to do so only where it must."""
    statement, params = ASKED[name]
    with database.connect() as conn:
        lines = _plan(conn, statement, params)
    read = {found[1] or found[2] for line in lines for found in _SCAN.finditer(line)}
    whole = {table for table in read if not re.match(r"(anon|json)_|there|held", table)} - _SMALL
    assert whole == set(), lines


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", sorted(ASKED))
def test_nobody_is_looked_for_among_all_of_a_client(database: Database, name: str) -> None:
    """SQLite knows no sizes: it would walk over a nation to find who is in one group."""
    statement, params = ASKED[name]
    with database.connect() as conn:
        lines = _plan(conn, statement, params)
    assert not [line for line in lines if "ix_link_client_pk" in line]


def _plan(conn: Connection, statement: CompilerElement, params: Params) -> list[str]:
    prepared = conn.database.statements.fixed(statement)
    if conn.database.dialect_name == "sqlite":
        rows = conn.raw.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bound(params))
        return [row[3] for row in rows.fetchall()]
    conn.begin()
    conn.run(text("SET LOCAL enable_seqscan = off"))
    found = conn.raw.execute(f"EXPLAIN {prepared.sql}", prepared.bound(params))
    return [row[0] for row in found.fetchall()]
