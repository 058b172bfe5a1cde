"""Is what we lean on there: the database, its schema, the keys."""

from __future__ import annotations

from typing import Final

from sqlalchemy import literal, select

from mo_access.domain.keys import KeyRing, SealBroken
from mo_access.storage import revision
from mo_access.storage.engine import Database, DatabaseDown

_ONE = select(literal(1))
_CONTEXT: Final = "mo:health"


def database_answers(database: Database) -> bool:
    """Tell whether the database answers a question now, and a write is not refused beforehand."""
    try:
        database.source.check()
        with database.connect() as connection:
            return connection.one(_ONE) is not None
    except DatabaseDown:
        return False


def schema_is_current(database: Database) -> bool:
    """Tell whether the database has the schema of this release."""
    try:
        return revision.current(database) == revision.newest()
    except DatabaseDown:
        return False


def keys_work(keys: KeyRing) -> bool:
    """Tell whether what the current key seals opens again."""
    try:
        return keys.open(_CONTEXT, keys.seal(_CONTEXT, "ready")) == "ready"
    except SealBroken:
        return False
