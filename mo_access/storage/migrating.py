"""Bringing a database to the schema of this release, and telling whether it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from mo_access.storage import block_marks, list_aids
from mo_access.storage.engine import DatabaseDown
from mo_access.storage.revision import UnknownRevision
from mo_access.storage.subject_tables import metadata

SCRIPTS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 6_460_001


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up; several processes at once do it once. Raises ``DatabaseDown``."""
    with _configured(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Bring the schema back to ``revision`` (``base``: nothing left), with its data."""
    with _configured(url) as config:
        command.downgrade(config, revision)


def head() -> str:
    """Name the newest revision of this release."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise UnknownRevision("this release has no revision")
    return found


def current(url: str) -> str | None:
    """Name the revision that the database is at, or None for an empty one."""
    with connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def differences(url: str) -> tuple[str, ...]:
    """Tell what in the database is not as the schema says; empty when all is well."""
    with connected(url) as connection:
        options = {"compare_server_default": False, "include_name": _is_declared}
        context = MigrationContext.configure(connection, opts=options)
        found = tuple(str(change)[:200] for change in compare_metadata(context, metadata))
        return found or (*list_aids.faults(connection), *block_marks.faults(connection))


def remarks(url: str) -> tuple[str, ...]:
    """Tell what of a database of this release is no fault and costs speed."""
    with connected(url) as connection:
        return list_aids.remarks(connection)


def mend(url: str) -> None:
    """Make what lists lean on, and what rows tell of blocks, anew; writers wait meanwhile."""
    with connected(url) as connection:
        for made_anew in (list_aids, block_marks):
            with connection.begin():
                made_anew.mend(connection)


def _is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the trigram indexes, which no ``Table`` can describe (migration 0004)."""
    trigram = "_parts" if kind == "table" else "ft_"
    return name is None or trigram not in name


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _configured(url: str) -> Iterator[Config]:
    config = _config()
    with connected(url) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        try:
            yield config
        except CommandError as fault:
            raise UnknownRevision(str(fault)) from None


@contextmanager
def connected(url: str) -> Iterator[CoreConnection]:
    """Connect to a database whatever its schema, SQLite's file made when missing."""
    parts = make_url(url)
    if parts.get_backend_name() == "postgresql":
        parts = parts.set(drivername="postgresql+psycopg")
    elif parts.database:
        Path(parts.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(parts.database).touch(mode=0o600)
    engine = create_engine(parts, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _explicit_transactions(engine)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as fault:
        raise DatabaseDown(str(fault.orig)) from None
    finally:
        engine.dispose()


def _explicit_transactions(engine: Engine) -> None:
    """Let a migration on SQLite be all or nothing, and wait for another that is under way."""

    def on_connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None
        raw.execute("PRAGMA busy_timeout=60000")
        raw.execute("PRAGMA journal_mode=WAL")
        # Nobody flushes the log after it (``write_ahead``), and SQLite may be built to leave it.
        raw.execute("PRAGMA synchronous=FULL")

    def began(connection: CoreConnection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", began)
