"""Making a person: who is under a block is known again from the first moment (issue 4, item 9)."""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage import bars
from mo_access.storage.bars import Record
from mo_access.storage.engine import Connection
from mo_access.storage.schema import person

# The engines spell this alike; PostgreSQL's construct compiles on both.
_NEW_PERSON = (
    upsert(person)
    .values(
        id=bindparam("id"),
        owner_pk=bindparam("owner"),
        active=bindparam("active"),
        insz_sealed=bindparam("sealed"),
        insz_index=bindparam("index"),
        bar=bars.bar_of_new(),
        blocked=bars.block_of(bars.bar_of_new()),
        created=bindparam("now"),
        modified=bindparam("now"),
    )
    .on_conflict_do_nothing()
    .returning(person.c.pk, person.c.bar)
)


def new_person(
    conn: Connection,
    person_id: str,
    owner_pk: int,
    insz: tuple[bytes, bytes] | None,
    now: int,
    record: Record,
) -> tuple[int, str | None] | None:
    """Insert a person and return its key and bar; ``insz`` is (sealed, index) or None.

    None when somebody has the number, perhaps since a moment ago. One statement without a
    savepoint: a number that is new must not cost more than one that is known (rule 4).

    Who is known to be under a block, by the number or else by the client's ``record``, has its bar
    from the start, as it stood when the statement began.
    """
    sealed, index = insz or (None, None)
    made = conn.one(
        _NEW_PERSON,
        {
            "id": person_id,
            "owner": owner_pk,
            "active": 1,
            "sealed": sealed,
            "index": index,
            "now": now,
            **record.params,
            **bars.number_params(record.insz),
        },
    )
    return None if made is None else (int(made[0]), made[1])
