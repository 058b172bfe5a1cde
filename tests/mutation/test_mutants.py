"""The list of mutants names what is really there; `make mutants` runs it, a few run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation import run
from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}:{m.old[:30].strip()}")
def test_a_mutant_changes_its_file(mutant: Mutant) -> None:
    """A check that was rewritten takes its mutant along; what cannot be read kills nothing."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.old in text
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
    assert all((ROOT / name).exists() for name in mutant.tests.split()[:1])


@pytest.mark.timeout(300)
def test_the_runner_tells_a_killed_mutant_from_a_living_one() -> None:
    """One check of the policy and one of the ID token; a change of nothing must live.

    One without which no test can begin is no killed one either.
    """
    policy = next(m for m in MUTANTS if m.file.endswith("policy.py"))
    token = next(m for m in MUTANTS if m.file.endswith("id_token.py"))
    harmless = Mutant(policy.file, policy.old, f"{policy.old} ", policy.tests)
    broken = Mutant(token.file, "import hmac\n", "import nothing_of_the_kind\n", token.tests)
    assert run.survivors([policy, token, harmless, broken]) == [harmless, broken]
