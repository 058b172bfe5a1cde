"""The client of a provider in mode ``jit`` or ``hybrid``: it owns whom its sign-ins made.

It has no token and no institutions, so it never calls and speaks for no place; it is trusted for
no issuer, so no sign-in finds anybody by what its links are called.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from mo_access.storage import clients
from mo_access.storage.engine import Connection, Duplicate
from mo_access.storage.schema import client

_FIND: Final = select(client.c.pk, client.c.id).where(
    client.c.provider == bindparam("issuer"), client.c.revoked.is_(None)
)
_STAND: Final = (
    update(client).values(provider=bindparam("issuer")).where(client.c.pk == bindparam("pk_"))
)


def find(conn: Connection, issuer: str) -> tuple[int, str] | None:
    """Return (key, id) of the client that stands for this issuer's sign-ins."""
    row = conn.one(_FIND, {"issuer": issuer})
    return None if row is None else (int(row[0]), str(row[1]))


def add(conn: Connection, issuer: str, client_id: str, name: str, now: int) -> int:
    """Make the client that stands for an issuer; a name that is taken gets its id behind it."""
    try:
        with conn.savepoint():
            pk = _new(conn, client_id, name, now)
    except Duplicate:
        pk = _new(conn, client_id, f"{name} ({client_id[:8]})", now)
    conn.run(_STAND, {"issuer": issuer, "pk_": pk})
    return pk


def _new(conn: Connection, client_id: str, name: str, now: int) -> int:
    return clients.add(
        conn,
        {
            "id": client_id,
            "name": name,
            "platform": 0,
            "default_institution": None,
            "profile": "lenient",
            "scopes": "",
            "created": now,
            "beheerders": 1,
        },
    )
