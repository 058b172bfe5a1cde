"""When what a person is at an institution is over, all that was said of it taken together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mo_access.domain.model import Form, Role
from mo_access.domain.policy import AffiliationFact

BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def next_day(day: str) -> str:
    """Return the day after, as ISO text."""
    return later(day, 1)


def later(day: str, days: int) -> str:
    """Return the day so many days on, as ISO text."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def over_at(end: str) -> int:
    """Return the moment in microseconds when an inclusive last day in Brussels is over."""
    midnight = datetime.fromisoformat(next_day(end)).replace(tzinfo=BRUSSELS)
    return int(midnight.timestamp()) * 1_000_000


def goes_on(facts: Iterable[AffiliationFact], institution: str, role: str, end: str) -> bool:
    """Tell whether something else keeps the person in this role on the day after its end.

    A beheerder is a gebruiker too. What is suspended, blocked or retained keeps nobody.
    """
    day = next_day(end)
    return any(
        fact.institution == institution
        and fact.role in {role, Role.BEHEERDER.value}
        and not (fact.suspended or fact.blocked or fact.form is Form.RETAINED)
        and (fact.start or day) <= day <= (fact.end or day)
        for fact in facts
    )


def is_over(fact: AffiliationFact, today: str) -> bool:
    """Tell whether an affiliation is in the past; one that is suspended or to come is not."""
    return fact.form is Form.RETAINED or (fact.end is not None and fact.end < today)


def days_between(first: str, last: str) -> int:
    """Return how many days come after the first until the last."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
