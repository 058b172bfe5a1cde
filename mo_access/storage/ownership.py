"""Which client owns a person: whose attributes a platform client sees (design section 2)."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from mo_access.storage.engine import Connection
from mo_access.storage.schema import client, person

_OWNER = (
    select(person.c.pk, client.c.id)
    .join_from(person, client, client.c.pk == person.c.owner_pk, isouter=True)
    .where(person.c.id == bindparam("id"))
    .with_for_update(of=person)
)
_HAND_OVER = (
    update(person)
    .values(owner_pk=bindparam("owner"), modified=bindparam("now"))
    .where(person.c.pk == bindparam("person"))
)


def owner(conn: Connection, person_id: str) -> tuple[int, str | None] | None:
    """Return the person's key and the id of the owning client, held until the commit."""
    row = conn.one(_OWNER, {"id": person_id})
    return None if row is None else (int(row[0]), row[1])


def set_owner(conn: Connection, person_pk: int, client_pk: int, now: int) -> None:
    """Make this client the owner."""
    conn.run(_HAND_OVER, {"person": person_pk, "owner": client_pk, "now": now})
