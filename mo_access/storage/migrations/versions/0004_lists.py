"""Lists at any size: texts that hold a part are found by trigrams, and totals are kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SHARDS = 8
_TABLES = (("link", "person"), ("group_", "group"))
# Of a long address only the beginning stands in ``folded``; it is ASCII.
_FOLDED = "CASE WHEN length(folded) < 600 THEN folded ELSE lower(exact) END"
_PARTS = {
    "link": """
        SELECT link.user_key AS part
        UNION SELECT link.external_key WHERE link.external_key IS NOT NULL
        UNION SELECT {folded} FROM link_value WHERE link_value.link_pk = link.pk
    """,
    "group_": """
        SELECT group_.display_key AS part
        UNION SELECT {folded} FROM group_value WHERE group_value.group_pk = group_.pk
    """,
}
_FILL = "UPDATE {table} SET parts = (SELECT {joined} FROM ({parts}) AS every_part)"
_COUNT = """
INSERT INTO list_total (kind, client_pk, shard, amount)
SELECT '{kind}', client_pk, pk % {shards}, count(*) FROM {table} GROUP BY client_pk, pk % {shards}
"""
_WHERE_TRIGRAMS = """
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'pg_trgm' AND has_schema_privilege(pg_namespace.oid, 'USAGE')
"""
# Deleting from an external-content index takes the text that was indexed, so that triggers,
# which see the old row, are the one place that cannot forget it.
_TRIGRAMS = (
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


def upgrade() -> None:
    """Add the columns and indexes and fill them from what is there."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    joined = "group_concat(part, char(10))" if sqlite else "string_agg(part, chr(10))"
    for table, _ in _TABLES:
        op.add_column(table, sa.Column("parts", sa.Text, nullable=False, server_default=""))
        parts = _PARTS[table].format(folded=_FOLDED)
        op.execute(_FILL.format(table=table, joined=joined, parts=parts))
        op.create_index(f"ix_{table}_client_pk", table, ["client_pk"])
    for column in ("display_key", "external_id"):
        op.create_index(f"ix_group__{column}", "group_", [column])
    op.create_table(
        "list_total",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("client_pk", _BIG, nullable=False),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("amount", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "client_pk", "shard", name="pk_list_total"),
        sa.ForeignKeyConstraint(["client_pk"], ["client.pk"], name="fk_list_total_client_pk"),
    )
    for table, kind in _TABLES:
        op.execute(_COUNT.format(kind=kind, table=table, shards=_SHARDS))
    if sqlite:
        for table, _ in _TABLES:
            for statement in _TRIGRAMS:
                op.execute(statement.format(table=table))
    else:
        _postgresql_trigrams()


def downgrade() -> None:
    """Remove all of it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.drop_table("list_total")
    for column in ("display_key", "external_id"):
        op.drop_index(f"ix_group__{column}", "group_")
    for table, _ in _TABLES:
        if sqlite:
            for event in ("added", "dropped", "changed"):
                op.execute(f"DROP TRIGGER {table}_parts_{event}")
            op.execute(f"DROP TABLE {table}_parts")
        op.drop_index(f"ix_{table}_client_pk", table)
        op.drop_column(table, "parts")


def _postgresql_trigrams() -> None:
    """Index the texts where the extension can be had; without it they are read one by one."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return
    # An administrator may have put the extension into a schema that no path leads to.
    for (schema,) in connection.execute(sa.text(_WHERE_TRIGRAMS)).all():
        for table, _ in _TABLES:
            of = f"{table} USING gin (parts {schema}.gin_trgm_ops)"
            op.execute(f"CREATE INDEX ft_{table}_parts ON {of}")
