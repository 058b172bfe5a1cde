"""What the sync bench keeps in step: people of 50 an institution, two themed groups at each.

For N people: N/50 institutions, 1.2 N affiliations, N/25 groups with 0.4 N memberships.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.scim_sides import ENTERPRISE, person
from mo_access import settings as configuration
from mo_access.service import imports
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database

AT_ONE: Final = 50
MEMBERS: Final = 10
SECOND_OF: Final = 5
"""One person in so many works at a second institution too."""
CHANGED_OF: Final = 100
SLUGS: Final = ("leerlingen-openbaar", "personeel-openbaar")
_OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCOPES: Final = ("scim:read", "scim:write", "access:evaluate")


@dataclass(frozen=True)
class Nation:
    """So many people, made up by number; nothing here is kept, ids are the caller's."""

    people: int

    @property
    def institutions(self) -> int:
        """How many institutions there are."""
        return -(-self.people // AT_ONE)

    def number(self, place: int) -> str:
        """Return the number of an institution."""
        return str(900_001 + place % self.institutions)

    def user(self, n: int, *, later: bool = False) -> dict[str, Any]:
        """Return a person as a broker sends it; ``later`` one in a hundred is another's phone."""
        sent, home = person(n), n // AT_ONE
        places = [home, home + 1] if n % SECOND_OF == 0 else [home]
        claims = [{"value": number, "role": "gebruiker"} for number in map(self.number, places)]
        sent[_OURS] = {"affiliations": claims}
        sent[ENTERPRISE] = {**sent[ENTERPRISE], "organization": self.number(home)}
        if later and n % CHANGED_OF == 0:
            sent["phoneNumbers"] = [{"value": "+32 2 555 99 99", "type": "work"}]
        return {**sent, "schemas": [*sent["schemas"], _OURS]}

    def groups(self) -> Iterator[tuple[str, range]]:
        """Yield the name of each group, and the numbers of its members."""
        for place in range(self.institutions):
            for turn, slug in enumerate(SLUGS):
                first = place * AT_ONE + turn * MEMBERS
                members = range(min(first, self.people), min(first + MEMBERS, self.people))
                yield f"MO_{self.number(place)}_{slug}", members


def group(name: str, members: Sequence[str] = ()) -> dict[str, Any]:
    """Return a group as a broker sends it."""
    entries = [{"value": value, "type": "User"} for value in members]
    return {"schemas": [_GROUP], "displayName": name, "members": entries}


def joining(member: str) -> dict[str, Any]:
    """Return the PATCH that adds one member."""
    operation = {"op": "add", "path": "members", "value": [{"value": member}]}
    return {"schemas": [_PATCH], "Operations": [operation]}


def renaming(name: str) -> dict[str, Any]:
    """Return the PATCH that gives a person another display name."""
    operation = {"op": "replace", "path": "displayName", "value": name}
    return {"schemas": [_PATCH], "Operations": [operation]}


def bulk(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a Bulk of these operations."""
    return {"schemas": [_BULK], "Operations": list(operations)}


def found(nation: Nation, folder: Path, url: str) -> tuple[str, str]:
    """Bring up the database with the institutions; return the tokens of two platform clients.

    The first syncs the nation; the other one works beside it.
    """
    migrating.upgrade(url)
    numbers = map(nation.number, range(nation.institutions))
    rows = "".join(f"{number},School {number},school,,\n" for number in numbers)
    themes = "".join(f"{slug},{slug},public,0\n" for slug in SLUGS)
    (folder / "i.csv").write_text(f"number,name,kind,board,successor\n{rows}")
    (folder / "t.csv").write_text(f"slug,name,confidentiality,min_level\n{themes}")
    settings = Settings(var=folder, database_url=url)
    database, keys = Database(url), configuration.keys(settings)
    with UnitOfWork(database, keys=keys, request_id="bench", caller="cli:bench") as uow:
        imports.institutions(uow, folder / "i.csv")
        imports.themes(uow, folder / "t.csv")
        _, syncing = create(uow, NewClient("sync", platform=True))
        _, beside = create(uow, NewClient("beside", platform=True, scopes=SCOPES))
        uow.commit()
    database.close()
    return syncing, beside


def as_json(value: object) -> bytes:
    """Return the body of a request."""
    return json.dumps(value).encode()
