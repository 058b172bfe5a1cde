"""Empty databases to measure on: SQLite files, a PostgreSQL of our own, or the named one."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from mo_access.storage import migrating
from tests.support.postgres import running_postgres

OWN: Final = "own"
"""What ``--postgres`` without an address means: start a server, and end it afterwards."""

Fresh = Callable[[], str]
"""Gives the address of an empty database; what the one before held may be gone."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the option; without it there is SQLite only."""
    told = "measure on PostgreSQL too: an empty database, or no address for a server of our own"
    parser.add_argument("--postgres", nargs="?", const=OWN, default="", help=told)


def chosen(named: str, folder: Path, stack: ExitStack) -> Iterator[tuple[str, Fresh]]:
    """Yield the engines that were asked for, by name."""
    yield "SQLite", stack.enter_context(sqlite(folder))
    if named:
        yield stack.enter_context(postgresql(named))


@contextmanager
def sqlite(folder: Path) -> Iterator[Fresh]:
    """Give a new file each time."""
    numbers = itertools.count(1)
    yield lambda: f"sqlite:///{folder / f'mo{next(numbers)}.sqlite'}"


@contextmanager
def postgresql(named: str) -> Iterator[tuple[str, Fresh]]:
    """Tell the version, and give a new database each time, or the named one emptied.

    A server of our own commits as durably as an operator's. The named database must be empty at
    first: nobody's data are dropped.
    """
    if named != OWN:
        if migrating.current(named) is not None:
            raise SystemExit("--postgres: this database is not empty. Name one that is.")
        yield _version(named), lambda: _emptied(named)
        return
    with running_postgres(durable=True) as server:
        if server is None:
            raise SystemExit("--postgres: no PostgreSQL is to be had here. Name an empty database.")
        yield _version(server.url("postgres")), lambda: server.url(server.create_database())


def _emptied(url: str) -> str:
    if migrating.current(url) is not None:
        migrating.downgrade(url, "base")
    return url


def rested(url: str) -> None:
    """Let PostgreSQL learn what it holds, as its autovacuum does within a minute of a load.

    Until then it may choose a plan that takes a thousand times as long.
    """
    if url.startswith("postgresql"):
        with _connected(url) as connection:
            connection.execute("ANALYZE")


def _version(url: str) -> str:
    with _connected(url) as connection:
        return f"PostgreSQL {connection.info.server_version // 10_000}"


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
