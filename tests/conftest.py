"""Fixtures that every test may ask for: databases on both engines and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_access.storage import migrating
from mo_access.storage.engine import Database
from tests.support.chromium import chromium_path
from tests.support.need import missing
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.routing import share_builders


@pytest.fixture(scope="session", autouse=True)
def _quick_routes() -> Iterator[None]:
    """Compile the rules of the URL map once for all applications of a session."""
    with pytest.MonkeyPatch.context() as patch:
        share_builders(patch)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Run one PostgreSQL server for the whole session."""
    with running_postgres() as server:
        if server is None:
            missing("PostgreSQL (install the package postgresql)")
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the address of an empty PostgreSQL database, removed after the test."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database, once for each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'mo.sqlite'}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a SQLite file with the current schema, made once, to be copied."""
    path = tmp_path_factory.mktemp("template") / "mo.sqlite"
    migrating.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: PostgresServer) -> str:
    """Give the name of a PostgreSQL database with the current schema, made once, to be emptied."""
    name = postgres_server.create_database()
    migrating.upgrade(postgres_server.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database with the current schema, once for each engine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'mo.sqlite')}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("postgres_migrated")
    yield server.url(name)
    server.empty_database(name)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Give an open database with the current schema and nothing in it, once for each engine."""
    opened = Database(migrated_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Give the path of a Chromium, for Playwright's `executable_path`."""
    path = chromium_path()
    if path is None:
        missing("Chromium (install the package chromium)")
    return path
