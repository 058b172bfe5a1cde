"""Letting one node of several do a piece of work; who dies gives it up after a while."""

from __future__ import annotations

from sqlalchemy import bindparam, or_
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import lease

# The engines spell this upsert alike; PostgreSQL's construct compiles on both.
_lease = upsert(lease).values(
    name=bindparam("name"), holder=bindparam("holder"), expires=bindparam("expires")
)
_TAKE = _lease.on_conflict_do_update(
    index_elements=["name"],
    set_={"holder": _lease.excluded.holder, "expires": _lease.excluded.expires},
    where=or_(lease.c.expires < bindparam("now"), lease.c.holder == _lease.excluded.holder),
)


def take(conn: Connection, name: str, holder: str, now: int, lasting: int) -> bool:
    """Take or renew a lease for so many microseconds; False while another holds it."""
    row: Params = {"name": name, "holder": holder, "expires": now + lasting, "now": now}
    return conn.run(_TAKE, row) == 1
