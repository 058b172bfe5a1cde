"""A pytest plugin that writes the page of the OpenID Connect modules from their results.

``pytest -p conformance.oidc_table --write-oidc-table tests/oidc/test_modules.py::test_module``
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

PAGE: Final = Path(__file__).parent.parent / "docs" / "conformance" / "oidc.md"
OPTION: Final = "--write-oidc-table"
PROPERTY: Final = "oidc-module"

HEADING: Final = """# OpenID Connect conformance: the relying party

Written by `make conformance-oidc` from the results of `tests/oidc/test_modules.py`, and held to
them by every run of those tests; change the modules, not this page. Names and expectations are
those of the OpenID Foundation's conformance suite (plans for relying parties): R must be refused,
A must be accepted. Each module is played twice with the same result: in process, and over real
HTTP between our service in server threads, a hostile provider on a port, and a browser that keeps
cookies. *Code* is our own reason code ([reasons](../reasons.md)).

These are our own plays of the modules: no run of the Foundation's suite, and no certificate.

Modules of the hybrid and implicit flows are played in the code flow, the only one that is asked
for: what is there must fit, what only those flows need may be absent.

Left out, as none of it is offered: dynamic registration (`-discovery-webfinger-*`,
`-dynamic-registration`, `-request-uri-*`), and session management by `check_session_iframe`, which
browsers without third-party cookies have emptied. FAPI 2.0 is played with private_key_jwt and DPoP,
and its provider refuses any request of ours that breaks the profile (PAR, client assertion, proof);
message signing (JARM) and open banking are not offered.
"""


class Row(NamedTuple):
    """What came of one module."""

    plan: str
    name: str
    expected: str
    result: str
    code: str

    def line(self) -> str:
        """Return the row of the table."""
        return f"| {self.name} | {self.expected} | {self.result} | `{self.code}` |"


_ROWS: Final = pytest.StashKey[list[Row]]()


def page(rows: Sequence[Row]) -> str:
    """Return the page: a table for each plan, and the counts."""
    listed = list(dict.fromkeys(rows))
    plans = list(dict.fromkeys(row.plan for row in listed))
    tables = [
        line
        for plan in plans
        for line in (
            "",
            f"## {plan}",
            "",
            "| module | expected | result | code |",
            "|---|---|---|---|",
            *(row.line() for row in listed if row.plan == plan),
        )
    ]
    accepted = sum(row.result == "accepted" for row in listed)
    counted = f"{len(listed)} modules: {accepted} accepted, {len(listed) - accepted} refused"
    told = f"{counted}; none against the suite."
    return "\n".join([HEADING, told, *tables, ""])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the page."""
    parser.addoption(OPTION, action="store_true", help="write docs/conformance/oidc.md")


def pytest_configure(config: pytest.Config) -> None:
    """Start with no rows."""
    config.stash[_ROWS] = []


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Keep what a module told of itself."""
    if call.when == "call" and call.excinfo is None:
        rows = item.config.stash[_ROWS]
        told = [value for name, value in item.user_properties if name == PROPERTY]
        rows.extend(Row(*map(str, value)) for value in told if isinstance(value, tuple))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page when that was asked and every module played."""
    if session.config.getoption(OPTION) and not session.testsfailed:
        rows = session.config.stash[_ROWS]
        PAGE.write_text(page(rows), encoding="utf-8")
