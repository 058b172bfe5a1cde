"""What every client reads, and every decision, held against the model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from mo_access.service import decisions
from mo_access.service.clients import by_token
from tests.model import legs
from tests.model.rules import Said
from tests.model.twin import Twin
from tests.model.universe import (
    CLIENTS,
    EID,
    ENTERPRISE,
    LEVELS,
    OURS,
    PAY,
    PLACES,
    PLATFORM,
    TWO,
)

QUESTIONS = [(theme, at) for theme in LEVELS for at in PLACES]


def all_alike(twin: Twin) -> None:
    """Demand that the service and the model tell the same in everything."""
    for client in CLIENTS:
        people_alike(twin, client)
        groups_alike(twin, client)
    decisions_alike(twin, twin.world.people)
    decisions_alike_on_the_turn(twin)
    who_alike(twin)


def people_alike(twin: Twin, client: str) -> None:
    """Compare the list of users of one client, attribute by attribute."""
    answer = twin.site.send(client, "GET", "/Users?count=1000")
    read = {one["id"]: one for one in answer.body.get("Resources", [])}
    wanted = twin.world.seen_by(client)
    assert set(read) == set(wanted), (client, read, wanted)
    assert answer.body["totalResults"] == len(wanted), (client, answer.body["totalResults"])
    for person_id, resource in read.items():
        person_alike(twin, client, person_id, resource)


def person_alike(twin: Twin, client: str, person_id: str, read: dict[str, Any]) -> None:
    """Compare one user as one client reads it (rules 5 and 11)."""
    world = twin.world
    person, link = world.people[person_id], world.document_of(client, person_id)
    wanted = {
        "userName": link.name,
        "externalId": link.external,
        "active": person.switch if client == PLATFORM else link.active,
        "roles": list(link.roles),
        "entitlements": list(link.entitled),
        "affiliations": world.shown(client, person_id),
        "groups": {i for i in world.groups_seen_by(client) if person_id in world.groups[i].members},
    }
    told = {
        "userName": read["userName"],
        "externalId": read.get("externalId"),
        "active": read["active"],
        "roles": [entry["value"] for entry in read.get("roles", [])],
        "entitlements": [entry["value"] for entry in read.get("entitlements", [])],
        "affiliations": {_said(e) for e in read.get(OURS, {}).get("affiliations", [])},
        "groups": {entry["value"] for entry in read.get("groups", [])},
    }
    parted = {k: (told[k], wanted[k]) for k in wanted if told[k] != wanted[k]}
    assert not parted, (client, person_id, parted)
    shown = read.get(ENTERPRISE, {}).get("organization")
    assert link.organization is None or shown == link.organization


def groups_alike(twin: Twin, client: str) -> None:
    """Compare the groups of one client with their members."""
    answer = twin.site.send(client, "GET", "/Groups?count=1000")
    read = {
        one["id"]: (one["displayName"], {m["value"] for m in one.get("members", [])})
        for one in answer.body.get("Resources", [])
    }
    groups = twin.world.groups
    wanted = {i: (groups[i].name, groups[i].members) for i in twin.world.groups_seen_by(client)}
    assert read == wanted, client
    assert answer.body["totalResults"] == len(wanted)


def decisions_alike(twin: Twin, people: Iterable[str]) -> None:
    """Ask about these, every theme and every place, and without a level (rule 10)."""
    world = twin.world
    # Tombs too: nothing of them may be left.
    asked: list[tuple[str, str, str, str | None]] = [
        (p, t, at, EID) for p in people for t, at in QUESTIONS
    ]
    asked += [(p, PAY, TWO, None) for p in people]
    for start in range(0, len(asked), 50):
        some = asked[start : start + 50]
        body = {"evaluations": [question(*one) for one in some]}
        answer = twin.site.ask(PLATFORM, "evaluations", body)
        told = [one["decision"] for one in answer.body["evaluations"]]
        wanted = [world.may(p, t, at, 35 if acr else 0) for p, t, at, acr in some]
        parted = [one for one, a, b in zip(some, told, wanted, strict=True) if a is not b]
        assert told == wanted, parted


def decisions_alike_on_the_turn(twin: Twin) -> None:
    """Ask again as on the day before affiliations begin or end next, and on that day (rule 1).

    Chance seldom lets time pass to just there while a right still stands on them alone.
    """
    turn = legs.turning(twin.world)
    if turn is None:
        return
    day, people = turn
    for asked_on in (day - legs.ONE_DAY, day):
        with twin.as_on(asked_on):
            decisions_alike(twin, people)


def question(person: str, theme: str, at: str, acr: str | None) -> dict[str, Any]:
    """Return an evaluation request of AuthZEN."""
    return {
        "subject": {"type": "user", "id": person},
        "action": {"name": "read"},
        "resource": {"type": "theme", "id": f"{at}:{theme}"},
        "context": {"acr": acr} if acr else {},
    }


def who_alike(twin: Twin) -> None:
    """List who may read each theme at each place, for all and for each client (ruling 9)."""
    world = twin.world
    with twin.site.unit() as uow:
        actors = {c: by_token(uow, twin.site.tokens[c]) for c in CLIENTS}
        for theme, at in QUESTIONS:
            wanted = {p for p in world.alive() if world.may(p, theme, at)}
            assert set(decisions.who(uow, theme, at)) == wanted, (theme, at)
            for client, actor in actors.items():
                mine = wanted & set(world.seen_by(client)) if at in world.scope(client) else set()
                assert set(decisions.who(uow, theme, at, actor)) == mine, (client, theme, at)


def _said(entry: dict[str, Any]) -> tuple[Said, str]:
    days = [date.fromisoformat(entry[k]) if k in entry else None for k in ("start", "end")]
    return Said(entry["value"], entry["role"], *days), entry["status"]
