"""The list of mutants names what is really there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}:{m.old[:30].strip()}")
def test_a_mutant_changes_its_file(mutant: Mutant) -> None:
    """A check that was rewritten takes its mutant along."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.old in text
    assert all((ROOT / name).exists() for name in mutant.tests.split()[:1])
