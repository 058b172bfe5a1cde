"""Which revision a database is at, told without the tool that brings it there (``migrating``).

For the serving processes, where alembic in each worker would cost more memory than the answer is
worth, and for commands, where its import would cost a tenth of their time.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import String, column, select, table

from mo_access.storage.engine import Database, NoTable

_SCRIPTS: Final = Path(__file__).with_name("migrations") / "versions"
_CURRENT: Final = select(column("version_num", String)).select_from(table("alembic_version"))


class UnknownRevision(Exception):
    """The database or the caller names a revision that this release does not have."""


@cache
def newest() -> str:
    """Name the newest revision of this release: the number that its file begins with."""
    return max(path.name.partition("_")[0] for path in _SCRIPTS.glob("[0-9]*_*.py"))


def current(database: Database) -> str | None:
    """Name the revision that the database is at; None for an empty one."""
    try:
        with database.connect() as connection:
            row = connection.one(_CURRENT)
    except NoTable:
        return None
    return None if row is None else str(row[0])
