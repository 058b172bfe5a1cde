"""Fixtures that every test may ask for: databases on both engines and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chromium import chromium_path
from tests.support.need import missing
from tests.support.postgres import PostgresServer, running_postgres


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
def chromium() -> Path:
    """Give the path of a Chromium, for Playwright's `executable_path`."""
    path = chromium_path()
    if path is None:
        missing("Chromium (install the package chromium)")
    return path
