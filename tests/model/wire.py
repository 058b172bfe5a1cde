"""What brokers send: a whole user, an affiliation, a request with what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from tests.model.rules import GEBRUIKER, Said
from tests.model.universe import ENTERPRISE, OURS, Answer

ABSENT: Final = "00000000-0000-4000-8000-000000000000"


class Draft(NamedTuple):
    """A whole User as a broker sends it; ``active`` None leaves it out."""

    name: str
    external: str | None = None
    active: bool | None = None
    affiliations: tuple[Said, ...] = ()
    roles: tuple[str, ...] = ()
    entitled: tuple[str, ...] = ()
    organization: str | None = None
    insz: str | None = None
    manager: str | None = None


class Sent(NamedTuple):
    """A request of a client, alone or in a Bulk.

    ``foretold`` gives the statuses that the rules allow as the world is now; ``done`` lets the
    world follow when the service did it.
    """

    client: str
    method: str
    path: str
    body: object
    foretold: Callable[[], set[int]]
    done: Callable[[Answer], None]


def written(said: Said) -> dict[str, Any]:
    """Write an affiliation as a broker does."""
    days = {"start": said.start, "end": said.end}
    shown = {k: day.isoformat() for k, day in days.items() if isinstance(day, date)}
    role = {} if said.role == GEBRUIKER else {"role": said.role}
    return {"value": said.at, **role, **shown}


def body(draft: Draft) -> dict[str, Any]:
    """Write a user as a broker does."""
    sent: dict[str, Any] = {"userName": draft.name}
    sent |= {"externalId": draft.external} if draft.external else {}
    sent |= {"active": draft.active} if draft.active is not None else {}
    sent |= {"roles": [{"value": text} for text in draft.roles]} if draft.roles else {}
    if draft.entitled:
        sent["entitlements"] = [{"value": text} for text in draft.entitled]
    work: dict[str, Any] = {"organization": draft.organization} if draft.organization else {}
    if draft.manager:
        work["manager"] = {"value": draft.manager}
    ours: dict[str, Any] = {}
    if draft.affiliations:
        ours["affiliations"] = [written(said) for said in draft.affiliations]
    if draft.insz:
        ours["insz"] = draft.insz
    return sent | ({ENTERPRISE: work} if work else {}) | ({OURS: ours} if ours else {})


def group_body(name: str, external: str | None, members: set[str]) -> dict[str, Any]:
    """Write a group as a broker does."""
    sent = {"displayName": name, "members": [{"value": m} for m in sorted(members)]}
    return sent | ({"externalId": external} if external else {})
