"""The refresh tokens of sessions: whose turn it is to use one, and what came of it."""

from __future__ import annotations

from sqlalchemy import bindparam, func, or_, select, update

from mo_access.storage.engine import Connection
from mo_access.storage.schema import session

_MINE = update(session).where(
    session.c.pk == bindparam("pk_"), session.c.renewing_until == bindparam("mine")
)
_CLAIM = (
    update(session)
    .where(
        session.c.pk == bindparam("pk_"),
        session.c.renew_at <= bindparam("now"),
        session.c.refresh_sealed.is_not(None),
        or_(session.c.renewing_until.is_(None), session.c.renewing_until <= bindparam("now")),
    )
    .values(renewing_until=bindparam("until"))
)
_HELD = select(session.c.id_hash, session.c.refresh_sealed, session.c.id_token_sealed).where(
    session.c.pk == bindparam("pk")
)
_KEEP = _MINE.values(
    refresh_sealed=bindparam("refresh"),
    id_token_sealed=func.coalesce(bindparam("id_token"), session.c.id_token_sealed),
    renew_at=bindparam("at"),
    expires=bindparam("expires"),
    renewing_until=None,
)
_POSTPONE = _MINE.values(renew_at=bindparam("at"), renewing_until=None)


def claim(conn: Connection, pk: int, now: int, until: int) -> bool:
    """Take the turn until then; False when it is not due, or is somebody else's."""
    return conn.run(_CLAIM, {"pk_": pk, "now": now, "until": until}) == 1


def held(conn: Connection, pk: int) -> tuple[bytes, bytes, bytes] | None:
    """Return the id's hash, the sealed refresh token and the sealed ID token of a session."""
    found = conn.one(_HELD, {"pk": pk})
    if found is None or found[1] is None or found[2] is None:
        return None
    return bytes(found[0]), bytes(found[1]), bytes(found[2])


def keep(  # noqa: PLR0913 - what a renewal brings
    conn: Connection,
    pk: int,
    mine: int,
    *,
    refresh: bytes,
    id_token: bytes | None,
    at: int,
    expires: int,
) -> bool:
    """Store what a renewal brought; False when the turn was lost meanwhile."""
    row = {"refresh": refresh, "id_token": id_token, "at": at, "expires": expires}
    return conn.run(_KEEP, {"pk_": pk, "mine": mine, **row}) == 1


def postpone(conn: Connection, pk: int, mine: int, at: int) -> bool:
    """Give the turn back and try again then; False when the turn was lost meanwhile."""
    return conn.run(_POSTPONE, {"pk_": pk, "mine": mine, "at": at}) == 1
