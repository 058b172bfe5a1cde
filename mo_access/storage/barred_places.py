"""Where humans under a block are nothing, whatever a client says that they are there.

A block on what somebody is at an institution goes with it to its successor, and shuts what that
succeeded too (ruling 10), as decisions judge it (``service.decisions``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Text, bindparam, select

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.interventions import block
from mo_access.storage.schema import institution

_i = institution.c
_bars = json_texts(bindparam("bars", type_=Text))
_blocked: Final = (
    select(block.c.bar, _i.number, _i.successor)
    .join(institution, _i.pk == block.c.institution_pk)
    .where(block.c.bar.in_(select(_bars.c.value)))
)
_after = _blocked.cte("after", recursive=True)
_after = _after.union(
    select(_after.c.bar, _i.number, _i.successor).join(_after, _i.number == _after.c.successor)
)
_before = _blocked.cte("before", recursive=True)
_before = _before.union(
    select(_before.c.bar, _i.number, _i.successor).join(_before, _i.successor == _before.c.number)
)
_PLACES: Final = select(_after.c.bar, _after.c.number).union(
    select(_before.c.bar, _before.c.number)
)


def of(conn: Connection, bars: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Give (bar, number) of each institution where one of these humans is shut out.

    One statement, none for nobody. A block on the whole person or institution is not among it.
    """
    asked = sorted(set(bars))
    rows = conn.all(_PLACES, {"bars": json.dumps(asked)}) if asked else ()
    return frozenset((str(bar), str(number)) for bar, number in rows)
