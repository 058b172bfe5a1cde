"""Lists by cursor (RFC 9865): complete, stable, and of use to nobody but who got the cursor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mo_access.service.clients import NewClient, revoke
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.mapping import cursors
from tests.scim.conftest import BASE, Broker, parsed

TITLES = ["b", None, "a", "B", None, "a", "c"]


def ask(broker: Broker, path: str = "/Users", **parameters: object) -> Any:  # noqa: ANN401 - an answer
    """Send a GET with these parameters."""
    token = {"Authorization": f"Bearer {broker.token}"}
    return broker.http.get(f"{BASE}{path}", query_string=parameters, headers=token)


def walk(broker: Broker, path: str = "/Users", **parameters: object) -> Iterator[dict[str, Any]]:
    """Follow the cursors to the end of a list."""
    cursor = ""
    while True:
        answer = ask(broker, path, cursor=cursor, **parameters)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        page = parsed(answer)
        yield page
        if "nextCursor" not in page:
            return
        cursor = page["nextCursor"]


def names(pages: Iterator[Mapping[str, Any]], name: str = "userName") -> list[str]:
    """Return a name of every resource, page after page."""
    return [found[name] for page in pages for found in page["Resources"]]


def refused(answer: Any) -> str:  # noqa: ANN401 - an answer
    """Return the scimType of a 400."""
    assert answer.status_code == 400, answer.get_data(as_text=True)
    kind = parsed(answer)["scimType"]
    assert isinstance(kind, str)
    return kind


@pytest.fixture
def people(broker: Broker) -> list[str]:
    """Register seven people, some with a title."""
    found = []
    for number, title in enumerate(TITLES):
        body = {"userName": f"p{number}", **({"title": title} if title else {})}
        found.append(broker.made("/Users", body)["id"])
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 8])
def test_a_walk_meets_everybody_once(broker: Broker, people: list[str], count: int) -> None:
    """In the order of creation, and every page tells the total and no index."""
    pages = list(walk(broker, count=count))
    assert names(iter(pages)) == [f"p{number}" for number in range(7)]
    assert all(page["totalResults"] == 7 and "startIndex" not in page for page in pages)
    assert all(len(page["Resources"]) == page["itemsPerPage"] <= count for page in pages)
    assert len(pages) == -(-7 // count)


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("sort", ["title", "userName", "id", "meta.created"])
def test_a_sorted_walk_is_the_sorted_list(
    broker: Broker, people: list[str], sort: str, order: str
) -> None:
    """Also where values are missing or equal."""
    whole = parsed(ask(broker, sortBy=sort, sortOrder=order))
    walked = names(walk(broker, sortBy=sort, sortOrder=order, count=2))
    assert walked == [found["userName"] for found in whole["Resources"]]
    assert len(walked) == 7


def test_a_filtered_walk_stays_inside_its_filter(broker: Broker, people: list[str]) -> None:
    """The filter holds on every page; so does its total."""
    pages = list(walk(broker, filter='title eq "a"', count=1))
    assert (names(iter(pages)), pages[0]["totalResults"]) == (["p2", "p3", "p5"][::2], 2)


def test_what_is_gone_or_new_moves_nothing(broker: Broker, people: list[str]) -> None:
    """Deleting what was shown and adding at the end skips nobody and repeats nobody."""
    pages = walk(broker, count=3)
    first = names(iter([next(pages)]))
    broker.send("DELETE", f"/Users/{people[0]}")
    broker.made("/Users", {"userName": "new"})
    assert [*first, *names(pages)] == [*(f"p{number}" for number in range(7)), "new"]


def test_a_search_has_cursors_too(broker: Broker, people: list[str]) -> None:
    """RFC 9865 section 3."""
    first = parsed(broker.send("POST", "/Users/.search", {"cursor": "", "count": 4}))
    again = {"cursor": first["nextCursor"], "count": 4}
    second = parsed(broker.send("POST", "/Users/.search", again))
    assert [len(page["Resources"]) for page in (first, second)] == [4, 3]


def test_institutions_themes_and_the_root_have_them_too(broker: Broker, people: list[str]) -> None:
    """At the root the kinds come one after the other."""
    assert names(walk(broker, "/Institutions", count=1), "id") == ["900001", "900002"]
    assert len(names(walk(broker, "/Themes", count=1), "id")) == 2
    broker.made("/Groups", {"displayName": "g"})
    for count in (3, 7, 8):
        pages = list(walk(broker, "/", count=count))
        kinds = [found["meta"]["resourceType"] for page in pages for found in page["Resources"]]
        assert kinds == ["User"] * 7 + ["Group"]
        assert {page["totalResults"] for page in pages} == {8}


def test_a_cursor_serves_only_its_query(broker: Broker, people: list[str]) -> None:
    """Another filter, order or place to ask is another list (RFC 9865 section 2)."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    for changed in ({"filter": 'title eq "a"'}, {"sortBy": "title"}, {"sortOrder": "descending"}):
        assert refused(ask(broker, cursor=cursor, count=2, **changed)) == "invalidCursor"
    assert refused(ask(broker, "/Groups", cursor=cursor, count=2)) == "invalidCursor"
    assert refused(ask(broker, cursor=cursor, count=3)) == "invalidCount"


def test_a_page_is_as_large_as_the_one_before_where_nothing_is_said(
    broker: Broker, people: list[str]
) -> None:
    """The cursor knows its size; a client that follows ``nextCursor`` alone is served."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    following = parsed(ask(broker, cursor=cursor))
    assert following["itemsPerPage"] == 2
    assert following["Resources"] == parsed(ask(broker, cursor=cursor, count=2))["Resources"]


def test_a_cursor_serves_only_its_client(
    broker: Broker, people: list[str], broker_of: Callable[[NewClient], Broker]
) -> None:
    """Another client gets nothing with it, and learns nothing (rule 4)."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    other = broker_of(NewClient("other", ("900001",)))
    answer = ask(other, cursor=cursor, count=2)
    assert refused(answer) == "invalidCursor"
    assert parsed(answer) == parsed(ask(other, cursor="AAAA", count=2))


def test_authorisation_is_asked_again_on_each_page(
    broker: Broker, people: list[str], unit_of: Callable[[], UnitOfWork]
) -> None:
    """A cursor outlives no revocation (rule 7)."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    with unit_of() as uow:
        revoke(uow, "broker")
        uow.commit()
    assert ask(broker, cursor=cursor, count=2).status_code == 401


def test_a_cursor_can_be_neither_made_nor_changed(broker: Broker, people: list[str]) -> None:
    """Every changed sign breaks it; what is no cursor at all is a plain 400."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    for at in range(0, len(cursor), 7):
        sign = "A" if cursor[at] != "A" else "B"
        forged = cursor[:at] + sign + cursor[at + 1 :]
        assert refused(ask(broker, cursor=forged, count=2)) == "invalidCursor"
    for text in ("x", "é", "=", "a b", json.dumps([1]), "A" * 5_000):
        assert refused(ask(broker, cursor=text, count=2)) == "invalidCursor"


def test_only_strict_clients_are_told_of_cursors(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """Models of before RFC 9865 refuse a configuration with ``pagination``, such as Canaille's."""
    assert "pagination" not in parsed(ask(broker, "/ServiceProviderConfig"))
    strict = broker_of(NewClient("strict", ("900003",), profile="strict"))
    config = parsed(ask(strict, "/ServiceProviderConfig"))["pagination"]
    assert (config["cursor"], config["cursorTimeout"]) == (True, cursors.TIMEOUT_SECONDS)


def test_a_cursor_expires(
    broker: Broker, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that is documented."""
    cursor = parsed(ask(broker, cursor="", count=2))["nextCursor"]
    monkeypatch.setattr(cursors, "TIMEOUT_SECONDS", -1)
    assert refused(ask(broker, cursor=cursor, count=2)) == "expiredCursor"


@pytest.mark.parametrize("count", [0, -1])
def test_a_page_by_cursor_holds_something(broker: Broker, people: list[str], count: int) -> None:
    """A list by cursor cannot go on with nothing."""
    assert refused(ask(broker, cursor="", count=count)) == "invalidCount"


def test_one_way_of_paging_at_a_time(broker: Broker, people: list[str]) -> None:
    """Both at once would mean nothing."""
    assert refused(ask(broker, cursor="", startIndex=1)) == "invalidValue"
