"""Blocks that outlive the rows that they were set on, and ends of affiliations that were told."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_INSTITUTIONS = "SELECT pk, blocked FROM institution WHERE blocked IS NOT NULL"
_PEOPLE = """
SELECT pk, id, blocked, insz_index FROM person WHERE blocked IS NOT NULL
"""
_AFFILIATIONS = """
SELECT person.pk, person.id, affiliation.institution_pk, min(affiliation.blocked), person.insz_index
FROM affiliation JOIN person ON person.pk = affiliation.person_pk
WHERE affiliation.blocked IS NOT NULL GROUP BY 1, 2, 3, 5
"""
_REASONS = """
UPDATE {0} SET blocked = coalesce((SELECT reason FROM block WHERE block.id = {0}.blocked), blocked)
WHERE blocked IS NOT NULL
"""
_FORGET_ENDED = (
    """
    UPDATE group_ SET size = (
        SELECT count(*) FROM membership WHERE group_pk = group_.pk AND ended IS NULL
    ), version = version + 1
    WHERE pk IN (SELECT group_pk FROM membership WHERE ended IS NOT NULL)
    """,
    "DELETE FROM membership WHERE ended IS NOT NULL",
    "DELETE FROM direct_grant WHERE ended IS NOT NULL",
)
_MARKS = {
    "institution": "UPDATE institution SET blocked = :id WHERE pk = :pk",
    "person": "UPDATE person SET blocked = :id WHERE pk = :pk",
    "affiliation": """
        UPDATE affiliation SET blocked = :id WHERE person_pk = :pk AND institution_pk = :at
    """,
}


def upgrade() -> None:
    """Make the tables; what was blocked by hand before is a block like any other."""
    block = op.create_table(
        "block",
        sa.Column("pk", _BIG, nullable=False, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bar", sa.Text, nullable=True),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("institution_pk", _BIG, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", _BIG, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_block"),
        sa.UniqueConstraint("id", name="uq_block_id"),
        sa.ForeignKeyConstraint(
            ["institution_pk"], ["institution.pk"], name="fk_block_institution_pk"
        ),
    )
    op.create_index("ix_block_bar_institution_pk", "block", ["bar", "institution_pk"])
    key = op.create_table(
        "block_key",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("bar", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "scope", "value", "bar", name="pk_block_key"),
    )
    op.create_index("ix_block_key_bar", "block_key", ["bar"])
    _make_ends()
    op.add_column("person", sa.Column("bar", sa.Text, nullable=True))
    for table in ("membership", "direct_grant"):
        op.add_column(table, sa.Column("ended", _BIG, nullable=True))
    op.create_index("ix_affiliation_end_day", "affiliation", ["end_day"])
    _take_over(block, key)


def downgrade() -> None:
    """Remove the tables; what is blocked stays blocked, on the rows that are there.

    The release before keeps the reason where this one keeps the id of the block. It knows no theme
    that ended and would let it be read again, so those go.
    """
    for table in ("institution", "person", "affiliation"):
        op.execute(_REASONS.format(table))
    for statement in _FORGET_ENDED:
        op.execute(statement)
    op.drop_index("ix_affiliation_end_day", "affiliation")
    for table in ("membership", "direct_grant"):
        op.drop_column(table, "ended")
    op.drop_column("person", "bar")
    for table in ("affiliation_end", "block_key", "block"):
        op.drop_table(table)


def _make_ends() -> None:
    op.create_table(
        "affiliation_end",
        sa.Column("person_pk", _BIG, nullable=False),
        sa.Column("institution_pk", _BIG, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("end_day", sa.Text, nullable=False),
        sa.Column("noticed", _BIG, nullable=True),
        sa.Column("ended", _BIG, nullable=True),
        sa.PrimaryKeyConstraint(
            "person_pk", "institution_pk", "role", "end_day", name="pk_affiliation_end"
        ),
        sa.ForeignKeyConstraint(["person_pk"], ["person.pk"], name="fk_affiliation_end_person_pk"),
        sa.ForeignKeyConstraint(
            ["institution_pk"], ["institution.pk"], name="fk_affiliation_end_institution_pk"
        ),
    )


def _take_over(block: sa.Table, key: sa.Table) -> None:
    """Make a row of each block by hand; the INSZ alone is known of the human here."""
    bars: dict[int, str] = {}
    for pk, reason in _all(_INSTITUTIONS):
        _write(block, {"kind": "institution", "institution_pk": pk, "reason": reason}, pk)
    for pk, person, reason, index in _all(_PEOPLE):
        of = {"bar": _bar(bars, key, pk, index), "person": person}
        _write(block, {"kind": "person", "reason": reason, **of}, pk)
    for pk, person, at, reason, index in _all(_AFFILIATIONS):
        of = {"bar": _bar(bars, key, pk, index), "person": person, "institution_pk": at}
        _write(block, {"kind": "affiliation", "reason": reason, **of}, pk)


def _all(query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in op.get_bind().execute(sa.text(query))]


def _bar(bars: dict[int, str], key: sa.Table, pk: int, index: bytes | None) -> str:
    if pk not in bars:
        bars[pk] = str(uuid.uuid4())
        mark = "UPDATE person SET bar = :bar WHERE pk = :pk"
        op.get_bind().execute(sa.text(mark), {"bar": bars[pk], "pk": pk})
        if index is not None:
            row = {"kind": "insz", "scope": "", "value": bytes(index).hex(), "bar": bars[pk]}
            op.bulk_insert(key, [row])
    return bars[pk]


def _write(block: sa.Table, told: dict[str, Any], pk: int) -> None:
    made = str(uuid.uuid4())
    empty = {"bar": None, "person": None, "institution_pk": None}
    op.bulk_insert(block, [{**empty, "id": made, "since": 0, "set_by": "before", **told}])
    marks = {"id": made, "pk": pk}
    if told["kind"] == "affiliation":
        marks["at"] = told["institution_pk"]
    op.get_bind().execute(sa.text(_MARKS[told["kind"]]), marks)
