"""The last link gone: nothing personal is left, and the trail keeps a pseudonym (rules 5 and 9)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mo_access.service import idempotency
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.bookkeeping import metadata
from tests.scim.conftest import Broker, parsed

INSZ = "85073003328"
EXTENSION = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
PERSONAL = ("zusanne", "zubrowska", "+32 470", "geheim-7", "1985-07-30", INSZ, "sub-4711")
USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", EXTENSION],
    "userName": "zusanne.zubrowska",
    "externalId": "geheim-7",
    "name": {"givenName": "Zusanne", "familyName": "Zubrowska"},
    "displayName": "Zusanne Zubrowska",
    "emails": [{"value": "zusanne@school.example", "type": "work"}],
    "phoneNumbers": [{"value": "+32 470 00 00 00"}],
    EXTENSION: {
        "insz": INSZ,
        "birthDate": "1985-07-30",
        "affiliations": [{"value": "900001", "role": "gebruiker"}],
        "identities": [{"issuer": "https://op.example", "subject": "sub-4711"}],
    },
}


@pytest.fixture
def stored(unit_of: Callable[[], UnitOfWork]) -> Callable[[], str]:
    """Give all that the tables hold, as one text without case."""

    def dump() -> str:
        with unit_of() as uow:
            rows = [row for t in metadata.sorted_tables for row in uow.conn.all(select(t))]
        return "\n".join(_text(value) for row in rows for value in row).casefold()

    return dump


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    return (
        bytes(value).decode("utf-8", "replace")
        if isinstance(value, bytes | memoryview)
        else str(value)
    )


def found(text: str) -> set[str]:
    """Tell what personal is in it."""
    return {word for word in PERSONAL if word.casefold() in text}


def test_nothing_personal_is_left(broker: Broker, stored: Callable[[], str]) -> None:
    """In no table: neither in link, values, identities and groups, nor in trail and activity."""
    user = broker.made("/Users", USER)
    member = [{"value": user["id"], "display": "Zusanne Zubrowska"}]
    broker.made("/Groups", {"displayName": "MO_900001_leerlingen-openbaar", "members": member})
    assert {"zusanne", "zubrowska", "geheim-7", "sub-4711"} <= found(stored())
    broker.send("POST", "/Users", USER)
    assert broker.send("DELETE", f"/Users/{user['id']}").status_code == 204
    left = stored()
    assert found(left) == set()
    assert user["id"] in left


def test_an_answer_kept_for_a_retry_goes_after_a_day(
    broker: Broker,
    stored: Callable[[], str],
    unit_of: Callable[[], UnitOfWork],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is replayed to who names a key shows the person until then, and no longer."""
    made = parsed(broker.send("POST", "/Users", USER, Idempotency_Key='"one"'))
    broker.send("DELETE", f"/Users/{made['id']}")
    assert found(stored()) != set()
    assert INSZ not in stored()
    with unit_of() as uow:
        day_after = uow.now + idempotency.KEPT_MICROSECONDS + 1
        monkeypatch.setattr(uow, "now", day_after)
        idempotency.sweep(uow)
        uow.commit()
    assert found(stored()) == set()


def test_the_name_is_free_again(broker: Broker) -> None:
    """For somebody else, who is a new person and inherits nothing."""
    user = broker.made("/Users", USER)
    broker.made(
        "/Groups",
        {"displayName": "MO_900001_leerlingen-openbaar", "members": [{"value": user["id"]}]},
    )
    broker.send("DELETE", f"/Users/{user['id']}")
    other = broker.made("/Users", {"userName": USER["userName"], "externalId": "geheim-7"})
    assert other["id"] != user["id"]
    assert other.get("groups", []) == []
    assert EXTENSION not in other or "affiliations" not in other[EXTENSION]
    assert parsed(broker.send("GET", f"/Users/{user['id']}"))["status"] == "404"


def test_what_others_registered_stays_when_one_leaves(
    broker: Broker, broker_of: Callable[[NewClient], Broker], stored: Callable[[], str]
) -> None:
    """Only what the leaving client wrote goes."""
    user = broker.made("/Users", USER)
    other = broker_of(NewClient("other", ("900003",)))
    theirs = {"userName": "z.z", EXTENSION: {"insz": INSZ}, "schemas": USER["schemas"]}
    assert other.made("/Users", theirs)["id"] == user["id"]
    broker.send("DELETE", f"/Users/{user['id']}")
    assert found(stored()) == set()
    assert json.loads(other.send("GET", f"/Users/{user['id']}").get_data())["userName"] == "z.z"
