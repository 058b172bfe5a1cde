"""What a database holds, table by table, without what differs from one run to the next.

Ids become the keys of their rows; times, hashes, sealed numbers and secrets go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import LargeBinary, Table, select

from mo_access.service import sealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Connection
from mo_access.storage.interventions import metadata
from mo_access.storage.schema import person

REQUESTS: Final = frozenset({"client_activity", "client_tally", "idempotency", "lease"})
"""Who sent no request has none on record."""
_TIMES: Final = frozenset({"created", "modified", "at", "expires", "last"})
_SECRET: Final = frozenset({("client_secret", "id")})
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHANCE: Final = re.compile(r'"(request|subjects|token)":"[^"]*"')
Dump = dict[str, list[tuple[str, ...]]]


def dump(unit: Callable[[], UnitOfWork]) -> Dump:
    """Return the rows of every table, in an order of their own."""
    with unit() as uow:
        ids = _ids(uow.conn)
        tables = [t for t in metadata.sorted_tables if t.name not in REQUESTS]
        return {table.name: sorted(_rows(uow.conn, table, ids)) for table in tables}


def numbers(unit: Callable[[], UnitOfWork]) -> list[tuple[int, str]]:
    """Open the number of everybody who has one."""
    wanted = select(person.c.pk, person.c.id, person.c.insz_sealed).order_by(person.c.pk)
    with unit() as uow:
        return [
            (pk, uow.keys.open(sealing.of_person(known), bytes(sealed)))
            for pk, known, sealed in uow.conn.all(wanted)
            if sealed is not None
        ]


def _ids(conn: Connection) -> dict[str, str]:
    """Name every id after its row."""
    named = [t for t in metadata.sorted_tables if {"pk", "id"} <= set(t.c.keys())]
    return {
        str(known): f"<{table.name} {pk}>"
        for table in named
        for known, pk in conn.all(select(table.c.id, table.c.pk))
    }


def _rows(conn: Connection, table: Table, ids: dict[str, str]) -> Iterator[tuple[str, ...]]:
    columns = [c for c in table.columns if _counts(table, c.name)]
    for row in conn.all(select(*columns)):
        yield tuple(_text(value, ids) for value in row)


def _counts(table: Table, name: str) -> bool:
    binary = isinstance(table.c[name].type, LargeBinary)
    kept = not binary or name == "insz_index"
    return kept and name not in _TIMES and (table.name, name) not in _SECRET


def _text(value: Any, ids: dict[str, str]) -> str:  # noqa: ANN401 - any column
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    text = _CHANCE.sub(r'"\1"', str(value))
    return _ID.sub(lambda found: ids.get(found[0], "<id>"), text)
