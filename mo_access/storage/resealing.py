"""The sealed columns, for sealing them anew under the current key."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from sqlalchemy import (
    Column,
    Select,
    Update,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    table,
    update,
)

from mo_access.storage.engine import Connection
from mo_access.storage.schema import BIG, person, session

PAGE: Final = 200
_WAIT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class Sealed(NamedTuple):
    """A row with a sealed value: what names it there, and its blind index where it has one.

    ``name`` is the id of a person, or in hexadecimal the hash of a session's id.
    """

    pk: int
    name: str
    sealed: bytes
    blind: bytes | None = None


_PEOPLE = (
    select(person.c.pk, person.c.id, person.c.insz_sealed, person.c.insz_index)
    .where(person.c.insz_sealed.is_not(None), person.c.pk > bindparam("after"))
    .order_by(person.c.pk)
    .limit(bindparam("page"))
)
_RESEAL = (
    update(person)
    .where(person.c.pk == bindparam("of"), person.c.insz_sealed == bindparam("old"))
    .values(insz_sealed=bindparam("new"), insz_index=bindparam("index"))
)
_ID_TOKEN, _REFRESH_TOKEN = session.c.id_token_sealed, session.c.refresh_sealed


def _tokens(held: Column[bytes]) -> Select[tuple[int, bytes, bytes]]:
    found = select(session.c.pk, session.c.id_hash, held)
    found = found.where(held.is_not(None), session.c.pk > bindparam("after"))
    return found.order_by(session.c.pk).limit(bindparam("page"))


def _reseal_token(held: Column[bytes]) -> Update:
    same = (session.c.pk == bindparam("of"), held == bindparam("old"))
    return update(session).where(*same).values({held: bindparam("new")})


_TOKENS = {held.name: _tokens(held) for held in (_ID_TOKEN, _REFRESH_TOKEN)}
_RESEAL_TOKEN = {held.name: _reseal_token(held) for held in (_ID_TOKEN, _REFRESH_TOKEN)}
ID_TOKEN: Final = _ID_TOKEN.name
REFRESH_TOKEN: Final = _REFRESH_TOKEN.name
_activity = table(
    "pg_stat_activity",
    column("pid"),
    column("datname"),
    column("xact_start"),
    column("backend_type"),
)
_MICROSECONDS: Final = literal(1_000_000, BIG)
_NOW = select(cast(func.extract("epoch", func.clock_timestamp()) * _MICROSECONDS, BIG))
_OLDER = select(func.count()).where(
    _activity.c.datname == func.current_database(),
    _activity.c.backend_type == "client backend",
    _activity.c.pid != func.pg_backend_pid(),
    func.extract("epoch", _activity.c.xact_start) * _MICROSECONDS <= bindparam("moment", type_=BIG),
)


def people(conn: Connection, after: int) -> list[Sealed]:
    """Give the next sealed numbers, with the id of whose they are, after this key."""
    rows = conn.all(_PEOPLE, {"after": after, "page": PAGE})
    return [Sealed(pk, name, bytes(sealed), bytes(index)) for pk, name, sealed, index in rows]


def tokens(conn: Connection, kind: str, after: int) -> list[Sealed]:
    """Give the next sealed tokens of a kind, with the hash that names their session.

    ``kind`` is ``ID_TOKEN`` or ``REFRESH_TOKEN``.
    """
    rows = conn.all(_TOKENS[kind], {"after": after, "page": PAGE})
    return [Sealed(pk, bytes(name).hex(), bytes(sealed)) for pk, name, sealed in rows]


def reseal(conn: Connection, row: Sealed, new: bytes, index: bytes) -> int:
    """Put new values in place of those of ``row``; 0 when somebody changed it meanwhile.

    Raises ``Duplicate`` when another person has the same index.
    """
    return conn.run(_RESEAL, {"of": row.pk, "old": row.sealed, "new": new, "index": index})


def reseal_token(conn: Connection, kind: str, row: Sealed, new: bytes) -> int:
    """Put the newly sealed token in place; 0 when the session ended meanwhile."""
    return conn.run(_RESEAL_TOKEN[kind], {"of": row.pk, "old": row.sealed, "new": new})


def wait_for_others(conn: Connection) -> bool:
    """Wait until all transactions that run now have ended; False when some do not in a minute."""
    if conn.database.dialect_name == "sqlite":
        # One writes at a time: who has the turn comes after all who had it.
        # A commit, so that what they did is on the disk before a key goes that it needs no more.
        conn.begin()
        conn.commit()
        return True
    found = conn.one(_NOW)
    moment = int(found[0]) if found else 0
    deadline = time.monotonic() + _WAIT_SECONDS
    while (older := conn.one(_OLDER, {"moment": moment})) and older[0]:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
