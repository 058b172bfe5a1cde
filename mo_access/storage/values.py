"""The searchable values of a link (design section 2, link_value)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert

from mo_access.domain.model import IndexedValue
from mo_access.storage.engine import Connection
from mo_access.storage.schema import link_value

_DROP = delete(link_value).where(
    link_value.c.link_pk == bindparam("link"),
    link_value.c.attribute == bindparam("attribute_"),
    link_value.c.ordinal == bindparam("ordinal_"),
    link_value.c.sub == bindparam("sub_"),
)
_ADD = insert(link_value).values(
    link_pk=bindparam("link"),
    attribute=bindparam("attribute"),
    ordinal=bindparam("ordinal"),
    sub=bindparam("sub"),
    exact=bindparam("exact"),
    folded=bindparam("folded"),
)


def change(
    conn: Connection, link_pk: int, before: Iterable[IndexedValue], after: Iterable[IndexedValue]
) -> None:
    """Turn the searchable values of a link from these into those: only what differs is written.

    What takes a place that should be empty gives way, so that no value can stand in the way.
    """
    held, wanted = set(before), tuple(after)
    places = {value[:3] for value in held.symmetric_difference(wanted)}
    names = ("attribute_", "ordinal_", "sub_")
    conn.many(_DROP, [{"link": link_pk, **dict(zip(names, at, strict=True))} for at in places])
    add(conn, link_pk, [value for value in wanted if value not in held])


def add(conn: Connection, link_pk: int, values: Iterable[IndexedValue]) -> None:
    """Store searchable values that a link does not have yet."""
    conn.many(
        _ADD,
        [
            {"link": link_pk, "attribute": a, "ordinal": o, "sub": s, "exact": e, "folded": f}
            for a, o, s, e, f in map(IndexedValue.cut, values)
        ],
    )
