"""Cursors of RFC 9865: the place where a page ended, sealed for one client and one query.

Nobody can read or make one. It opens only with the query that it belongs to: that query is what
it is bound to as associated data, never something that it tells.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from mo_access.domain.keys import KeyRing, SealBroken
from mo_access.domain.model import Position
from mo_scim.mapping.refusals import ExpiredCursor, InvalidCount, InvalidCursor

TIMEOUT_SECONDS: Final = 3_600
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: in which of the listed kinds, behind what, and the total that was told."""

    kind: int
    after: Position | None
    total: int


def sealed(keys: KeyRing, query: str, place: Place, count: int, now: int) -> str:
    """Return the cursor of a place; ``query`` names what will be asked again, ``now`` is in us."""
    content = [now, count, place.kind, place.after, place.total]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    body = keys.seal(_context(query), text)
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def opened(
    keys: KeyRing, query: str, cursor: str, count: int | None, now: int
) -> tuple[Place, int]:
    """Return the place of a cursor and the size of its pages; ``count`` is None where not sent.

    Raises ``InvalidCursor`` for one that was not made here or for another query or client,
    ``InvalidCount`` for another ``count``, ``ExpiredCursor`` after ``TIMEOUT_SECONDS``.
    """
    try:
        body = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made, counted, kind, after, total = json.loads(keys.open(_context(query), body))
    except (SealBroken, binascii.Error, ValueError):
        message = (
            "cursor: was not given out for this query. "
            "Repeat the query with the nextCursor of its last page, or with an empty cursor."
        )
        raise InvalidCursor(message, attribute="cursor") from None
    if now - made > TIMEOUT_SECONDS * _SECOND:
        message = f"cursor: is older than {TIMEOUT_SECONDS} seconds. Begin with an empty cursor."
        raise ExpiredCursor(message, attribute="cursor")
    if count is not None and counted != count:
        raise InvalidCount(f"count: was {counted} on the page before. Keep it.", attribute="count")
    return Place(kind, None if after is None else (after[0], after[1]), total), counted


def _context(query: str) -> str:
    return f"scim:cursor:{query}"
