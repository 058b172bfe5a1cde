"""Rights that come with a session from claims, and the providers that stand for their people."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_REFERENCES = (
    ("session_pk", "session", "CASCADE"),
    ("person_pk", "person", None),
    ("institution_pk", "institution", None),
    ("theme_pk", "theme", None),
)
_END_SESSIONS = (
    # SQLite minds no foreign keys here, and gives the keys of sessions again.
    """
    DELETE FROM session_reach WHERE session_pk IN (SELECT pk FROM session WHERE mode <> 'scim')
    """,
    "DELETE FROM session_right",
    "DELETE FROM session WHERE mode <> 'scim'",
)
_REVOKE = """
UPDATE client SET revoked = coalesce(revoked, created) WHERE provider IS NOT NULL
"""
_INACTIVE = """
UPDATE link SET active = 0
WHERE client_pk IN (SELECT pk FROM client WHERE provider IS NOT NULL)
"""


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("client", sa.Column("provider", sa.Text, nullable=True))
    op.create_index("ix_client_provider", "client", ["provider"], unique=True)
    op.add_column("session", sa.Column("mode", sa.Text, nullable=False, server_default="scim"))
    op.create_table(
        "session_right",
        sa.Column("pk", _BIG, nullable=False, autoincrement=True),
        sa.Column("session_pk", _BIG, nullable=False),
        sa.Column("person_pk", _BIG, nullable=False),
        sa.Column("institution_pk", _BIG, nullable=False),
        sa.Column("theme_pk", _BIG, nullable=True),
        sa.Column("role", sa.Text, nullable=True),
        sa.Column("idle", _BIG, nullable=False),
        sa.Column("created", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_session_right"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.pk"], name=f"fk_session_right_{name}", ondelete=rule
            )
            for name, target, rule in _REFERENCES
        ),
    )
    op.create_index("ix_session_right_session_pk", "session_right", ["session_pk"])
    op.create_index("ix_session_right_person_pk", "session_right", ["person_pk"])
    op.create_index(
        "ix_session_right_institution_pk_person_pk",
        "session_right",
        ["institution_pk", "person_pk"],
    )


def downgrade() -> None:
    """Remove them, with the sessions whose rights the release before would read otherwise.

    It would take the client of a provider for one whose word about people counts, so that is
    revoked and its links are switched off: nobody comes in, or stays somebody, by them.
    """
    for statement in (*_END_SESSIONS, _INACTIVE, _REVOKE):
        op.execute(statement)
    op.drop_table("session_right")
    op.drop_column("session", "mode")
    op.drop_index("ix_client_provider", "client")
    op.drop_column("client", "provider")
