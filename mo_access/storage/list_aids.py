"""What lists lean on beside the tables: trigram indexes and kept totals; to check and to mend.

No ``Table`` can describe them (migration 0004 made them first). Without an index the answers are
the same and slower; a total that drifted is shown to clients as ``totalResults``.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection as CoreConnection
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from mo_access.storage.totals import SHARDS

TABLES: Final = {"link": "person", "group_": "group"}
WITHOUT_TRIGRAMS: Final = (
    "pg_trgm is not installed: filters with co and ew read row by row. Let an administrator run "
    "CREATE EXTENSION pg_trgm, then mo-access db mend"
)
_INDEX: Final = (
    """
    CREATE VIRTUAL TABLE {table}_parts USING fts5(
        parts, content='{table}', content_rowid='pk', tokenize='trigram', detail=none, columnsize=0
    )
    """,
    "INSERT INTO {table}_parts({table}_parts) VALUES ('rebuild')",
    """
    CREATE TRIGGER {table}_parts_added AFTER INSERT ON {table} BEGIN
        INSERT INTO {table}_parts(rowid, parts) VALUES (new.pk, new.parts);
    END
    """,
    """
    CREATE TRIGGER {table}_parts_dropped AFTER DELETE ON {table} BEGIN
        INSERT INTO {table}_parts({table}_parts, rowid, parts) VALUES ('delete', old.pk, old.parts);
    END
    """,
    """
    CREATE TRIGGER {table}_parts_changed AFTER UPDATE OF parts ON {table}
    WHEN old.parts IS NOT new.parts BEGIN
        INSERT INTO {table}_parts({table}_parts, rowid, parts) VALUES ('delete', old.pk, old.parts);
        INSERT INTO {table}_parts(rowid, parts) VALUES (new.pk, new.parts);
    END
    """,
)
_TRIGGERS: Final = ("added", "dropped", "changed")
# Compares the index with the rows themselves, not only with itself.
_COMPARE: Final = "INSERT INTO {table}_parts({table}_parts, rank) VALUES ('integrity-check', 1)"
_SCHEMA_OF_TRIGRAMS: Final = """
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'pg_trgm' AND has_schema_privilege(pg_namespace.oid, 'USAGE')
"""
_IS_VALID: Final = """
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ft_{table}_parts')
"""
_DRIFTED: Final = """
SELECT client.name, coalesce(counted.n, 0), coalesce(kept.n, 0) FROM client
LEFT JOIN (SELECT client_pk, count(*) AS n FROM {table} GROUP BY client_pk) AS counted
    ON counted.client_pk = client.pk
LEFT JOIN (SELECT client_pk, sum(amount) AS n FROM list_total WHERE kind = '{kind}'
    GROUP BY client_pk) AS kept ON kept.client_pk = client.pk
WHERE coalesce(counted.n, 0) <> coalesce(kept.n, 0) ORDER BY client.name
"""
_COUNT: Final = """
INSERT INTO list_total (kind, client_pk, shard, amount)
SELECT '{kind}', client_pk, pk % {shards}, count(*) FROM {table} GROUP BY client_pk, pk % {shards}
"""


def faults(connection: CoreConnection) -> tuple[str, ...]:
    """Tell what is missing or wrong, a sentence each; reads every row that is indexed."""
    found = [fault for table in TABLES for fault in _index_faults(connection, table)]
    for table, kind in TABLES.items():
        drifted = connection.execute(text(_DRIFTED.format(table=table, kind=kind))).all()
        found += [
            f"total of {kind}s of client {name!r}: kept {kept}, counted {counted}"
            for name, counted, kept in drifted
        ]
    return tuple(found)


def remarks(connection: CoreConnection) -> tuple[str, ...]:
    """Tell what is no fault and costs speed."""
    if connection.dialect.name == "sqlite" or _schema_of_trigrams(connection):
        return ()
    return (WITHOUT_TRIGRAMS,)


def mend(connection: CoreConnection) -> None:
    """Make the indexes anew where something is wrong, and count every total again.

    In the caller's transaction, which keeps writers out; on PostgreSQL an index is made only
    where ``pg_trgm`` is installed.
    """
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.execute(text("LOCK TABLE link, group_, list_total IN SHARE ROW EXCLUSIVE MODE"))
    for table in TABLES:
        if _index_faults(connection, table):
            (_mend_sqlite if sqlite else _mend_postgresql)(connection, table)
    connection.execute(text("DELETE FROM list_total"))
    for table, kind in TABLES.items():
        connection.execute(text(_COUNT.format(kind=kind, table=table, shards=SHARDS)))


def _index_faults(connection: CoreConnection, table: str) -> tuple[str, ...]:
    look = _sqlite_faults if connection.dialect.name == "sqlite" else _postgresql_faults
    return look(connection, table)


def _sqlite_faults(connection: CoreConnection, table: str) -> tuple[str, ...]:
    wanted = {f"{table}_parts", *(f"{table}_parts_{event}" for event in _TRIGGERS)}
    there = set(connection.execute(text("SELECT name FROM sqlite_master")).scalars())
    if missing := sorted(wanted - there):
        return (f"missing: {', '.join(missing)}",)
    try:
        with connection.begin_nested():
            connection.execute(text(_COMPARE.format(table=table)))
    except DatabaseError:
        return (f"{table}_parts does not agree with its table",)
    return ()


def _postgresql_faults(connection: CoreConnection, table: str) -> tuple[str, ...]:
    if not _schema_of_trigrams(connection):
        return ()
    valid = connection.execute(text(_IS_VALID.format(table=table))).scalar()
    return () if valid else (f"missing or unfinished: ft_{table}_parts",)


def _schema_of_trigrams(connection: CoreConnection) -> str | None:
    found: str | None = connection.execute(text(_SCHEMA_OF_TRIGRAMS)).scalar()
    return found


def _mend_sqlite(connection: CoreConnection, table: str) -> None:
    for event in _TRIGGERS:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_parts_{event}"))
    connection.execute(text(f"DROP TABLE IF EXISTS {table}_parts"))
    for statement in _INDEX:
        connection.execute(text(statement.format(table=table)))


def _mend_postgresql(connection: CoreConnection, table: str) -> None:
    schema = _schema_of_trigrams(connection)
    connection.execute(text(f"DROP INDEX IF EXISTS ft_{table}_parts"))
    of = f"{table} USING gin (parts {schema}.gin_trgm_ops)"
    connection.execute(text(f"CREATE INDEX ft_{table}_parts ON {of}"))
