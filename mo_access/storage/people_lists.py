"""Lists of people, as one client sees them (rules 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy import select

from mo_access.domain.criteria import Criteria, Sort
from mo_access.domain.model import Actor, Page, Query
from mo_access.domain.shapes import shaped
from mo_access.storage import criteria, ordering, people, totals
from mo_access.storage.engine import Connection
from mo_access.storage.listing import CLIENT, Asked, Source, kept, listed, on_page
from mo_access.storage.operands import Makers
from mo_access.storage.people import LinkRow
from mo_access.storage.schema import link

_PAGE: Final = {
    platform: people.columns(platform=platform).where(link.c.pk.in_(on_page))
    for platform in (False, True)
}


@kept
def source(
    shape: Criteria | None, sort: Sort | None, *, descending: bool, platform: bool
) -> Source:
    """Return what a bound or a platform client lists with queries of this shape."""
    makers, start = Makers(), not criteria.selective(shape)
    seen = people.scope(CLIENT, platform=platform, start=start)
    client = None if platform else CLIENT
    where = criteria.where(shape, "person", client, makers)
    return Source(
        keys=select().select_from(link).where(seen, where),
        rows=_PAGE[platform],
        order=ordering.order(sort, "person", client, descending=descending),
        makers=makers,
    )


def find(
    conn: Connection, actor: Actor, query: Query, blind: Callable[[str], bytes]
) -> Page[LinkRow]:
    """Return a page of the visible links that meet the query.

    ``blind`` turns an INSZ into the two indexes to look it up by, one behind the other.
    """
    shape, values = shaped(query.criteria, blind)
    form = source(shape, query.sort, descending=query.descending, platform=actor.platform)
    whole_list = shape is None and not actor.platform
    whole = partial(totals.total, conn, "person", actor.client_pk) if whole_list else None
    found = listed(conn, form, Asked(query, values, actor.client_pk, whole))
    return Page(found.total, tuple(LinkRow(*row) for row in found.rows), found.last)
