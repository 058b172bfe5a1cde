"""One page of a list and how many there are in all, in as few statements as can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Select, Text, bindparam, cast, func, select

from mo_access.domain.model import Position, Query
from mo_access.storage.constructs import json_texts
from mo_access.storage.criteria import Order
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import BIG

_KEYS: Final[BindParameter[str]] = bindparam("keys", type_=Text)
_listed: Final = json_texts(_KEYS)
on_page: Final = select(cast(_listed.c.value, BIG))
"""The keys of a page, as a statement for its rows asks for them."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is listed.

    ``keys`` selects nothing yet, from what meets the query; ``rows`` reads the rows whose keys
    are ``on_page``, the key first. ``whole`` tells how many keys there are without counting
    them, where that is known.
    """

    keys: Select[Any]
    rows: Select[Any]
    order: Order
    whole: Callable[[], int] | None


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a page; ``total`` is None when nobody asked, ``last`` when nothing comes after."""

    total: int | None
    rows: Sequence[Row]
    last: Position | None


def listed(conn: Connection, source: Source, query: Query) -> Listed:
    """Read a page. A page on which the list ends also tells the total, and nothing is counted."""
    found = conn.all(_page(source, query)) if query.count else []
    page = found[: query.count]
    rows = _rows(conn, source, [key for key, *_ in page])
    if len(found) > query.count:
        key, *value = page[-1]
        return Listed(_total(conn, source, query), rows, (value[0] if value else None, key))
    if query.count and query.after is None and (rows or query.start == 1):
        return Listed(query.start - 1 + len(rows), rows, None)
    return Listed(_total(conn, source, query), rows, None)


def _rows(conn: Connection, source: Source, keys: Sequence[int]) -> Sequence[Row]:
    if not keys:
        return ()
    found = {row[0]: row for row in conn.all(source.rows, {"keys": json.dumps(keys)})}
    return [found[key] for key in keys if key in found]


def _total(conn: Connection, source: Source, query: Query) -> int | None:
    if not query.counted:
        return None
    if source.whole is not None:
        return source.whole()
    keys = source.keys.add_columns(source.order.key)
    found = conn.one(select(func.count()).select_from(keys.subquery()))
    return int(found[0]) if found else 0


def _page(source: Source, query: Query) -> Select[Any]:
    """Choose the keys, in an index if there is one for it.

    One more than asked tells whether the list goes on.
    """
    order = source.order
    keys = source.keys.add_columns(order.key).order_by(*order.clauses())
    if order.value is not None:
        keys = keys.add_columns(order.value)
    if query.after is not None:
        keys = keys.where(order.after(*query.after))
    if query.start > 1:
        keys = keys.offset(query.start - 1)
    return keys.limit(query.count + 1)
