"""Lists of one or several kinds of resources, in pages by index (RFC 7644) or cursor (RFC 9865)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from flask import Response, request

from mo_access.domain.model import DEFAULT_PAGE, Position, Query
from mo_scim.endpoints import answer, calling
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.calling import Call
from mo_scim.mapping import cursors, filters, render
from mo_scim.mapping.cursors import Place
from mo_scim.mapping.refusals import InvalidFilter
from mo_web.shared import shared


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: from ``start`` or behind a place; ``counted``: also tell the total."""

    start: int
    count: int
    after: Position | None = None
    counted: bool = True

    def of(self, query: Query) -> Query:
        """Return the query for this part of its list."""
        return replace(
            query, start=self.start, count=self.count, after=self.after, counted=self.counted
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Rendered resources; ``last`` is where the next page goes on, None at the end of the list."""

    total: int | None
    items: Sequence[bytes]
    last: Position | None


List: TypeAlias = Callable[[Window], Found]
Kind: TypeAlias = Callable[[Call, Asked], List]
"""Reads what is asked of one kind of resource; raises ``InvalidFilter`` where it makes no sense."""


def page(asked: Asked, kind: Kind) -> Response:
    """Answer with a page of one kind."""
    call = calling.current()
    return _answer(call, asked, [kind(call, asked)])


def everything(asked: Asked, kinds: Sequence[Kind]) -> Response:
    """Answer with a page of several kinds, one after the other.

    An attribute of the filter that a kind lacks has no value there, as ``asked.across`` says; a
    kind that lacks the attribute to sort by comes in its own order.
    """
    call = calling.current()
    lists = [found for kind in kinds if (found := _prepared(call, asked, kind)) is not None]
    if not lists:
        filters.parse(asked.text("filter") or "")
        raise InvalidFilter("filter: fits no kind of resource. See GET /Schemas.")
    return _answer(call, asked, lists)


def _prepared(call: Call, asked: Asked, kind: Kind) -> List | None:
    for way in (asked, asked.unsorted()):
        try:
            return kind(call, way)
        except InvalidFilter:
            continue
    return None


def _answer(call: Call, asked: Asked, lists: Sequence[List]) -> Response:
    if asked.cursor is None:
        return _by_index(asked, lists)
    return _by_cursor(call, asked, asked.cursor, lists)


def _by_index(asked: Asked, lists: Sequence[List]) -> Response:
    total, items = 0, list[bytes]()
    for each in lists:
        found = each(Window(max(1, asked.start - total), asked.count - len(items)))
        total += found.total or 0
        items.extend(found.items)
    return answer.document(render.page(total, items, start=asked.start))


def _by_cursor(call: Call, asked: Asked, cursor: str, lists: Sequence[List]) -> Response:
    keys, now, query = shared().keys, call.uow.now, _query(call, asked)
    place, count = Place(0, None, 0), asked.page_size or DEFAULT_PAGE
    if cursor:
        place, count = cursors.opened(keys, query, cursor, asked.page_size, now)
    items, following = _filled(lists, place, count)
    if cursor:
        total = place.total
    else:
        total = sum(each(Window(1, 0)).total or 0 for each in lists) if following else len(items)
    if following is None:
        return answer.document(render.page(total, items))
    on = cursors.sealed(keys, query, replace(following, total=total), count, now)
    return answer.document(render.page(total, items, following=on))


def _filled(
    lists: Sequence[List], place: Place, count: int
) -> tuple[Sequence[bytes], Place | None]:
    """Go on from a place until the page is full; tell where the next one begins, if any does."""
    items = list[bytes]()
    for kind in range(place.kind, len(lists)):
        if len(items) == count:
            return items, Place(kind, None, 0)
        after = place.after if kind == place.kind else None
        found = lists[kind](Window(1, count - len(items), after, counted=False))
        items.extend(found.items)
        if found.last is not None:
            return items, Place(kind, found.last, 0)
    return items, None


def _query(call: Call, asked: Asked) -> str:
    """Name what a cursor is bound to: the client, and all that decides which list it is."""
    named = [request.path, asked.text("filter"), asked.text("sortby"), asked.descending]
    digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
    return f"{call.actor.client_id}:{digest}"
