"""Subjects of providers that are numbers of the national register, kept by a keyed name."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_NAMED = "(SELECT pk FROM session WHERE subject LIKE 'insz:%')"
_FORGET = (
    # SQLite minds no foreign keys here, and gives the keys of sessions again.
    f"DELETE FROM session_reach WHERE session_pk IN {_NAMED}",  # noqa: S608 - ours
    f"DELETE FROM session_right WHERE session_pk IN {_NAMED}",  # noqa: S608 - ours
    "DELETE FROM session WHERE subject LIKE 'insz:%'",
    "DELETE FROM identity WHERE subject LIKE 'insz:%'",
    "DELETE FROM link_identity WHERE subject LIKE 'insz:%'",
)


def upgrade() -> None:
    """Add the table; what stands in clear is renamed by the servers, which have the key."""
    op.create_table(
        "sealed_subject",
        sa.Column("pk", _BIG, nullable=False, autoincrement=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_sealed_subject"),
        sa.UniqueConstraint("issuer", "subject", name="uq_sealed_subject_issuer_subject"),
    )


def downgrade() -> None:
    """Remove it, with what stands under its names, which the release before cannot make.

    Above all no session stays that a provider could not end by its subject any more.
    """
    for statement in _FORGET:
        op.execute(statement)
    op.drop_table("sealed_subject")
