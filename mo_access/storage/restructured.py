"""Where each client may act, and what it gave where it may act no longer (rule 4).

A restructuring may take a school out of a client's bounds. What the client gave there is not
deleted, as it may come back with the school: it is marked ``outside`` and gives nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Select, Table, Text, Update, bindparam, cast, select, update

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import (
    BIG,
    affiliation,
    client,
    client_institution,
    direct_grant,
    group,
    institution,
    link,
)


def _every_scope() -> Select[Any]:
    """Select (client, number): what was bound, its schools, and whoever succeeded either.

    The rule that ``client_scope`` has for one client, for all at once.
    """
    held, cell = client_institution, institution.c
    bound = (
        select(held.c.client_pk, cell.number, cell.successor)
        .join_from(held, institution, cell.pk == held.c.institution_pk)
        .cte("every_bound", recursive=True)
    )
    later = institution.alias()
    bound = bound.union(
        select(bound.c.client_pk, later.c.number, later.c.successor).where(
            later.c.number == bound.c.successor
        )
    )
    school = institution.alias()
    schools = select(bound.c.client_pk, school.c.number, school.c.successor)
    schools = schools.join_from(bound, school, school.c.board == bound.c.number)
    own = select(bound.c.client_pk, bound.c.number, bound.c.successor)
    place = own.union(schools).cte("every_place")
    scope = select(place.c.client_pk, place.c.number, place.c.successor).cte(
        "every_scope", recursive=True
    )
    after = institution.alias()
    scope = scope.union(
        select(scope.c.client_pk, after.c.number, after.c.successor).where(
            after.c.number == scope.c.successor
        )
    )
    return select(scope.c.client_pk, scope.c.number)


_EVERY_SCOPE: Final = _every_scope()
_pks = json_texts(bindparam("clients", type_=Text))
_HOLD: Final = (
    select(client.c.pk, client.c.id)
    .where(client.c.pk.in_(select(cast(_pks.c.value, BIG))))
    .order_by(client.c.pk)
    .with_for_update()
)
_numbers = json_texts(bindparam("numbers", type_=Text))
_at: Final = select(institution.c.pk).where(institution.c.number.in_(select(_numbers.c.value)))
_links: Final = select(link.c.pk).where(link.c.client_pk == bindparam("of_client"))


def _marking(table: Table) -> Update:
    mine = (
        table.c.client_pk == bindparam("of_client")
        if table is group
        else table.c.link_pk.in_(_links)
    )
    return (
        update(table)
        .values(outside=bindparam("flag"))
        .where(mine, table.c.institution_pk.in_(_at), table.c.outside != bindparam("flag"))
    )


_MARKS: Final = tuple(map(_marking, (affiliation, direct_grant, group)))


def every_scope(conn: Connection) -> dict[int, frozenset[str]]:
    """Give the institutions of each client that is bound to some, by its key."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for client_pk, number in conn.all(_EVERY_SCOPE, {}):
        found[int(client_pk)].add(str(number))
    return {pk: frozenset(numbers) for pk, numbers in found.items()}


def hold(conn: Connection, client_pks: Iterable[int]) -> dict[int, str]:
    """Hold these clients until the commit: who gives in their name waits, and looks again.

    Gives their ids by key.
    """
    rows = conn.all(_HOLD, {"clients": json.dumps([*map(str, sorted(client_pks))])})
    return {int(pk): str(client_id) for pk, client_id in rows}


def mark(conn: Connection, client_pk: int, numbers: Iterable[str], *, outside: bool) -> int:
    """Let what the client gave at these institutions give nothing, or count again."""
    told = json.dumps(sorted(numbers))
    where: Params = {"of_client": client_pk, "numbers": told, "flag": int(outside)}
    return sum(conn.run(statement, where) for statement in _MARKS)
