"""How many numbers of the national register a client may ask for (issue 4, item 4).

There are some forty million of them: who may ask without end learns which of them are registered.
"""

from __future__ import annotations

from mo_access.domain.criteria import Column, comparisons
from mo_access.domain.model import Actor, Query
from mo_web.errors import TooMany
from mo_web.shared import shared


def numbers(actor: Actor, query: Query) -> None:
    """Count every number that a query compares with, found or not; ``TooMany`` beyond the rate.

    It is asked before the database is, so nothing tells whether a refused number is known.
    """
    asked = 0 if query.criteria is None else comparisons(query.criteria, Column.INSZ)
    seconds = shared().limits.numbers.take(actor.client_id, asked) if asked else 0
    if seconds:
        most = shared().settings.insz_searches_per_minute
        raise TooMany(seconds, f"filter: searches for more than {most} insz a minute")
