"""How often the database is asked: a request costs what it must, whatever is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mo_access.service import clients
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from tests.scim.conftest import Broker, parsed
from tests.support.statements import asked

OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"


@pytest.fixture
def person(broker: Broker) -> str:
    """Give the id of a person with two affiliations, in twelve groups."""
    places = [{"value": n, "role": "gebruiker"} for n in ("900001", "900002")]
    made: str = broker.made("/Users", {"userName": "an", OURS: {"affiliations": places}})["id"]
    for number in range(11):
        broker.made("/Groups", {"displayName": f"g{number}", "members": [{"value": made}]})
    broker.made("/Groups", {"displayName": "MO_900002_beheerder", "members": [{"value": made}]})
    return made


@pytest.mark.parametrize("query", ["", "?attributes=userName,groups", "?excludedAttributes=emails"])
def test_a_user_is_read_in_three_statements(
    broker: Broker, person: str, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """The client with its scope, the user, and all that is derived; no transaction is begun."""
    with asked(monkeypatch) as statements:
        answer = broker.send("GET", f"/Users/{person}{query}")
    assert answer.status_code == 200
    assert len(parsed(answer)["groups"]) == 12
    assert len(statements) == 3, statements


def test_a_platform_client_reads_in_three_statements_too(
    broker_of: Callable[[NewClient], Broker], person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees the union of all clients, in as many statements."""
    platform = broker_of(NewClient("platform", platform=True))
    with asked(monkeypatch) as statements:
        shown = parsed(platform.send("GET", f"/Users/{person}"))
    assert sorted((a["value"], a["role"]) for a in shown[OURS]["affiliations"]) == [
        ("900001", "gebruiker"),
        ("900002", "beheerder"),
        ("900002", "gebruiker"),
    ]
    assert len(statements) == 3, statements


def test_a_current_copy_costs_no_more(
    broker: Broker, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 304 knows the derived part too, since a role may have changed there."""
    tag = broker.send("GET", f"/Users/{person}").headers["ETag"]
    with asked(monkeypatch) as statements:
        assert broker.send("GET", f"/Users/{person}", If_None_Match=tag).status_code == 304
    assert len(statements) == 3, statements


def test_a_page_asks_as_often_as_a_user_and_counts(
    broker: Broker, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty people more on the page ask nothing more."""
    with asked(monkeypatch) as small:
        broker.send("GET", "/Users?count=50")
    for number in range(40):
        broker.made("/Users", {"userName": f"more{number}"})
    with asked(monkeypatch) as large:
        page = parsed(broker.send("GET", "/Users?count=50"))
    assert (page["itemsPerPage"], len(large)) == (41, len(small))
    assert len(large) <= 4
    assert person in [user["id"] for user in page["Resources"]]


def test_members_that_are_excluded_are_not_read(
    broker: Broker, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of memberships is not asked for a group without its members."""
    made = broker.made("/Groups", {"displayName": "some", "members": [{"value": person}]})
    path = f"/Groups/{made['id']}"
    with asked(monkeypatch) as whole:
        broker.send("GET", path)
    with asked(monkeypatch) as without:
        broker.send("GET", f"{path}?excludedAttributes=members")
    assert any("membership" in sql for sql in whole)
    assert not any("membership" in sql for sql in without)
    assert len(without) == 2, without


def test_a_revoked_client_is_refused_on_the_next_request(
    broker: Broker, person: str, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Nothing of who calls is kept from one request to the next (rule 7)."""
    assert broker.send("GET", f"/Users/{person}").status_code == 200
    with unit_of() as uow:
        clients.revoke(uow, "broker")
        uow.commit()
    assert broker.send("GET", f"/Users/{person}").status_code == 401


def test_a_refusal_without_a_token_asks_nothing(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no well-formed token does not reach the database."""
    with asked(monkeypatch) as statements:
        assert Broker(broker.http, "mos_x").send("GET", "/Users").status_code == 401
    assert statements == []
