"""How often something happened to a client in an hour, where nothing more is worth a row."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage.bookkeeping import client_tally
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import client

HOUR: Final = 3_600_000_000

_t = client_tally.c
# The engines spell this upsert alike; PostgreSQL's construct compiles on both.
_counted = upsert(client_tally).values(
    {name: bindparam(name) for name in ("hour", "client_pk", "kind", "name", "times", "last")}
)
_sent = _counted.excluded
_ADD = _counted.on_conflict_do_update(
    index_elements=["hour", "client_pk", "kind", "name"],
    set_={
        "times": _t.times + _sent.times,
        "last": case((_sent.last > _t.last, _sent.last), else_=_t.last),
    },
)
_ALL = (
    select(client.c.id, _t.kind, _t.name, func.sum(_t.times), func.max(_t.last))
    .join_from(client_tally, client, _t.client_pk == client.c.pk)
    .where(_t.hour > bindparam("since"))
    .group_by(client.c.id, _t.kind, _t.name)
    .order_by(func.sum(_t.times).desc(), _t.name)
)
_SWEEP = delete(client_tally).where(_t.hour < bindparam("before"))


def add(conn: Connection, counts: list[tuple[int, str, str, int, int]]) -> None:
    """Add (client key, kind, name, times, last time) to what the hour of that time has.

    In one order, so that two processes that do this at once never wait for each other in a circle.
    """
    conn.many(_ADD, [_row(*one) for one in sorted(counts)])


def _row(
    client_pk: int, kind: str, name: str, times: int, last: int
) -> dict[str, int | str | bytes | None]:
    return {
        "hour": last - last % HOUR,
        "client_pk": client_pk,
        "kind": kind,
        "name": name,
        "times": times,
        "last": last,
    }


def counted(conn: Connection, since: int) -> list[Row]:
    """Give (client id, kind, name, times, last); the hour that ``since`` is in counts whole."""
    return conn.all(_ALL, {"since": since - HOUR})


def sweep(conn: Connection, before: int) -> int:
    """Delete the hours that began before; returns how many rows."""
    return conn.run(_SWEEP, {"before": before})
