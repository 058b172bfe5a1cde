"""Who an audit event is about, when somebody last signed in, and reviews of who has access."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BY_INSTITUTION = ("affiliation", "direct_grant")
# The column repeats what the sealed body says, so no hash changes.
_WHO = {
    "sqlite": "UPDATE audit_event SET person = json_extract(body, '$.person')",
    "postgresql": "UPDATE audit_event SET person = CAST(body AS json) ->> 'person'",
}
_LAST = """
INSERT INTO last_sign_in (person_pk, at)
SELECT person.pk, max(audit_event.at) FROM audit_event JOIN person ON person.id = audit_event.person
WHERE audit_event.kind = 'sign_in' AND audit_event.outcome = 'ok' GROUP BY person.pk
"""


def upgrade() -> None:
    """Add columns, indexes and tables; fill the columns from what the audit trail says."""
    op.add_column("audit_event", sa.Column("person", sa.Text))
    op.execute(_WHO[op.get_bind().dialect.name])
    op.create_index("ix_audit_event_person_pk", "audit_event", ["person", "pk"])
    op.create_table(
        "last_sign_in",
        sa.Column("person_pk", _BIG, nullable=False, autoincrement=False),
        sa.Column("at", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("person_pk", name="pk_last_sign_in"),
        sa.ForeignKeyConstraint(["person_pk"], ["person.pk"], name="fk_last_sign_in_person_pk"),
    )
    op.execute(_LAST)
    for table in _BY_INSTITUTION:
        columns = ["institution_pk", "person_pk"]
        op.create_index(f"ix_{table}_institution_pk_person_pk", table, columns)
    event = sa.ForeignKeyConstraint(
        ["event_pk"], ["audit_event.pk"], name="fk_audit_subject_event_pk", ondelete="CASCADE"
    )
    op.create_table(
        "audit_subject",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("event_pk", _BIG, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "event_pk", "what", name="pk_audit_subject"),
        event,
    )
    op.create_index("ix_audit_subject_event_pk", "audit_subject", ["event_pk"])
    op.create_table(
        "access_review",
        sa.Column("pk", _BIG, nullable=False, autoincrement=True),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("at", _BIG, nullable=False),
        sa.Column("people", _BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_access_review"),
    )
    op.create_index("ix_access_review_institution_pk", "access_review", ["institution", "pk"])


def downgrade() -> None:
    """Remove all of it; the trail itself stays as it was sealed."""
    op.drop_table("access_review")
    op.drop_table("audit_subject")
    for table in _BY_INSTITUTION:
        op.drop_index(f"ix_{table}_institution_pk_person_pk", table)
    op.drop_table("last_sign_in")
    op.drop_index("ix_audit_event_person_pk", "audit_event")
    op.drop_column("audit_event", "person")
