"""The sealed columns, for sealing them anew under the current key."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from mo_access.storage.engine import Connection
from mo_access.storage.schema import person, session

PAGE: Final = 200

_PEOPLE = (
    select(person.c.pk, person.c.id, person.c.insz_sealed)
    .where(person.c.insz_sealed.is_not(None), person.c.pk > bindparam("after"))
    .order_by(person.c.pk)
    .limit(bindparam("page"))
)
_RESEAL = (
    update(person)
    .where(person.c.pk == bindparam("of"), person.c.insz_sealed == bindparam("old"))
    .values(insz_sealed=bindparam("new"))
)
_SESSIONS = select(session.c.id_token_sealed, session.c.refresh_sealed)


def people(conn: Connection, after: int) -> list[tuple[int, str, bytes]]:
    """Give the next (key, id, sealed INSZ) after this key."""
    rows = conn.all(_PEOPLE, {"after": after, "page": PAGE})
    return [(pk, person_id, bytes(sealed)) for pk, person_id, sealed in rows]


def reseal(conn: Connection, pk: int, old: bytes, new: bytes) -> int:
    """Put the newly sealed value in place of ``old``; 0 when somebody changed it meanwhile."""
    return conn.run(_RESEAL, {"of": pk, "old": old, "new": new})


def session_tokens(conn: Connection) -> list[bytes]:
    """Give every sealed ID token and refresh token."""
    rows = conn.all(_SESSIONS, {})
    return [bytes(sealed) for row in rows for sealed in row if sealed is not None]
