"""The number beside its index where a human under a block is known by it, for key rotation."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; the service fills it when it next touches or rotates who is blocked."""
    op.add_column("block_key", sa.Column("sealed", sa.LargeBinary, nullable=True))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("block_key", "sealed")
