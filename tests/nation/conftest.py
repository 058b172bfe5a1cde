"""Fixtures of the made-up nation: a database that was filled, on both engines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_demo.nation import filling
from mo_demo.nation.filling import Filled
from mo_demo.nation.plan import Nation

Unit = Callable[[], UnitOfWork]
SMALL = Nation(
    people=60,
    institutions=13,
    affiliations=75,
    groups=230,
    largest=25,
    crowd=12,
    boards=1,
    seed=7,
)


def keys() -> KeyRing:
    """Return a key ring of one fixed key."""
    return KeyRing({"k1": bytes(range(32))}, "k1")


def unit_on(database: Database) -> Unit:
    """Return a maker of units of work on a database, as an operator."""
    return lambda: UnitOfWork(database, keys=keys(), request_id="test", caller="cli:test")


@pytest.fixture
def unit(database: Database) -> Unit:
    """Give a maker of units of work."""
    return unit_on(database)


@pytest.fixture
def filled(unit: Unit) -> Filled:
    """Fill the database with a small nation."""
    return filling.fill(unit, SMALL)
