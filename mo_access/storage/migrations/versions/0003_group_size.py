"""The number of members stands in the group's row, so that no write has to count them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COUNTED = """
UPDATE group_ SET size =
    (SELECT count(*) FROM membership WHERE membership.group_pk = group_.pk)
"""


def upgrade() -> None:
    """Add the column and count what is there."""
    op.add_column("group_", sa.Column("size", _BIG, nullable=False, server_default="0"))
    op.execute(_COUNTED)


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("group_", "size")
