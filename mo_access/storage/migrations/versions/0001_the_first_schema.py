"""The first schema: every table as it was at release 0.1.0."""

from collections.abc import Sequence

from alembic import op

from mo_access.storage.migrations.frozen_0001 import metadata

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    """Remove every table, with what it holds."""
    metadata.drop_all(op.get_bind(), checkfirst=False)
