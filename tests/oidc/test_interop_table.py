"""The page of real providers: nothing stands in it that a run did not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from conformance.interop_table import COLUMNS, HEADING, PAGE, Result, outcome, page

Phase = Literal["setup", "call", "teardown"]
VERSIONS = {"Keycloak": "1.2.3"}


def row(*outcomes: tuple[str, str], product: str = "Keycloak") -> list[str]:
    """Return the cells of the one row that these outcomes, by column, make."""
    results = [Result(product, "RS256", column, came) for column, came in outcomes]
    lines = page(results, VERSIONS, "2026-01-01").splitlines()
    [line] = [line for line in lines if line.startswith(f"| {product} ")]
    return line.strip("| ").split(" | ")


def called(phase: Phase, play: Callable[[], None]) -> pytest.CallInfo[None]:
    """Return a phase of a test as pytest gives it."""
    return pytest.CallInfo.from_call(play, phase)


def test_a_cell_counts_what_was_played_in_its_column() -> None:
    """Passed ones as a number, a failure by name, nothing as nothing."""
    cells = row(("sign in", "passed"), ("sign in", "passed"), ("step-up", "failed"))
    told = dict(zip(("product", "set-up", *COLUMNS), cells, strict=True))
    assert (told["product"], told["set-up"]) == ("Keycloak 1.2.3", "RS256")
    assert (told["sign in"], told["step-up"]) == ("2", "0, **1 failed**")
    assert {told[name] for name in COLUMNS if name not in {"sign in", "step-up"}} == {"·"}


def test_what_was_skipped_has_no_row() -> None:
    """A product that was not there is not told, and neither is a column that was left out."""
    assert row(("sign in", "passed"), ("refresh", "skipped"))[3] == "·"
    text = page([Result("Dex", "RS256", "sign in", "skipped")], {}, "2026-01-01")
    assert "Dex" not in text
    assert "0 passed, 0 failed, 1 skipped" in text


def test_a_version_that_nobody_told_is_not_made_up() -> None:
    """It is said to be unknown."""
    assert "not told" in row(("sign in", "passed"), product="Dex")[0]


@pytest.mark.parametrize(
    ("phase", "play", "came"),
    [
        ("setup", lambda: None, None),
        ("call", lambda: None, "passed"),
        ("teardown", lambda: None, None),
        ("setup", lambda: pytest.skip("no Java"), "skipped"),
        ("call", lambda: pytest.fail("no"), "failed"),
        ("setup", lambda: pytest.fail("no"), "failed"),
        ("teardown", lambda: pytest.fail("no"), "failed"),
    ],
)
def test_only_a_body_that_ran_has_passed(
    phase: Phase, play: Callable[[], None], came: str | None
) -> None:
    """What was skipped or broke in any phase has not."""
    assert outcome(called(phase, play)) == came


def test_the_page_is_that_of_a_run_without_failures() -> None:
    """It was written by the plugin, as it is now, and holds no failure and no unknown version."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith(HEADING)
    assert f"| product | set-up | {' | '.join(COLUMNS)} |" in text
    assert " 0 failed, " in text
    assert "failed**" not in text
    assert "not told" not in text
