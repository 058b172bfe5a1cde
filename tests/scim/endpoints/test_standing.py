"""Dates and blocks as a broker meets them over SCIM: extensions, what is shown, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mo_access.domain.ending import BRUSSELS
from mo_access.domain.policy import Reason
from mo_access.service import blocks, decisions
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from tests.scim.conftest import Broker, parsed

OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
GROUP, THEME = "MO_900001_leerlingen-openbaar", "leerlingen-openbaar"
INSZ, OTHER_INSZ = "85073003328", "85073003427"
UnitOf = Callable[[], UnitOfWork]


def day(ahead: int) -> str:
    """Return the day in Brussels so many days from now."""
    return (datetime.now(UTC).astimezone(BRUSSELS).date() + timedelta(days=ahead)).isoformat()


def user(end: str | None = None, **more: object) -> dict[str, Any]:
    """Make a gebruiker of the school until a day."""
    said = {"value": "900001", "role": "gebruiker"} | ({"end": end} if end else {})
    return {"userName": "an", "externalId": "e1", OURS: {"affiliations": [said]}, **more}


def numbered(insz: str) -> dict[str, Any]:
    """Make the same user with a number and no affiliation."""
    return {**user(), OURS: {"insz": insz}}


def reason(unit_of: UnitOf, person: str) -> Reason:
    """Decide on the theme at the school."""
    with unit_of() as uow:
        return decisions.decide(uow, Question(person, "900001", THEME)).reason


def shown(broker: Broker, person: str) -> tuple[str, str | None]:
    """Return status and last day of the one affiliation."""
    (found,) = parsed(broker.send("GET", f"/Users/{person}"))[OURS]["affiliations"]
    return found["status"], found.get("end")


PATHS = [
    f"{OURS}:affiliations.end",
    f'{OURS}:affiliations[value eq "900001"].end',
    f"{OURS}:affiliations",
    None,
]


@pytest.mark.parametrize("path", ["PUT", *PATHS])
@pytest.mark.parametrize("was", [-1, 0])
def test_an_end_is_moved_on(broker: Broker, unit_of: UnitOf, was: int, path: str | None) -> None:
    """By PUT and every form of PATCH, before it is over and after; and taken away, and back."""
    person = broker.made("/Users", user(day(was)))["id"]
    broker.made("/Groups", {"displayName": GROUP, "members": [{"value": person}]})
    assert reason(unit_of, person) is (Reason.ENDED if was < 0 else Reason.GRANTED)
    assert shown(broker, person) == ("ended" if was < 0 else "active", day(was))
    later = [{"value": "900001", "role": "gebruiker", "end": day(9)}]
    if path == "PUT":
        answer = broker.send("PUT", f"/Users/{person}", user(day(9)))
    elif path is None:
        value: object = {OURS: {"affiliations": later}}
        answer = broker.patched(f"/Users/{person}", {"op": "replace", "value": value})
    else:
        value = day(9) if path.endswith(".end") else later
        answer = broker.patched(f"/Users/{person}", {"op": "replace", "path": path, "value": value})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert (shown(broker, person), reason(unit_of, person)) == (
        ("active", day(9)),
        Reason.GRANTED,
    )
    for end, status, why in (
        (None, "active", Reason.GRANTED),
        (day(-1), "ended", Reason.ENDED),
    ):
        broker.send("PUT", f"/Users/{person}", user(end))
        assert (shown(broker, person), reason(unit_of, person)) == ((status, end), why)


def test_a_block_is_shown_and_no_write_lifts_it(broker: Broker, unit_of: UnitOf) -> None:
    """The status is suspended and the entity tag another; `active` stays what the client said."""
    person = broker.made("/Users", user())["id"]
    broker.made("/Groups", {"displayName": GROUP, "members": [{"value": person}]})
    path = f"/Users/{person}"
    before = broker.send("GET", path)
    with unit_of() as uow:
        blocks.block_affiliation(uow, person, "900001", "Onderzoek")
        uow.commit()
    now = broker.send("GET", path)
    assert now.headers["ETag"] != before.headers["ETag"]
    assert (shown(broker, person)[0], parsed(now)["active"]) == ("suspended", True)
    assert "Onderzoek" not in now.get_data(as_text=True)
    broker.send("PUT", path, user(active=False))
    broker.send("PUT", path, parsed(before) | {"active": True})
    broker.patched(path, {"op": "remove", "path": f"{OURS}:affiliations"})
    broker.send("PUT", path, user())
    assert (shown(broker, person)[0], reason(unit_of, person)) == ("suspended", Reason.BLOCKED)
    again = {"method": "POST", "path": "/Users", "bulkId": "a", "data": user()}
    told = broker.send("POST", "/Bulk", {"Operations": [{"method": "DELETE", "path": path}, again]})
    anew = parsed(told)["Operations"][1]["location"][-36:]
    broker.made("/Groups", {"displayName": GROUP, "members": [{"value": anew}]})
    assert anew != person
    assert (shown(broker, anew)[0], reason(unit_of, anew)) == ("suspended", Reason.BLOCKED)


def test_the_record_of_a_blocked_user_cannot_be_made_anothers(
    broker: Broker, unit_of: UnitOf
) -> None:
    """403 with a SCIM error that says what to do; nothing was changed."""
    person = broker.made("/Users", numbered(INSZ))["id"]
    path = f"/Users/{person}"
    with unit_of() as uow:
        blocks.block_person(uow, person, "Onderzoek")
        uow.commit()
    moved = broker.patched(path, {"op": "replace", "path": f"{OURS}:insz", "value": OTHER_INSZ})
    _refused(moved, "insz")
    assert broker.send("DELETE", path).status_code == 204
    taken = broker.send("POST", "/Users", numbered(OTHER_INSZ))
    _refused(taken, "externalId")
    other = broker.made("/Users", {"userName": "bob", OURS: {"insz": OTHER_INSZ}})["id"]
    for attribute, value in (("externalId", "e1"), ("userName", "AN")):
        renamed = {"op": "replace", "path": attribute, "value": value}
        _refused(broker.patched(f"/Users/{other}", renamed), attribute)
    assert parsed(broker.send("GET", f"/Users/{other}"))["userName"] == "bob"


def _refused(answer: Any, attribute: str) -> None:  # noqa: ANN401 - a test's answer
    told = json.loads(answer.get_data())
    assert (answer.status_code, told["status"]) == (403, "403")
    assert attribute in told["detail"]
    assert "platform" in told["detail"]
    assert INSZ not in told["detail"]
    assert OTHER_INSZ not in told["detail"]


def test_a_block_tells_another_client_nothing(
    broker_of: Callable[[NewClient], Broker], unit_of: UnitOf
) -> None:
    """The same userName and externalId at another school are an ordinary user."""
    first = broker_of(NewClient("first", ("900001",)))
    second = broker_of(NewClient("second", ("900001",)))
    person = first.made("/Users", user())["id"]
    with unit_of() as uow:
        blocks.block_person(uow, person, "Onderzoek")
        uow.commit()
    made = second.made("/Users", user())["id"]
    assert shown(second, made)[0] == "active"
