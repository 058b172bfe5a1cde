"""Values that count once: state, nonce, jti, each kind apart; only hashes are stored."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, insert, select

from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import one_time

_PUT = insert(one_time).values(
    {name: bindparam(name) for name in ("kind", "value_hash", "owner", "payload", "expires")}
)
_TAKE = (
    delete(one_time)
    .where(one_time.c.kind == bindparam("kind_"), one_time.c.value_hash == bindparam("hash"))
    .returning(one_time.c.payload, one_time.c.expires)
)
Hashes = tuple[bytes, bytes, bytes, bytes]
_PLACES = ("first", "second", "third", "fourth")
_FIND = select(one_time.c.value_hash, one_time.c.payload).where(
    one_time.c.kind == bindparam("kind"),
    one_time.c.value_hash.in_([bindparam(place) for place in _PLACES]),
    one_time.c.expires > bindparam("now"),
)
_COUNT = select(func.count()).where(
    one_time.c.kind == bindparam("kind"), one_time.c.owner == bindparam("owner")
)
_SWEEP = delete(one_time).where(one_time.c.expires <= bindparam("now"))
_DROP_OLDEST = delete(one_time).where(
    one_time.c.kind == bindparam("kind_"),
    one_time.c.value_hash.in_(
        select(one_time.c.value_hash)
        .where(one_time.c.kind == bindparam("kind_"), one_time.c.owner == bindparam("owner_"))
        .order_by(one_time.c.expires)
        .limit(1)
    ),
)


def put(
    conn: Connection, kind: str, value_hash: bytes, owner: str | None, payload: str, expires: int
) -> None:
    """Store a value. Raises ``Duplicate`` when it is there already."""
    row = {"kind": kind, "value_hash": value_hash, "owner": owner}
    conn.run(_PUT, {**row, "payload": payload, "expires": expires})


def take(conn: Connection, kind: str, value_hash: bytes) -> tuple[str, int] | None:
    """Delete the value and return (payload, expires): of many at once only one gets it."""
    found = conn.one(_TAKE, {"kind_": kind, "hash": value_hash})
    return (str(found[0]), int(found[1])) if found else None


def find(conn: Connection, kind: str, hashes: Hashes, now: int) -> dict[bytes, str]:
    """Return the payloads of those values that have not expired, and leave them where they are."""
    asked: Params = {"kind": kind, "now": now, **dict(zip(_PLACES, hashes, strict=True))}
    return {bytes(row[0]): str(row[1]) for row in conn.all(_FIND, asked)}


def count(conn: Connection, kind: str, owner: str) -> int:
    """Return how many values of this kind an owner has."""
    found = conn.one(_COUNT, {"kind": kind, "owner": owner})
    return int(found[0]) if found else 0


def drop_oldest(conn: Connection, kind: str, owner: str) -> None:
    """Delete the owner's value that would expire first."""
    conn.run(_DROP_OLDEST, {"kind_": kind, "owner_": owner})


def sweep(conn: Connection, now: int) -> int:
    """Delete what has expired."""
    return conn.run(_SWEEP, {"now": now})
