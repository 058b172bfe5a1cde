"""Sessions that follow their provider: when somebody signed in there, and the refresh token."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COLUMNS: Final = (
    ("auth_time", _BIG),
    ("refresh_sealed", sa.LargeBinary),
    ("renew_at", _BIG),
    ("renewing_until", _BIG),
)


def upgrade() -> None:
    """Add the columns; a session of before has none of this and is never renewed."""
    for name, kind in _COLUMNS:
        op.add_column("session", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Remove the columns, and with them the refresh tokens."""
    for name, _ in reversed(_COLUMNS):
        op.drop_column("session", name)
