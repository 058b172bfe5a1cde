"""Who succeeds which institution, now or on a day to come; nothing else is ever rewritten."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, bindparam, null, select, update

from mo_access.storage.engine import Connection
from mo_access.storage.schema import institution

_i = institution.c
_due: Final = (_i.successor_next.is_not(None), _i.successor_from <= bindparam("today", type_=Text))
_ANY_DUE: Final = select(_i.pk).where(*_due).limit(1)
_APPLY: Final = (
    update(institution)
    .where(*_due)
    .values(successor=_i.successor_next, successor_next=null())
    .returning(_i.number, _i.successor, _i.successor_from)
)


def any_due(conn: Connection, today: str) -> bool:
    """Tell whether a planned succession has come."""
    return conn.one(_ANY_DUE, {"today": today}) is not None


def apply_due(conn: Connection, today: str) -> list[tuple[str, str, str]]:
    """Let planned successions happen whose day has come; give (number, successor, since)."""
    rows = conn.all(_APPLY, {"today": today})
    return sorted((str(n), str(to), str(day)) for n, to, day in rows)
