"""How many people and groups each client has, kept so that no list has to count them.

Each count stands in several rows, so that two writers of one client rarely wait for each other,
and a transaction adds to them last of all, so that they never wait in a circle.
"""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage.bookkeeping import list_total
from mo_access.storage.engine import Connection, Key

SHARDS: Final = 8
Kind = Literal["person", "group"]

_new = upsert(list_total).values(
    kind=bindparam("kind"),
    client_pk=bindparam("client"),
    shard=bindparam("shard"),
    amount=bindparam("by"),
)
_ADD = _new.on_conflict_do_update(
    index_elements=[list_total.c.kind, list_total.c.client_pk, list_total.c.shard],
    set_={"amount": list_total.c.amount + _new.excluded.amount},
)
_TOTAL = select(func.coalesce(func.sum(list_total.c.amount), 0)).where(
    list_total.c.kind == bindparam("kind"), list_total.c.client_pk == bindparam("client")
)


def add(conn: Connection, kind: Kind, client_pk: int, row_pk: int, by: int) -> None:
    """Count a row (its link or group) that this client has more, ``by`` -1 less, at the commit."""
    conn.owe((kind, client_pk, row_pk % SHARDS), by, _pay)


def total(conn: Connection, kind: Kind, client_pk: int) -> int:
    """Return how many people or groups this client has."""
    found = conn.one(_TOTAL, {"kind": kind, "client": client_pk})
    owed = sum(conn.owed((kind, client_pk, shard)) for shard in range(SHARDS))
    return owed + (int(found[0]) if found else 0)


def _pay(conn: Connection, key: Key, by: int) -> None:
    kind, client_pk, shard = key
    conn.run(_ADD, {"kind": kind, "client": client_pk, "shard": shard, "by": by})
