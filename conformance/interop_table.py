"""A pytest plugin that writes the page of real providers from what was played with them.

``pytest -p conformance.interop_table --write-interop-table tests/interop …``: a test names what it
is played with by ``@pytest.mark.product(name, set_up)`` and its column by ``@pytest.mark.shows``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import pytest

PAGE: Final = Path(__file__).parent.parent / "docs" / "conformance" / "interop.md"
OPTION: Final = "--write-interop-table"
PRODUCT: Final = "product"
SHOWS: Final = "shows"
OTHER: Final = "other"

COLUMNS: Final[Mapping[str, str]] = {
    "sign in": "who was provisioned reads what was given and nothing else; who was not is refused",
    "refresh": "a session goes on by the refresh token; it ends where that is refused",
    "sign out": "who signs out here is signed out there (RP-initiated)",
    "be signed out": "who is signed out, or removed, there is signed out here",
    "step-up": "a theme with a level asks for a stronger sign-in; a weaker answer does not open it",
    "FAPI 2.0": "pushed requests, client assertions by key, DPoP with the provider's nonce, `iss`",
    "certificate": "with one that is not ours nobody signs in and no token goes back (RFC 8705)",
    "provision": "its machine's token provisions by SCIM; a person's, or another's, does not",
    OTHER: "what else was played: signatures, renewed keys, refusals, prompts",
}

HEADING: Final = """# Real providers: what was played with each

Written by `make interop` from what one run did, and by nothing else; change the tests, not this
page. Each product is the one that its makers publish, pinned by hash, with our service beside it as
its own process, on SQLite, and a browser that keeps cookies. A number counts tests that passed;
a failure is told as such, and `·` says that nothing was played: not offered by the product, or not
tried.
"""


class Result(NamedTuple):
    """What came of one test."""

    product: str
    set_up: str
    column: str
    outcome: str


_RESULTS: Final = pytest.StashKey[dict[str, Result]]()
_VERSIONS: Final = pytest.StashKey[dict[str, str]]()


def note_version(config: pytest.Config, product: str, version: str) -> None:
    """Keep the version that a product said it is; without the plugin nothing happens."""
    config.stash.setdefault(_VERSIONS, {})[product] = version


def page(results: Sequence[Result], versions: Mapping[str, str], day: str) -> str:
    """Return the page of a run on a day: a row for each set-up that anything was played with."""
    played = [result for result in results if result.outcome != "skipped"]
    rows = dict.fromkeys((result.product, result.set_up) for result in played)
    lines = [
        f"| product | set-up | {' | '.join(COLUMNS)} |",
        "|---" * (2 + len(COLUMNS)) + "|",
        *(_row(played, product, set_up, versions) for product, set_up in rows),
    ]
    meanings = [f"- **{column}**: {meaning}." for column, meaning in COLUMNS.items()]
    return "\n".join([HEADING, _counted(results, day), "", *lines, "", *meanings, ""])


def _counted(results: Sequence[Result], day: str) -> str:
    told = [result.outcome for result in results]
    counts = [f"{told.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped")]
    return f"The run of {day} (UTC): {', '.join(counts)}."


def _row(played: Sequence[Result], product: str, set_up: str, versions: Mapping[str, str]) -> str:
    own = [result for result in played if (result.product, result.set_up) == (product, set_up)]
    cells = [_cell([r.outcome for r in own if r.column == column]) for column in COLUMNS]
    name = f"{product} {versions.get(product, '(version not told)')}"
    return f"| {' | '.join((name, set_up, *cells))} |"


def _cell(outcomes: Sequence[str]) -> str:
    if not outcomes:
        return "·"
    failed = outcomes.count("failed")
    passed = str(len(outcomes) - failed)
    return f"{passed}, **{failed} failed**" if failed else passed


def outcome(call: pytest.CallInfo[None]) -> str | None:
    """Return what a phase of a test says of the whole; None where it says nothing."""
    if call.excinfo is None:
        return "passed" if call.when == "call" else None
    return "skipped" if call.excinfo.errisinstance(pytest.skip.Exception) else "failed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the page."""
    parser.addoption(OPTION, action="store_true", help="write docs/conformance/interop.md")


def pytest_configure(config: pytest.Config) -> None:
    """Start with no results."""
    config.stash[_RESULTS] = {}


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Keep what came of a test; the worst of its phases counts."""
    product, shows = item.get_closest_marker(PRODUCT), item.get_closest_marker(SHOWS)
    came = outcome(call)
    if product is None or came is None:
        return
    column = shows.args[0] if shows else OTHER
    if column not in COLUMNS:
        raise pytest.UsageError(f"{item.nodeid} counts in no column: {column!r}")
    name, set_up = product.args
    item.config.stash[_RESULTS][item.nodeid] = Result(name, set_up, column, came)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page when that was asked and anything was played."""
    results = list(session.config.stash[_RESULTS].values())
    if session.config.getoption(OPTION) and any(r.outcome != "skipped" for r in results):
        day = datetime.now(UTC).date().isoformat()
        versions = session.config.stash.get(_VERSIONS, {})
        PAGE.write_text(page(results, versions, day), encoding="utf-8")
