"""Keys of rows that are still to be written: what hangs on a row can be written beside it."""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import bindparam, func, select

from mo_access.storage.engine import Connection
from mo_access.storage.schema import BIG, audit_event, group, link, person

Keyed = Literal["person", "link", "group_", "audit_event"]
"""The tables whose keys can be reserved."""
_TABLES: Final = (person, link, group, audit_event)
_TAKEN = {table.name: select(func.coalesce(func.max(table.c.pk), 0)) for table in _TABLES}
_DRAWN = {
    table.name: select(func.nextval(func.pg_get_serial_sequence(table.name, "pk"))).select_from(
        func.generate_series(1, bindparam("count", type_=BIG))
    )
    for table in _TABLES
}


def reserve(conn: Connection, table: Keyed, count: int) -> list[int]:
    """Take so many keys of a table, in their order; the transaction is one that writes.

    PostgreSQL draws them from the table's own sequence, so that whoever writes one by one at the
    same time, or later, gets others; on SQLite nobody else writes.
    """
    if not count:
        return []
    if conn.database.dialect_name == "sqlite":
        found = conn.one(_TAKEN[table], {})
        first = int(found[0]) + 1 if found else 1
        return list(range(first, first + count))
    return sorted(int(row[0]) for row in conn.all(_DRAWN[table], {"count": count}))
