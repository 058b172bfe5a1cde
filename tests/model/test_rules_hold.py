"""The service does what the rules say, whatever several brokers send in whatever order."""

from __future__ import annotations

import os
from pathlib import Path

from mo_access.storage.engine import Database
from tests.model.machine import run
from tests.model.universe import Site

EXAMPLES = int(os.environ.get("MO_TEST_MODEL_EXAMPLES", "0"))
CHANCE = int(os.environ.get("MO_TEST_MODEL_SEED", "1"))


def test_service_and_model_never_part(database: Database, tmp_path: Path) -> None:
    """Every answer, every reading, every decision, after every step (domain.md, rules 1 to 11).

    The long form (``make model``) makes other choices each time and says the shortest way to what
    it found.
    """
    site = Site(database, tmp_path)
    # A statement costs ten times as much there, and its own behaviour is under concurrency.
    few = 2 if database.dialect_name == "postgresql" else 6
    steps, chance = (40, None) if EXAMPLES else (8, CHANCE)
    run(site, EXAMPLES or few, steps, shrink=bool(EXAMPLES), chance=chance)
