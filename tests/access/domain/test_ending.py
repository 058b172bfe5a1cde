"""Days in Brussels and when an affiliation is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mo_access.domain import ending
from mo_access.domain.model import Form
from mo_access.domain.policy import AffiliationFact

MEMBER = AffiliationFact("900001", "gebruiker", Form.ROLES, None, None, False, False, "a")


@pytest.mark.parametrize(
    ("end", "over"),
    [
        ("2026-11-24", "2026-11-24T23:00:00"),
        ("2026-07-31", "2026-07-31T22:00:00"),
        ("2026-10-24", "2026-10-24T22:00:00"),
        ("2026-10-25", "2026-10-25T23:00:00"),
        ("2027-03-28", "2027-03-28T22:00:00"),
        ("2026-12-31", "2026-12-31T23:00:00"),
    ],
)
def test_a_last_day_is_over_at_midnight_in_brussels(end: str, over: str) -> None:
    """In summer and winter, and on the days on which the clock changes."""
    wanted = datetime.fromisoformat(over).replace(tzinfo=UTC)
    assert ending.over_at(end) == int(wanted.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("form", "end", "over"),
    [
        (Form.ROLES, None, False),
        (Form.ROLES, "2026-11-24", False),
        (Form.ROLES, "2026-11-23", True),
        (Form.RETAINED, None, True),
    ],
)
def test_only_the_past_is_over(form: Form, end: str | None, *, over: bool) -> None:
    """The last day is not; a retained role keeps nobody (ruling 7)."""
    fact = AffiliationFact("900001", "beheerder", form, None, end, True, False, "a")
    assert ending.is_over(fact, "2026-11-24") is over


@pytest.mark.parametrize(("role", "on"), [("gebruiker", True), ("beheerder", False)])
def test_days_are_counted_across_months(role: str, *, on: bool) -> None:
    """And a gebruiker keeps nobody beheerder."""
    assert ending.later("2028-02-28", 2) == "2028-03-01"
    assert ending.days_between("2026-12-31", "2027-01-02") == 2
    assert ending.goes_on([MEMBER], "900001", role, "2026-12-31") is on
    assert not ending.goes_on([MEMBER], "900002", role, "2026-12-31")
