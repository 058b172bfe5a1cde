"""Sessions that end, and what they held: told by the very statement that deletes them."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.sql.dml import ReturningDelete

from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import session


class Ended(NamedTuple):
    """A session that is no more; the sealed refresh token opens with the hash of its id."""

    provider: str
    issuer: str
    subject: str
    id_hash: bytes
    refresh_sealed: bytes | None


Ending = ReturningDelete[tuple[str, str, str, bytes, bytes | None]]
END: Final[Ending] = delete(session).returning(
    session.c.provider,
    session.c.issuer,
    session.c.subject,
    session.c.id_hash,
    session.c.refresh_sealed,
)
_HELD: Final = (
    select(session.c.pk)
    .where(
        session.c.issuer == bindparam("issuer"),
        session.c.subject == bindparam("subject"),
        session.c.refresh_sealed.is_not(None),
        session.c.expires > bindparam("now"),
        session.c.seen > bindparam("idle_since"),
    )
    .limit(1)
)
_IS_THERE: Final = select(session.c.pk).where(session.c.id_hash == bindparam("hash"))


def end(conn: Connection, statement: Ending, params: Params) -> list[Ended]:
    """Delete the sessions that a form of ``END`` means and return them."""
    return [Ended(*row) for row in conn.all(statement, params)]


def is_there(conn: Connection, id_hash: bytes) -> bool:
    """Tell whether the session with this hash has not ended."""
    return conn.one(_IS_THERE, {"hash": id_hash}) is not None


def holds_another(conn: Connection, issuer: str, subject: str, now: int, idle_since: int) -> bool:
    """Tell whether a session of the same sign-in at the provider still holds a refresh token."""
    asked: Params = {"issuer": issuer, "subject": subject, "now": now, "idle_since": idle_since}
    return conn.one(_HELD, asked) is not None
