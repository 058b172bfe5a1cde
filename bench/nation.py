"""What the sync bench keeps in step: the made-up nation of ``mo-access dev generate``.

For N people: N/50 institutions, 1.2 N affiliations, two themed groups at each school.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mo_access import settings as configuration
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_demo.nation import bodies, filling, plan
from mo_demo.nation.bodies import group
from mo_demo.nation.plan import Group

__all__ = ["Nation", "as_json", "bulk", "found", "group", "joining", "renaming"]

CHANGED_OF: Final = 100
_BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCOPES: Final = ("scim:read", "scim:write", "access:evaluate")


@dataclass(frozen=True)
class Nation:
    """So many people, made up by number; nothing here is kept, ids are the caller's."""

    people: int

    @cached_property
    def plan(self) -> plan.Nation:
        """How much there is: no brokers of boards, and no group of all."""
        usual = plan.Nation.of(self.people)
        return replace(usual, groups=2 * usual.schools, largest=0, boards=0)

    def user(self, n: int, *, later: bool = False) -> dict[str, Any]:
        """Return a person as a broker sends it; ``later`` one in a hundred is another's phone."""
        sent = bodies.user(self.plan, n)
        if later and n % CHANGED_OF == 0:
            sent["phoneNumbers"] = [{"value": "+32 2 555 99 99", "type": "work"}]
        return sent

    def groups(self) -> Iterator[Group]:
        """Yield the name of each group, and the numbers of its members."""
        return filling.groups_of(self.plan)


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
    settings = Settings(var=folder, database_url=url)
    database, keys = Database(url), configuration.keys(settings)
    with UnitOfWork(database, keys=keys, request_id="bench", caller="cli:bench") as uow:
        (syncing,) = filling.found(uow, nation.plan)
        _, beside = create(uow, NewClient("beside", platform=True, scopes=SCOPES))
        uow.commit()
    database.close()
    return syncing.token, beside


def as_json(value: object) -> bytes:
    """Return the body of a request."""
    return json.dumps(value).encode()
