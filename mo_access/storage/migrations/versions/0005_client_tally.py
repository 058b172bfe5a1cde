"""Counts by the hour: reads, and deviations, whose names stood in the detail of the activity."""

from collections import Counter
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BEFORE = """
SELECT at - at % 3600000000, client_pk, detail, count(*), max(at) FROM client_activity
WHERE status < 400 AND detail IS NOT NULL GROUP BY 1, 2, 3
"""


def upgrade() -> None:
    """Make the table and count what the activity tells; its own text is read no more."""
    table = op.create_table(
        "client_tally",
        sa.Column("hour", _BIG, nullable=False),
        sa.Column("client_pk", _BIG, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("times", _BIG, nullable=False),
        sa.Column("last", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("hour", "client_pk", "kind", "name", name="pk_client_tally"),
        sa.ForeignKeyConstraint(["client_pk"], ["client.pk"], name="fk_client_tally_client_pk"),
    )
    op.bulk_insert(table, _counted(op.get_bind().execute(sa.text(_BEFORE))))


def downgrade() -> None:
    """Remove the table; what was counted before it was made still stands in the activity."""
    op.drop_table("client_tally")


def _counted(rows: Iterable[Sequence[int | str]]) -> list[dict[str, int | str]]:
    times: Counter[tuple[int, int, str]] = Counter()
    last: dict[tuple[int, int, str], int] = {}
    for hour, client_pk, names, count, at in rows:
        for name in str(names).split():
            key = (int(hour), int(client_pk), name)
            times[key] += int(count)
            last[key] = max(last.get(key, 0), int(at))
    return [
        _row(hour, client_pk, name, count, last[hour, client_pk, name])
        for (hour, client_pk, name), count in times.items()
    ]


def _row(hour: int, client_pk: int, name: str, times: int, last: int) -> dict[str, int | str]:
    named: dict[str, int | str] = {"kind": "tolerated", "name": name}
    return {"hour": hour, "client_pk": client_pk, **named, "times": times, "last": last}
