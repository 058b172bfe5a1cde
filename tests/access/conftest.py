"""Fixtures of the core's tests: a database with the schema, keys, and units of work."""

from collections.abc import Callable

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database

NOW = 1_795_500_000_000_000


@pytest.fixture
def keys() -> KeyRing:
    """Give a key ring of one fixed key."""
    return KeyRing({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def unit(database: Database, keys: KeyRing) -> Callable[..., UnitOfWork]:
    """Give a maker of units of work at a fixed time, or ``at`` another."""

    def make(at: int = NOW) -> UnitOfWork:
        return UnitOfWork(database, keys=keys, request_id="test", caller="cli:test", now=lambda: at)

    return make
