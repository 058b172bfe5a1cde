"""Finding people by what an operator types, and what to call them in a list."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Text, bindparam, cast, select, union

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.schema import BIG, client, link, person

_linked = select(person.c.id).join(link, link.c.person_pk == person.c.pk)
# Three questions, each with an index of its own: in one condition they would read everybody.
_any = union(
    select(person.c.id).where(person.c.id == bindparam("typed")),
    _linked.where(link.c.user_key == bindparam("folded")),
    _linked.where(link.c.external_key == bindparam("folded")),
).subquery()
_NAMED = select(_any.c.id).order_by(_any.c.id)
_wanted = json_texts(bindparam("wanted"))
_NAMES = (
    select(person.c.id, link.c.user_name, client.c.name)
    .join_from(link, person, person.c.pk == link.c.person_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(person.c.id.in_(select(_wanted.c.value)))
    .order_by(person.c.id, client.c.name)
)
_keys = cast(json_texts(bindparam("keys", type_=Text)).c.value, BIG)
_NAMES_BY_KEY = (
    select(link.c.person_pk, link.c.user_name, client.c.name)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.person_pk.in_(select(_keys)))
    .order_by(link.c.person_pk, client.c.name)
)


def ids(conn: Connection, typed: str, folded: str) -> tuple[str, ...]:
    """Give the ids of the people with this id, userName or externalId."""
    return tuple(row[0] for row in conn.all(_NAMED, {"typed": typed, "folded": folded}))


def names(conn: Connection, wanted: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Give (person id, userName, client) of every link of these people."""
    return [(r[0], r[1], r[2]) for r in conn.all(_NAMES, {"wanted": json.dumps(wanted)})]


def names_by_key(conn: Connection, pks: Sequence[int]) -> list[tuple[int, str, str]]:
    """Give (key, userName, client) of every link of these people."""
    rows = conn.all(_NAMES_BY_KEY, {"keys": json.dumps(list(map(str, pks)))})
    return [(r[0], r[1], r[2]) for r in rows]
