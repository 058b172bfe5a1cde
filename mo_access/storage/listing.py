"""One page of a list and how many there are in all, in as few statements as can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Protocol

from sqlalchemy import BindParameter, Integer, Select, Text, bindparam, cast, func, select

from mo_access.domain.criteria import Criteria, Sort
from mo_access.domain.model import Position, Query
from mo_access.domain.shapes import terms
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Row
from mo_access.storage.operands import Makers
from mo_access.storage.ordering import Order
from mo_access.storage.schema import BIG
from mo_access.storage.statements import Params, Value

SHAPES: Final = 128
TERMS: Final = 10
"""So many shapes of queries are kept, of so many terms each; clients ask in a handful of them.

A term takes some 30 kB: were any shape kept, one client could fill the memory with them.
"""
DEEP: Final = 1_000
"""A page that begins behind so many rows is worth asking first how many there are."""
CLIENT: Final[BindParameter[int]] = bindparam("client", type_=BIG)
_KEYS: Final[BindParameter[str]] = bindparam("keys", type_=Text)
_listed: Final = json_texts(_KEYS)
on_page: Final = select(cast(_listed.c.value, BIG))
"""The keys of a page, as a statement for its rows asks for them."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Source:
    """What is listed by all queries of one shape.

    ``keys`` selects nothing yet, from what meets the query; ``rows`` reads the rows whose keys
    are ``on_page``, the key first.
    """

    keys: Select[Any]
    rows: Select[Any]
    order: Order
    makers: Makers
    made: dict[tuple[bool, ...], Select[Any]] = field(default_factory=dict)
    """Statements made of it, which are forgotten with it."""


class Make(Protocol):
    """Makes the source of a shape of queries."""

    def __call__(
        self, shape: Criteria | None, sort: Sort | None, *, descending: bool, platform: bool
    ) -> Source:
        """Return what a bound or a platform client lists with queries of this shape."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a page; ``total`` is None when nobody asked, ``last`` when nothing comes after."""

    total: int | None
    rows: Sequence[Row]
    last: Position | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with the values of its shape, and who asks.

    ``whole`` tells how many there are in all without counting them, where that is known.
    """

    query: Query
    values: Sequence[Value]
    client_pk: int
    whole: Callable[[], int] | None = None


def listed(conn: Connection, source: Source, asked: Asked) -> Listed:
    """Read a page. A page on which the list ends also tells the total, and nothing is counted."""
    query, params = asked.query, source.makers.params(asked.values) | {"client": asked.client_pk}
    if is_deep(asked):
        return _deep(conn, source, asked, params)
    found = _found(conn, source, query, params) if query.count else []
    page = found[: query.count]
    rows = _rows(conn, source, [key for key, *_ in page])
    if len(found) > query.count:
        key, *value = page[-1]
        last = (value[0] if value else None, key)
        return Listed(_total(conn, source, asked, params), rows, last)
    if query.count and query.after is None and (rows or query.start == 1):
        return Listed(query.start - 1 + len(rows), rows, None)
    return Listed(_total(conn, source, asked, params), rows, None)


def is_deep(asked: Asked) -> bool:
    """Tell whether the page is far behind the start of a list whose length is kept."""
    query = asked.query
    known = asked.whole is not None and query.counted and query.sort is None
    return known and query.count > 0 and query.start > DEEP


def nearer(first: int, end: int, total: int) -> tuple[int, bool]:
    """Return how many rows to skip to reach rows ``first`` to ``end``, and whether from the end."""
    return (total - end, True) if first > total - end else (first, False)


def _deep(conn: Connection, source: Source, asked: Asked, params: Params) -> Listed:
    """Read a page from the nearer end: what a deep ``startIndex`` costs is skipping rows."""
    query, total = asked.query, _total(conn, source, asked, params) or 0
    first, end = query.start - 1, min(query.start - 1 + query.count, total)
    if first >= end:
        return Listed(total, (), None)
    skipped, backwards = nearer(first, end, total)
    statement = _page(source, goes_on=False, missing=False, backwards=backwards)
    own = {"limit_": end - first, "offset_": skipped}
    keys = [key for key, *_ in conn.all(statement, {**params, **own})]
    if backwards:
        keys.reverse()
    last = (None, keys[-1]) if keys and end < total else None
    return Listed(total, _rows(conn, source, keys), last)


def kept(make: Make) -> Make:
    """Make a source once for each shape that is worth keeping, any other anew."""
    held = lru_cache(maxsize=SHAPES)(make)

    def found(
        shape: Criteria | None, sort: Sort | None, *, descending: bool, platform: bool
    ) -> Source:
        way = make if terms(shape) > TERMS else held
        return way(shape, sort, descending=descending, platform=platform)

    return found


def page_of(source: Source, query: Query) -> tuple[Select[Any], Params]:
    """Return the statement for the keys of a page, and its own parameters.

    One more than asked tells whether the list goes on.
    """
    value, key = query.after or (None, None)
    own = {"limit_": query.count + 1, "offset_": query.start - 1}
    if key is None:
        return _page(source, goes_on=False, missing=False), own
    after = {"after_key": key} if value is None else {"after_key": key, "after_value": value}
    return _page(source, goes_on=True, missing=value is None), own | after


def _page(source: Source, *, goes_on: bool, missing: bool, backwards: bool = False) -> Select[Any]:
    form = (goes_on, missing, backwards)
    found = source.made.get(form)
    if found is None:
        order = source.order.turned() if backwards else source.order
        made = _paged(source, order, goes_on=goes_on, missing=missing)
        found = source.made[form] = made
    return found


def _paged(source: Source, order: Order, *, goes_on: bool, missing: bool) -> Select[Any]:
    keys = source.keys.add_columns(order.key).order_by(*order.clauses())
    if order.value is not None:
        keys = keys.add_columns(order.value)
    if goes_on:
        keys = keys.where(order.after(missing=missing))
    return keys.limit(bindparam("limit_", type_=Integer)).offset(
        bindparam("offset_", type_=Integer)
    )


def _counted(source: Source) -> Select[Any]:
    found = source.made.get(())
    if found is None:
        keys = source.keys.add_columns(source.order.key)
        found = source.made[()] = select(func.count()).select_from(keys.subquery())
    return found


def _found(conn: Connection, source: Source, query: Query, params: Params) -> list[Row]:
    statement, own = page_of(source, query)
    return conn.all(statement, {**params, **own})


def _rows(conn: Connection, source: Source, keys: Sequence[int]) -> Sequence[Row]:
    if not keys:
        return ()
    found = {row[0]: row for row in conn.all(source.rows, {"keys": json.dumps(keys)})}
    return [found[key] for key in keys if key in found]


def _total(conn: Connection, source: Source, asked: Asked, params: Params) -> int | None:
    if not asked.query.counted:
        return None
    if asked.whole is not None:
        return asked.whole()
    found = conn.one(_counted(source), params)
    return int(found[0]) if found else 0
