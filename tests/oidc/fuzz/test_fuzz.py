"""Hostile tokens, answers and documents: nothing but refusals, and the oracle's judgement.

What was found stays in `corpus/` and is replayed with every test. `make fuzz` looks for more; an
input that fails is printed as JSON, to be added to the corpus.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oidc.fuzz.strategies import STRATEGIES
from tests.oidc.fuzz.targets import TARGETS

CORPUS = Path(__file__).with_name("corpus")
EXAMPLES = max(settings().max_examples, 100)


def kept() -> Iterator[tuple[str, Any]]:
    """Yield (target, input) of every input of the corpus."""
    for path in sorted(CORPUS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path.stem, json.loads(line)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_hostile_input_is_judged_as_the_oracle_judges(target: str, data: st.DataObject) -> None:
    """No exception but our own refusals, no wrong acceptance, no good input refused."""
    told = json.loads(json.dumps(data.draw(STRATEGIES[target])))
    TARGETS[target](told)


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_stays_found(target: str) -> None:
    """Every input of the corpus is judged right."""
    inputs = [told for name, told in kept() if name == target]
    assert len(inputs) >= 5
    for told in inputs:
        TARGETS[target](told)
