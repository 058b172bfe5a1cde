"""A number of the national register sent where it does not belong (domain.md, People)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Json
from mo_access.service import audit
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.mapping import strays
from mo_scim.resources import ENTERPRISE
from mo_scim.resources import USER_EXTENSION as OURS
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed

NUMBER, BIS, TYPO = "85073003328", "98472899765", "85073003329"
DOTTED = "85.07.30-033.28"
WIDE = "".join(chr(0xFF10 + int(sign)) for sign in NUMBER)


def user(**said: object) -> dict[str, Any]:
    """Return a user of that name, unless it says another."""
    return {"userName": "an", **said}


def ours(**said: object) -> dict[str, Any]:
    """Return a user with this in our extension."""
    return user(**{OURS: said})


def places(text: str) -> list[tuple[str, dict[str, Any], str]]:
    """Return where a text can go, and the attribute that is to be named."""
    return [
        ("/Groups", {"displayName": text}, "displayName"),
        ("/Groups", {"displayName": f"klas {text}!"}, "displayName"),
        ("/Groups", {"displayName": "g", "externalId": text}, "externalId"),
        ("/Users", user(userName=text), "userName"),
        ("/Users", user(userName=f"{text}@school.example"), "userName"),
        ("/Users", user(externalId=text), "externalId"),
        ("/Users", user(nickName=text), "nickName"),
        ("/Users", user(title=f"leraar ({text})"), "title"),
        ("/Users", user(displayName=text), "displayName"),
        ("/Users", user(name={"familyName": text}), "name"),
        ("/Users", user(emails=[{"value": f"{text}@school.example"}]), "emails"),
        ("/Users", user(roles=[{"value": text}]), "roles"),
        ("/Users", user(roles=[{"value": "beheerder", "display": text}]), "roles"),
        ("/Users", user(roles=[{"value": f"beheerder:{text}"}]), "roles"),
        ("/Users", user(entitlements=[{"value": text}]), "entitlements"),
        ("/Users", user(**{ENTERPRISE: {"organization": text}}), f"{ENTERPRISE}:organization"),
        ("/Users", user(**{ENTERPRISE: {"costCenter": text}}), f"{ENTERPRISE}:costCenter"),
        (
            "/Users",
            ours(identities=[{"issuer": "https://op.example", "subject": text}]),
            f"{OURS}:identities",
        ),
    ]


@ON_ONE_ENGINE
@pytest.mark.parametrize("text", [NUMBER, BIS, DOTTED, "850730 033 28", WIDE])
def test_a_number_where_it_does_not_belong_is_refused(
    broker: Broker, unit_of: Callable[[], UnitOfWork], text: str
) -> None:
    """400 that names the attribute and says what to do; it is kept nowhere and told to nobody."""
    for path, body, attribute in places(text):
        answer = broker.send("POST", path, body)
        told = parsed(answer)
        assert (answer.status_code, told["scimType"]) == (400, "invalidValue"), body
        assert told["detail"].startswith(f"{attribute}: "), told
        assert "insz" in told["detail"]
        assert text not in answer.text
    for path in ("/Users", "/Groups"):
        assert parsed(broker.send("GET", path))["totalResults"] == 0
    with unit_of() as uow:
        assert text not in str(list(audit.following(uow, 0)))


@ON_ONE_ENGINE
def test_it_is_refused_by_put_patch_and_bulk_too(broker: Broker) -> None:
    """And the resource stays as it was."""
    made = {
        "/Users": broker.made("/Users", user(title="leraar")),
        "/Groups": broker.made("/Groups", {"displayName": "klas"}),
    }
    for kind, body, _ in places(NUMBER):
        path = f"{kind}/{made[kind]['id']}"
        assert broker.send("PUT", path, body).status_code == 400, body
        whole = {"op": "replace", "value": body}
        assert broker.patched(path, whole).status_code == 400, body
        one = {"method": "PUT", "path": path, "data": body}
        bulk = parsed(broker.send("POST", "/Bulk", {"Operations": [one]}))
        assert bulk["Operations"][0]["status"] == "400"
        assert NUMBER not in str(bulk["Operations"][0]["response"])
        assert parsed(broker.send("GET", path)) == made[kind]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "text",
    [
        TYPO,
        "85023003328",
        f"{NUMBER}0",
        f"x{NUMBER}",
        "12345678-9012-4345-8850-730033280000",
        "MijnOnderwijsPortaalGebruiker:900001, 900002",
    ],
)
def test_what_is_no_valid_number_passes(broker: Broker, text: str) -> None:
    """Other digits, part of something longer, and the ids that brokers send."""
    broker.made("/Users", user(userName=text, externalId=text, title=text))
    broker.made("/Groups", {"displayName": f"g {text}"})


@ON_ONE_ENGINE
def test_telephone_and_employee_numbers_may_look_like_one(broker: Broker) -> None:
    """Unless it is the very number that the same request sends as insz."""
    phone, staff = {"phoneNumbers": [{"value": NUMBER}]}, {ENTERPRISE: {"employeeNumber": NUMBER}}
    for said in (phone, staff):
        made = broker.made("/Users", user(**said))
        broker.send("DELETE", f"/Users/{made['id']}")
        broker.made("/Users", {"userName": "other", **said, OURS: {"insz": BIS}})
        found = parsed(broker.send("GET", "/Users"))["Resources"]
        broker.send("DELETE", f"/Users/{found[0]['id']}")
        for own in (NUMBER, DOTTED):
            answer = broker.send("POST", "/Users", {**ours(insz=own), **said})
            assert answer.status_code == 400
            assert NUMBER not in answer.text


def test_what_is_stored_already_refuses_no_later_write() -> None:
    """Or the PUT that deactivates would fail for ever; a new place for it is refused."""
    before: dict[str, Json] = {"userName": NUMBER, "roles": [{"value": NUMBER}]}
    strays.refuse({**before, "active": False}, before)
    with pytest.raises(Invalid):
        strays.refuse({**before, "title": NUMBER}, before)


def test_few_other_ids_of_eleven_digits_look_like_one() -> None:
    """So many of a thousand random ones: the price that design 007 names."""
    chance = random.Random(7)
    refused = 0
    for _ in range(20_000):
        try:
            strays.refuse({"externalId": f"{chance.randrange(10**11):011d}"}, {})
        except Invalid:
            refused += 1
    assert 20 <= refused <= 80
