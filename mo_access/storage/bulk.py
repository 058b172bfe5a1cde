"""Rows of many people and groups at once, each table in one go; see ``service.bulk``.

The rows are those that ``links``, ``registering``, ``rights``, ``groups`` and ``memberships`` write
one by one, with keys that were reserved.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Insert, Table, bindparam, insert, select

from mo_access.storage.engine import Connection, Params
from mo_access.storage.interventions import block_key
from mo_access.storage.schema import (
    affiliation,
    direct_grant,
    institution,
    link,
    link_identity,
    link_value,
    membership,
    person,
    theme,
)

Rows = tuple[Insert, list[Params]]
"""A statement and what it is to write."""


def _adding(table: Table, *names: str) -> Insert:
    return insert(table).values({name: bindparam(name) for name in names})


PEOPLE: Final = _adding(
    person,
    *("pk", "id", "owner_pk", "active", "insz_sealed", "insz_index", "created", "modified"),
)
LINKS: Final = _adding(
    link,
    *("pk", "client_pk", "person_pk", "user_name", "user_key", "external_id", "external_key"),
    *("active", "said_insz", "document", "parts", "created", "modified"),
)
VALUES: Final = _adding(link_value, "link_pk", "attribute", "ordinal", "sub", "exact", "folded")
IDENTITIES: Final = _adding(link_identity, "link_pk", "issuer", "subject")
AFFILIATIONS: Final = _adding(
    affiliation,
    *("person_pk", "link_pk", "institution_pk", "form", "role", "start_day", "end_day"),
    *("is_primary", "created"),
)
GRANTS: Final = _adding(
    direct_grant, "person_pk", "link_pk", "theme_pk", "institution_pk", "created"
)
MEMBERS: Final = _adding(membership, "group_pk", "person_pk", "created")

_ANY_BLOCK = select(block_key.c.bar).limit(1)
_ANYBODY = select(person.c.pk).limit(1)
_INSTITUTIONS = select(institution.c.number, institution.c.pk)
_THEMES = select(theme.c.slug, theme.c.pk)


def is_anybody_blocked(conn: Connection) -> bool:
    """Tell whether somebody is under a block and would have to be known again."""
    return conn.one(_ANY_BLOCK, {}) is not None


def is_anybody(conn: Connection) -> bool:
    """Tell whether there is any person, the forgotten ones included."""
    return conn.one(_ANYBODY, {}) is not None


def places(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Give the keys of every institution by number, and of every theme by slug."""
    numbers = {str(number): int(pk) for number, pk in conn.all(_INSTITUTIONS, {})}
    return numbers, {str(slug): int(pk) for slug, pk in conn.all(_THEMES, {})}


def write(conn: Connection, tables: Iterable[Rows]) -> None:
    """Write rows table by table. Raises ``Duplicate``."""
    for statement, rows in tables:
        conn.many(statement, rows)
