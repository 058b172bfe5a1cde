"""The public suites over real HTTP, in short; `make conformance` runs them all and writes the page.

scim2-tester is not here: it takes longer, and has its own test on both engines.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.expectations import Answer, unmet
from conformance.outside import sanity
from conformance.player import LISTS, Player
from conformance.report import Check, Outcome, Suite, page
from conformance.stock_client import stock_client
from conformance.target import Target, own_service

DISPUTED_AT_MOST = {"microsoft": 5, "okta": 0, "ipsie": 0, "interop": 1}


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Give our own service, run as an operator runs it."""
    with own_service() as running:
        yield running


@pytest.mark.parametrize("name", ["microsoft", "okta", "ipsie", "interop"])
def test_no_check_of_a_public_list_fails(target: Target, name: str) -> None:
    """Every check passes, or is disputed or left out for a reason that stands in the list."""
    token = target.strict_token if name == "interop" else target.token
    suite = Player(target.url, token).play(LISTS / f"{name}.toml")
    assert suite.failures == []
    assert suite.count(Outcome.disputed) <= DISPUTED_AT_MOST[name]
    assert suite.count(Outcome.passed) >= 25


def test_scim_sanity_finds_no_failure(target: Target) -> None:
    """Its probe in strict mode passes what it makes of us."""
    suite = sanity(target)
    assert suite.failures == []
    assert suite.count(Outcome.passed) >= 25


def test_a_stock_client_works_from_our_discovery(target: Target) -> None:
    """scim2-client builds its models from what we publish and does all it can."""
    suite = stock_client(target)
    assert suite.failures == []
    assert suite.count(Outcome.passed) == 8


def test_a_list_may_be_played_twice(target: Target) -> None:
    """Names differ on each run, and what a list makes it deletes."""
    suite = Player(target.url, target.token).play(LISTS / "okta.toml")
    assert suite.failures == []


ANSWER = Answer(
    200,
    {"Content-Type": "application/scim+json"},
    '{"id": "1", "active": true, "n": 1, "emails": [{"value": "a"}, {"value": "b"}],'
    ' "urn:x:2.0:User": {"organization": "900001"}, "gone": null}',
)
MET = [
    "status 200|204",
    'header Content-Type has "scim+json"',
    'text has "900001"',
    '/id is "1"',
    "/active is true",
    "/n number",
    "/n least 1",
    '/emails/*/value has "b"',
    '/emails/*/value lacks "c"',
    "/emails/*/value count 2",
    '/emails/0/value is "a"',
    "/emails filled",
    "/gone absent",
    "/never absent",
    '/urn:x:2.0:User/organization is "900001"',
]
UNMET = [
    "status 201|204",
    'header ETag has "x"',
    'header Content-Type lacks "scim+json"',
    'text has "900002"',
    'text lacks "900001"',
    "/id is 1",
    '/active is "true"',
    "/active is 1",
    "/active number",
    "/n least 2",
    '/never is "x"',
    '/emails/*/value is "a"',
    '/emails/*/value has "c"',
    '/emails/*/value lacks "a"',
    "/emails/*/value count 3",
    "/emails/7/value filled",
    "/gone filled",
    "/emails absent",
]


@pytest.mark.parametrize("line", MET)
def test_an_expectation_that_is_met_says_nothing(line: str) -> None:
    """The judge has nothing to say of what is as it should be."""
    assert unmet(line, ANSWER) == ""


@pytest.mark.parametrize("line", UNMET)
def test_an_expectation_that_is_not_met_says_what_came(line: str) -> None:
    """The judge is not fooled by another type, another entry, or nothing at all."""
    assert "expected" in unmet(line, ANSWER)


def test_the_page_counts_and_explains() -> None:
    """One row for each suite, and every check that did not pass with its reason."""
    checks = [Check("good", Outcome.passed), Check("bad | worse", Outcome.failed, "no\nreason")]
    written = page([Suite("S", "1", checks)])
    assert "| S | 1 | 2 | 1 | 1 | 0 | 0 |" in written
    assert "| bad \\| worse | failed | no reason |" in written
    assert "good" not in written.partition("|---|")[2].partition("## S")[2]
