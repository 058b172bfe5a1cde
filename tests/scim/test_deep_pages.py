"""A page far into a list is read from the nearer end, and is the page it would be anyway."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from mo_access.domain.model import Query
from mo_access.storage import listing
from mo_access.storage.listing import Asked
from tests.scim.conftest import Broker, parsed

PEOPLE = 7


@pytest.fixture
def listed(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Give a broker with some people and groups, to whom any page is deep."""
    monkeypatch.setattr(listing, "DEEP", 0)
    for number in range(PEOPLE):
        broker.made("/Users", {"userName": f"u{number}"})
        broker.made("/Groups", {"displayName": f"g{number}"})
    return broker


def page(broker: Broker, path: str, **asked: object) -> dict[str, Any]:
    """Ask for a page."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return parsed(broker.send("GET", f"{path}?{query}"))


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_every_page_is_a_part_of_the_list(listed: Broker, path: str) -> None:
    """Whatever end it is read from, beyond the last one too, and after somebody left."""
    for left in (PEOPLE, PEOPLE - 1):
        whole = [one["id"] for one in page(listed, path)["Resources"]]
        assert len(whole) == left
        for start, count in product(range(1, PEOPLE + 3), range(1, PEOPLE + 2)):
            found = page(listed, path, startIndex=start, count=count)
            assert found["totalResults"] == left
            assert [one["id"] for one in found["Resources"]] == whole[start - 1 :][:count]
        listed.send("DELETE", f"{path}/{whole[2]}")


def test_two_kinds_follow_each_other(listed: Broker) -> None:
    """A page of the root may begin among the people and end among the groups."""
    whole = [one["id"] for one in page(listed, "/")["Resources"]]
    for start, count in product(range(1, 2 * PEOPLE + 2), (1, 3, PEOPLE)):
        found = page(listed, "/", startIndex=start, count=count)
        assert [one["id"] for one in found["Resources"]] == whole[start - 1 :][:count]


@pytest.mark.parametrize(
    ("start", "skipped"), [(1_002, 1_001), (49_951, 49_950), (50_001, 49_900), (99_950, 0)]
)
def test_the_shorter_way_is_taken(start: int, skipped: int) -> None:
    """Of 100,000 rows, pages of 100 skip half at most."""
    assert listing.nearer(start - 1, min(start + 99, 100_000), 100_000)[0] == skipped


def test_only_a_known_total_is_asked_first() -> None:
    """A filter's total is counted, which costs more than skipping."""
    query = Query(start=listing.DEEP + 1, count=10)
    assert listing.is_deep(Asked(query, (), 1, whole=lambda: 5))
    assert not listing.is_deep(Asked(query, (), 1))
