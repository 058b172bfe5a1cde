"""WebIDM, the broker of the seed text: PUT only, Users only, rights and themes on the User."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mo_access.service import clients, decisions
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from tests.scim.conftest import Broker, parsed

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
VO_ID = "5f0c6f2e-8a51-4a86-9f30-1c2d3e4f5a6b"
OPEN, SECRET = "leerlingen-openbaar", "leerlingen-vertrouwelijk"
Unit = Callable[[], UnitOfWork]


def marie(*rights: str, **more: object) -> dict[str, object]:
    """Return the whole user as it is sent each time."""
    name = {"givenName": "Marie", "familyName": "Claes"}
    body = {"schemas": [CORE], "externalId": VO_ID, "userName": "marie", "name": name}
    return body | {"active": True, "roles": [{"value": right} for right in rights], **more}


def may(unit_of: Unit, broker: Broker, person: str, theme: str, institution: str = "900001") -> str:
    """Ask as this client may ask, and return the reason of the answer."""
    with unit_of() as uow:
        actor = clients.by_token(uow, broker.token)
        found = decisions.decide(uow, Question(person, institution, theme, actor=actor))
    return "yes" if found.allowed else found.reason.value


def test_a_right_that_is_missing_from_a_put_is_gone_on_the_next_decision(
    broker: Broker, unit_of: Unit
) -> None:
    """The theme, then the relation itself."""
    theme = "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:900001"
    person = broker.made("/Users", marie(theme))["id"]
    assert may(unit_of, broker, person, SECRET) == "yes"
    assert may(unit_of, broker, person, OPEN) != "yes"
    plain = marie("MijnOnderwijsPortaalGebruiker:900001")
    assert broker.send("PUT", f"/Users/{person}", plain).status_code == 200
    assert may(unit_of, broker, person, SECRET) != "yes"
    with_theme = marie("MijnOnderwijsPortaalGebruiker:900001", entitlements=[f"900001:{OPEN}"])
    assert broker.send("PUT", f"/Users/{person}", with_theme).status_code == 200
    assert may(unit_of, broker, person, OPEN) == "yes"
    assert broker.send("PUT", f"/Users/{person}", marie()).status_code == 200
    assert may(unit_of, broker, person, OPEN) != "yes"


def test_the_state_that_was_read_can_be_put_back_and_a_dropped_right_still_ends(
    broker: Broker, unit_of: Unit
) -> None:
    """What we derived and showed asserts nothing when it comes back (rule 11)."""
    right = f"MijnOnderwijsPortaalGebruiker-{OPEN}:900001, 900002"
    person = broker.made("/Users", marie(right))["id"]
    shown = parsed(broker.send("GET", f"/Users/{person}"))
    again = parsed(broker.send("PUT", f"/Users/{person}", shown))
    assert again["meta"]["version"] == shown["meta"]["version"]
    assert may(unit_of, broker, person, OPEN, "900002") == "yes"
    shown["roles"] = [{"value": f"MijnOnderwijsPortaalGebruiker-{OPEN}:900001"}]
    assert broker.send("PUT", f"/Users/{person}", shown).status_code == 200
    assert may(unit_of, broker, person, OPEN, "900001") == "yes"
    assert may(unit_of, broker, person, OPEN, "900002") != "yes"


@pytest.mark.parametrize(
    "right",
    [
        "MijnOnderwijsPortaalBeheerderAssistent-leerlingenVertrouwelijk:900001",
        "MijnOnderwijsPortaalGebruiker-onbekend:900001",
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk",
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:900003",
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:9000011",
        "MijnOnderwijsPortaal:900001",
    ],
)
def test_a_right_that_is_not_exactly_one_gives_nothing_and_is_kept(
    broker: Broker, unit_of: Unit, right: str
) -> None:
    """Never by prefix, never without a place, never at a foreign one."""
    made = broker.made("/Users", marie(right))
    assert [role["value"] for role in made["roles"]] == [right]
    assert may(unit_of, broker, made["id"], SECRET) != "yes"


def test_mail_addresses_are_typed_by_organisation(broker: Broker) -> None:
    """They are kept and found by it."""
    mail = [
        {"value": "m@een.example", "type": "900001"},
        {"value": "m@twee.example", "type": "900002"},
    ]
    made = broker.made("/Users", marie(emails=mail))
    assert made["emails"] == mail
    by_place = 'emails[type eq "900002" and value eq "m@twee.example"]'
    assert broker.found("/Users", by_place) == [made["id"]]
    assert broker.found("/Users", by_place.replace("900002", "900001")) == []


def test_an_id_is_unique_inside_a_target_group_only(
    broker: Broker, broker_of: Callable[[NewClient], Broker]
) -> None:
    """Each target group is a client of its own: the same VO-id there is another person's."""
    local = broker_of(NewClient("local authorities", ("900003",)))
    one, other = broker.made("/Users", marie()), local.made("/Users", marie())
    assert one["id"] != other["id"]
    assert broker.found("/Users", f'externalId eq "{VO_ID}"') == [one["id"]]
    assert local.found("/Users", f'externalId eq "{VO_ID}"') == [other["id"]]
    again = broker.send("POST", "/Users", marie(userName="someone"))
    assert (again.status_code, parsed(again)["scimType"]) == (409, "uniqueness")
