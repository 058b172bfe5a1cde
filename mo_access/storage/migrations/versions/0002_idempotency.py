"""Answers that can be replayed to a client that repeats a request (design section 2)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table, frozen as it was when this revision was written."""
    op.create_table(
        "idempotency",
        sa.Column("client_pk", _BIG, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("at", _BIG, nullable=False),
        sa.Column("status", _BIG, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("client_pk", "key", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["client_pk"], ["client.pk"], name="fk_idempotency_client_pk"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])


def downgrade() -> None:
    """Remove the table; what it holds is worth a day at most."""
    op.drop_table("idempotency")
