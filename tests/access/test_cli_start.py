"""What a command does not need it does not import: most of a question's time is its start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.access.worlds import SCHOOL, THEME, Shared, Unit, shared

ROOT = Path(__file__).resolve().parents[2]
# The command as it is typed, and then what it has loaded by its end.
COMMAND = """
import sys
from mo_access.cli import main
try:
    main()
finally:
    print(*(name for name, module in sys.modules.items() if module is not None), file=sys.stderr)
"""
# Doors and what they stand on, tables in colour, migrations, signing for providers, the other
# engine. Each of them costs a twentieth of the time of `why` or more.
HEAVY = (
    *("mo_web", "mo_scim", "mo_oidc", "mo_portal", "mo_demo", "flask", "scim2_models", "authlib"),
    *("rich", "alembic", "joserfc", "requests", "psycopg", "sqlalchemy.dialects.postgresql"),
)
QUESTIONS = (
    ("why", "jan@school", THEME, SCHOOL, "--json"),
    ("why", "jan@school", THEME, SCHOOL),
    ("who", THEME, SCHOOL, "--json"),
    ("history", "jan@school"),
    ("review", "show", SCHOOL, "--json"),
    ("review", "export", SCHOOL),
)


def loaded(database_url: str, folder: Path, *arguments: str) -> frozenset[str]:
    """Run a command in a process of its own, as ours has loaded everything; it must end well."""
    environment = {"PYTHONPATH": str(ROOT), "MO_DATABASE_URL": database_url}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr
    return frozenset(done.stderr.split())


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give somebody who may read."""
    made = shared(unit, tmp_path)
    made.give_theme("school")
    return made


def heavy(names: frozenset[str]) -> set[str]:
    """Give what of the heavy modules is among these."""
    return {heavy for heavy in HEAVY if any(f"{name}.".startswith(f"{heavy}.") for name in names)}


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_a_question_begins_with_what_answers_it(
    migrated_url: str, world: Shared, tmp_path: Path, question: tuple[str, ...]
) -> None:
    """On SQLite no driver of the other engine either."""
    found = loaded(migrated_url, tmp_path, *question)
    assert {"sqlalchemy", "pydantic_settings"} <= found
    assert heavy(found) == set()


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_on_postgresql_its_driver_is_all_that_comes_along(
    migrated_url: str, world: Shared, tmp_path: Path
) -> None:
    """The same question there."""
    found = loaded(migrated_url, tmp_path, *QUESTIONS[0])
    assert heavy(found) == {"psycopg", "sqlalchemy.dialects.postgresql"}


@pytest.mark.parametrize("asked", [("--version",), ("who", "--help")])
def test_what_asks_nothing_of_the_database_needs_none(
    tmp_path: Path, asked: tuple[str, ...]
) -> None:
    """The version needs no settings either; help names options, which settings do not change."""
    found = loaded(f"sqlite:///{tmp_path / 'none.db'}", tmp_path, *asked)
    assert heavy(found) == set()
    assert not (tmp_path / "none.db").exists()
    if asked == ("--version",):
        assert not {"sqlalchemy", "pydantic", "cryptography", "mo_access.settings"} & found
