"""The people of the load bench: through the services on our side, by POST on the others."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.drive import once
from bench.scim_sides import THEMES, person
from bench.servers import Server
from mo_access import settings as configuration
from mo_access.service import catalogue, imports, people
from mo_access.service.clients import NewClient, by_token, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_scim.mapping import users
from mo_scim.profiles import profile

BATCH: Final = 1_000
SCHOOLS: Final = 50
OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"


@dataclass
class Side:
    """A server with what is in it: ids of people by number, ids of groups by size."""

    server: Server
    ids: list[str]
    groups: dict[int, str] = field(default_factory=dict)
    fresh: itertools.count[int] = field(default_factory=itertools.count)


def member(number: int) -> dict[str, Any]:
    """Return a user with an affiliation at one of the schools, as a broker sends it."""
    sent = person(number)
    sent[OURS] = {"affiliations": [{"value": str(900001 + number % SCHOOLS), "role": "gebruiker"}]}
    return {**sent, "schemas": [*sent["schemas"], OURS]}


def fill_ours(folder: Path, url: str, count: int) -> tuple[str, list[str]]:
    """Make a database with so many people, and return the client's token and their ids."""
    migrating.upgrade(url)
    settings = Settings(var=folder, database_url=url)
    database, keys = Database(url), configuration.keys(settings)

    def unit() -> UnitOfWork:
        return UnitOfWork(database, keys=keys, request_id="bench", caller="cli:bench")

    with unit() as uow:
        token = _seed(uow, folder)
    ids: list[str] = []
    for start in range(0, count, BATCH):
        with unit() as uow:
            ids.extend(_registered(uow, token, range(start, min(count, start + BATCH))))
            uow.commit()
    database.close()
    return token, ids


def fill_peer(server: Server, count: int) -> list[str]:
    """Register the people over SCIM and return their ids."""
    numbers = iter(range(count))
    made: dict[int, str] = {}
    for number in numbers:
        body = json.dumps(person(number)).encode()
        status, answer = once(server.port, server.request("POST", "/Users", body))
        if status != 201:  # noqa: PLR2004 - created
            raise RuntimeError(f"{server.name}: POST /Users answered {status}")
        made[number] = json.loads(answer)["id"]
    return [made[number] for number in range(count)]


def add_groups(side: Side, sizes: tuple[int, ...]) -> None:
    """Make a group of each size over SCIM."""
    for size in sizes:
        sent = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": f"group of {size}",
            "members": [{"value": value} for value in side.ids[:size]],
        }
        request = side.server.request("POST", "/Groups", json.dumps(sent).encode())
        status, answer = once(side.server.port, request)
        if status != 201:  # noqa: PLR2004 - created
            raise RuntimeError(f"{side.server.name}: a group of {size} was answered {status}")
        side.groups[size] = json.loads(answer)["id"]


def _seed(uow: UnitOfWork, folder: Path) -> str:
    schools = [str(900001 + number) for number in range(SCHOOLS)]
    rows = "".join(f"{number},School {number},school,,\n" for number in schools)
    (folder / "i.csv").write_text(f"number,name,kind,board,successor\n{rows}")
    (folder / "t.csv").write_text(THEMES)
    imports.institutions(uow, folder / "i.csv")
    imports.themes(uow, folder / "t.csv")
    _, token = create(uow, NewClient("bench", tuple(schools)))
    uow.commit()
    return token


def _registered(uow: UnitOfWork, token: str, numbers: range) -> list[str]:
    actor = by_token(uow, token)
    if actor is None:
        raise LookupError("the client is gone")
    known, lenient = catalogue.of(uow, actor), profile("lenient")
    drafts = (
        users.read(member(n), profile=lenient, catalogue=known, actor=actor, shown=None)
        for n in numbers
    )
    return [people.create(uow, actor, draft).id for draft in drafts]
