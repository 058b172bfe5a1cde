"""What the rest of storage knows of an engine: where connections come from, what errors mean.

Each engine stands in a module of its own (``sqlite_source``, ``postgresql_source``), imported when
a database of it is: its driver costs every command a tenth of its start, and a worker megabytes.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import psycopg

Raw: TypeAlias = "sqlite3.Connection | psycopg.Connection"


class DatabaseDown(Exception):
    """The database cannot be reached or is too busy; nothing was changed by this call.

    Unless it is raised by a commit: then nobody knows, as with any server that goes meanwhile.
    """


class NoTable(DatabaseDown):
    """A table is not there: the schema is not that of this release."""


class Duplicate(Exception):
    """A unique constraint refused the row; ``columns`` is the driver's text naming them."""

    def __init__(self, columns: str) -> None:
        """Keep the driver's naming of the constraint for the caller to match on."""
        super().__init__(columns)
        self.columns = columns


class Source(Protocol):
    """Lends driver connections in autocommit mode and takes them back."""

    @property
    def faults(self) -> type[Exception]:
        """The base of the driver's errors."""

    def lend(self) -> Raw:
        """Return a connection outside any transaction; raises ``DatabaseDown``."""

    def take_back(self, raw: Raw, *, broken: bool) -> None:
        """Keep the connection for the next loan, unless it is of no more use."""

    def flush(self) -> None:
        """Return when all that was committed is durable; raises ``DatabaseDown`` where not."""

    def check(self) -> None:
        """Raise ``DatabaseDown`` where it is known that no commit would be durable."""

    def close(self) -> None:
        """Close what is at rest (SQLite: what rests in this thread)."""

    def known(self, error: Exception) -> Exception | None:
        """Say an error of the driver in the words above; None where it is a fault as it is."""
