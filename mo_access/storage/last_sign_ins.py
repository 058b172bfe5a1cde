"""When people last signed in."""

from __future__ import annotations

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage.bookkeeping import last_sign_in
from mo_access.storage.engine import Connection

# A row of its own: signing in waits for nobody who changes the person, nor the other way round.
_noted = upsert(last_sign_in).values(person_pk=bindparam("person"), at=bindparam("now"))
_NOTE = _noted.on_conflict_do_update(index_elements=["person_pk"], set_={"at": _noted.excluded.at})
_FORGET = delete(last_sign_in).where(last_sign_in.c.person_pk == bindparam("person"))


def note(conn: Connection, person_pk: int, now: int) -> None:
    """Note when the person last signed in."""
    conn.run(_NOTE, {"person": person_pk, "now": now})


def forget(conn: Connection, person_pk: int) -> None:
    """Forget when somebody last signed in of whom only a tombstone stays."""
    conn.run(_FORGET, {"person": person_pk})
