"""How many numbers of the national register a client may search for: there are forty million."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from mo_access.service import audit
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.resources import USER_EXTENSION as OURS
from mo_web.limits import Buckets, Limits
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed
from tests.support.insz import made_up

NUMBERS = [made_up(n) for n in range(60)]
SLOW = 1 / 60


def terms(*numbers: str) -> str:
    """Return a filter that asks for each of them."""
    return " or ".join(f'insz eq "{number}"' for number in numbers)


def limits(app: Flask, burst: int) -> None:
    """Let each client search for so many, and for one a minute after that."""
    held: Limits = app.extensions["mo_web"].limits
    held.numbers = Buckets(SLOW, burst)


@ON_ONE_ENGINE
@pytest.mark.parametrize("path", ["/Users/.search", "/.search"])
def test_a_client_that_tries_numbers_is_told_to_wait(
    app: Flask, broker_of: Callable[[NewClient], Broker], path: str
) -> None:
    """A SCIM error that says why and holds none of them; the others search on."""
    guesser, other = (broker_of(NewClient(name, ("900001",))) for name in ("guesser", "other"))
    limits(app, 2)
    asked = {"filter": terms(NUMBERS[0])}
    assert [guesser.send("POST", path, asked).status_code for _ in range(2)] == [200, 200]
    answer = guesser.send("POST", path, asked)
    told = parsed(answer)
    assert (answer.status_code, told["status"]) == (429, "429")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "insz" in told["detail"]
    assert answer.headers["Retry-After"] in told["detail"]
    assert NUMBERS[0] not in answer.text
    assert other.send("POST", path, asked).status_code == 200
    assert guesser.send("POST", path, {"filter": 'userName eq "an"'}).status_code == 200
    assert guesser.send("GET", "/Users").status_code == 200


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("text", "count"),
    [
        (terms(*NUMBERS[:3]), 3),
        (f'not ({terms(NUMBERS[0])}) and {OURS}:insz ne "1"', 2),
        (f'userName eq "an" and ({terms(*NUMBERS[:2])})', 2),
        (f"{OURS}:insz pr or userName pr", 0),
        (f"{OURS}:insz eq null", 0),
    ],
)
def test_each_number_of_a_filter_counts(app: Flask, broker: Broker, text: str, count: int) -> None:
    """However the terms are joined, known or not, valid or not."""
    broker.made("/Users", {"userName": "an", OURS: {"insz": NUMBERS[0]}})
    held: Limits = app.extensions["mo_web"].limits
    held.numbers = Buckets(SLOW, 10)
    assert broker.send("POST", "/Users/.search", {"filter": text}).status_code == 200
    rest = [
        broker.send("POST", "/Users/.search", {"filter": terms(NUMBERS[0])}).status_code
        for _ in range(11)
    ]
    assert rest == [200] * (10 - count) + [429] * (count + 1)


@ON_ONE_ENGINE
def test_a_filter_of_more_numbers_than_the_rate_waits_and_then_owes(
    app: Flask, broker: Broker
) -> None:
    """It would else never go through, or let each minute fifty pass."""
    limits(app, 2)
    asked = {"filter": terms(*NUMBERS[:50])}
    assert broker.send("POST", "/Users/.search", asked).status_code == 200
    answer = broker.send("POST", "/Users/.search", {"filter": terms(NUMBERS[0])})
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 2_800) == (429, True)


@ON_ONE_ENGINE
def test_a_search_that_is_refused_costs_nothing(app: Flask, broker: Broker) -> None:
    """Nor does it ask the database: a mistake in the sort, or a number in a URL."""
    limits(app, 1)
    asked = {"filter": terms(NUMBERS[0]), "sortBy": "nothing"}
    assert broker.send("POST", "/Users/.search", asked).status_code == 400
    assert broker.send("GET", f"/Users?filter={terms(NUMBERS[0])}").status_code == 403
    assert broker.send("POST", "/.search", asked).status_code == 200
    assert broker.send("POST", "/.search", asked).status_code == 429


@ON_ONE_ENGINE
def test_there_is_no_searching_in_a_bulk(app: Flask, broker: Broker) -> None:
    """Or a thousand filters would go through as one request."""
    limits(app, 1)
    one = {
        "method": "POST",
        "path": "/Users/.search",
        "bulkId": "s",
        "data": {"filter": terms(NUMBERS[0])},
    }
    answer = parsed(broker.send("POST", "/Bulk", {"Operations": [one]}))
    assert answer["Operations"][0]["status"][0] == "4"
    assert "Resources" not in str(answer)


def test_each_number_that_a_search_shows_is_audited(
    broker_of: Callable[[NewClient], Broker], unit_of: Callable[[], UnitOfWork]
) -> None:
    """One event for each, and none for what was not shown."""
    scopes = ("scim:read", "scim:write", "insz:read")
    broker = broker_of(NewClient("reader", ("900001",), scopes=scopes))
    ids = [
        broker.made("/Users", {"userName": f"u{n}", OURS: {"insz": NUMBERS[n]}})["id"]
        for n in range(3)
    ]
    asked = {"filter": terms(*NUMBERS[:2]), "attributes": [f"{OURS}:insz"]}
    shown = parsed(broker.send("POST", "/Users/.search", asked))["Resources"]
    assert sorted(user[OURS]["insz"] for user in shown) == sorted(NUMBERS[:2])
    with unit_of() as uow:
        events = list(audit.following(uow, 0))
    read = [event["person"] for event in events if event["kind"] == "person.insz.read"]
    assert sorted(map(str, read)) == sorted(ids[:2])
    assert not any(number in str(events) for number in NUMBERS)


def test_a_number_that_only_others_say_is_not_found(
    broker_of: Callable[[NewClient], Broker],
) -> None:
    """Both know the person: who takes its number back finds nobody by it any more (rule 5)."""
    school, other = (broker_of(NewClient(name, ("900001",))) for name in ("school", "other"))
    said = {"userName": "an", OURS: {"insz": NUMBERS[0]}}
    an = school.made("/Users", said)["id"]
    assert other.made("/Users", said)["id"] == an

    def found(who: Broker, text: str) -> list[str]:
        answer = who.send("POST", "/Users/.search", {"filter": text})
        return [one["id"] for one in parsed(answer)["Resources"]]

    asked = (terms(NUMBERS[0]), f"{OURS}:insz pr")
    assert [found(other, text) for text in asked] == [[an], [an]]
    taken = other.patched(f"/Users/{an}", {"op": "remove", "path": f"{OURS}:insz"})
    assert taken.status_code == 200, taken.text
    assert [found(other, text) for text in asked] == [[], []]
    assert [found(school, text) for text in asked] == [[an], [an]]
