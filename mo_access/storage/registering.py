"""Making a person: who is under a block is known again from the first moment (issue 4, item 9)."""

from __future__ import annotations

from sqlalchemy import bindparam, insert

from mo_access.storage import bars
from mo_access.storage.bars import Record
from mo_access.storage.engine import Connection
from mo_access.storage.schema import person

_NEW_PERSON = (
    insert(person)
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
    .returning(person.c.pk)
)


def new_person(
    conn: Connection,
    person_id: str,
    owner_pk: int,
    insz: tuple[bytes, bytes] | None,
    now: int,
    record: Record,
) -> int:
    """Insert a person; ``insz`` is (sealed, index) or None. Raises ``Duplicate`` on the index.

    Who is known to be under a block, by the number or else by the client's ``record``, is so from
    the start.
    """
    sealed, index = insz or (None, None)
    return conn.insert(
        _NEW_PERSON,
        {
            "id": person_id,
            "owner": owner_pk,
            "active": 1,
            "sealed": sealed,
            "index": index,
            "now": now,
            **record.params,
            "bar_insz": index.hex() if index else "",
        },
    )
