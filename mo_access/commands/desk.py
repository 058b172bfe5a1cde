"""What every command works with: the settings, the open database, and how it answers."""

from __future__ import annotations

import getpass
import json
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

import click
from sqlalchemy.engine.url import make_url

from mo_access import settings as configuration
from mo_access.commands.giving_back import give_back
from mo_access.domain.errors import AccessError
from mo_access.domain.keys import KeyRing
from mo_access.key_files import KeyFileError
from mo_access.service.held_tokens import HeldTokens
from mo_access.service.unit_of_work import BRUSSELS, UnitOfWork
from mo_access.settings import ConfigError, Settings
from mo_access.storage import revision
from mo_access.storage.engine import Database, DatabaseDown
from mo_access.storage.revision import UnknownRevision

FINDING = 1
MISCONFIGURED = 78

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@dataclass(frozen=True)
class Desk:
    """The installation that a command works on."""

    settings: Settings

    @cached_property
    def keys(self) -> KeyRing:
        """The key ring, made on first start."""
        return configuration.keys(self.settings)

    @cached_property
    def database(self) -> Database:
        """The database with the schema of this release; closed when the command ends."""
        made = Database(self.settings.database_url)
        click.get_current_context().call_on_close(made.close)
        if not _is_current(made):
            make_current(self.settings)
        return made

    @cached_property
    def held_tokens(self) -> HeldTokens:
        """What sessions held that the command ends; given back when the command ends."""
        made = HeldTokens()
        click.get_current_context().call_on_close(partial(give_back, self, made))
        return made

    def unit(self) -> UnitOfWork:
        """Open a unit of work in the name of whoever runs the command."""
        return UnitOfWork(
            self.database,
            keys=self.keys,
            request_id=str(uuid.uuid4()),
            caller=f"cli:{_operator()}",
            terms=self.settings.terms,
            hand_on=self.held_tokens.put,
        )


@contextmanager
def foreseen() -> Iterator[None]:
    """Make every foreseen fault of a command a readable line and an exit code."""
    try:
        yield
    except ConfigError as fault:
        _end(MISCONFIGURED, *fault.problems)
    except KeyFileError as fault:
        _end(MISCONFIGURED, str(fault))
    except AccessError as fault:
        _end(FINDING, *fault.message.splitlines())
    except UnknownRevision as fault:
        _end(FINDING, str(fault))
    except DatabaseDown as fault:
        _end(FINDING, f"the database cannot be reached: {str(fault).splitlines()[0]}")


def _end(code: int, *lines: str) -> None:
    for line in lines:
        click.echo(f"mo-access: {line}", err=True)
    sys.exit(code)


def opened() -> Desk:
    """Read the settings. Raises ``ConfigError``."""
    return Desk(configuration.load())


def make_current(settings: Settings) -> None:
    """Bring an SQLite database to this release; PostgreSQL only where ``auto_migrate`` says so.

    Raises ``ConfigError`` when the schema is another one.
    """
    url = settings.database_url
    from mo_access.storage import migrating  # noqa: PLC0415 - no other command waits for alembic

    found, wanted = migrating.current(url), migrating.head()
    if found == wanted:
        return
    if url.startswith("sqlite:") or settings.auto_migrate:
        migrating.upgrade(url)
        return
    raise ConfigError(
        f"the database is at revision {found}, not {wanted}: run mo-access db upgrade"
    )


def _is_current(database: Database) -> bool:
    """Tell whether the schema is this release's; ``make_current`` tells why it cannot be asked."""
    url = make_url(database.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        # Asking would make the file, and for others to read.
        return False
    try:
        return revision.current(database) == revision.newest()
    except DatabaseDown:
        return False


def say_json(value: object) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table, or a sentence when there is nothing in it."""
    # With --json, and for a long list, nobody waits for it.
    from rich.console import Console  # noqa: PLC0415 - as said
    from rich.table import Table  # noqa: PLC0415 - as said

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(cell, row))
    if table.row_count == 0:
        click.echo(empty)
        return
    # Not a terminal: somebody's pipe, which wants whole lines.
    Console(markup=False, emoji=False, width=None if sys.stdout.isatty() else 500).print(table)


def cell(value: object) -> str:
    """Show a value in a cell of a table; a dash for none."""
    if isinstance(value, tuple | list | frozenset):
        return " ".join(map(str, value))
    return "-" if value is None or value == "" else str(value)


def moment(micros: int | None) -> str:
    """Show a time as people in Brussels read it; a dash for never."""
    if micros is None:
        return "-"
    return datetime.fromtimestamp(micros / 1_000_000, BRUSSELS).strftime("%Y-%m-%d %H:%M:%S")


def finding() -> None:
    """End with the exit code for something that wants a look."""
    raise SystemExit(FINDING)


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number without a name.
        return "unknown"
