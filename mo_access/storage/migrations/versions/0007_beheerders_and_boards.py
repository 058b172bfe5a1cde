"""Who watches over beheerders, successions on a day, and rights outside a client's bounds."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXTS = (
    ("institution", "successor_next"),
    ("institution", "successor_from"),
    ("affiliation", "reason"),
)
_FLAGS = (
    ("client", "beheerders", "1"),
    ("affiliation", "outside", "0"),
    ("direct_grant", "outside", "0"),
    ("group_", "outside", "0"),
)
_NO_BEHEERDERS = (
    """
    UPDATE affiliation SET role = 'gebruiker' WHERE role = 'beheerder' AND link_pk IN (
        SELECT link.pk FROM link JOIN client ON client.pk = link.client_pk
        WHERE client.beheerders = 0
    )
    """,
    """
    UPDATE group_ SET role = 'gebruiker' WHERE role = 'beheerder'
    AND client_pk IN (SELECT pk FROM client WHERE beheerders = 0)
    """,
)


def upgrade() -> None:
    """Add the columns and the table; the first sweep finds who has a beheerder."""
    for table, name in _TEXTS:
        op.add_column(table, sa.Column(name, sa.Text, nullable=True))
    for table, name, default in _FLAGS:
        op.add_column(table, sa.Column(name, _BIG, nullable=False, server_default=default))
    op.create_table(
        "beheerder_watch",
        sa.Column("institution_pk", _BIG, nullable=False),
        sa.Column("missing_since", _BIG, nullable=True),
        sa.PrimaryKeyConstraint("institution_pk", name="pk_beheerder_watch"),
        sa.ForeignKeyConstraint(
            ["institution_pk"], ["institution.pk"], name="fk_beheerder_watch_institution_pk"
        ),
    )


def downgrade() -> None:
    """Remove them, with the rights that the release before would read as a broker's.

    It lets every client make beheerders, so who was made one by a client that may not is left the
    gebruiker that the person is.
    """
    for statement in _NO_BEHEERDERS:
        op.execute(statement)
    op.execute("DELETE FROM affiliation WHERE form IN ('retained', 'recovery') OR outside = 1")
    op.execute("DELETE FROM direct_grant WHERE outside = 1")
    op.execute(
        "UPDATE group_ SET theme_pk = NULL, institution_pk = NULL, role = NULL WHERE outside = 1"
    )
    op.drop_table("beheerder_watch")
    for table, name, _ in _FLAGS:
        op.drop_column(table, name)
    for table, name in _TEXTS:
        op.drop_column(table, name)
