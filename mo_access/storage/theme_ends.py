"""Themes that end with the affiliation: kept as they were asserted, and giving nothing.

The rows stay, so that a broker reads back what it wrote and no list of members that it repeats
brings a theme back; ``ended`` tells when they stopped giving something.
"""

from __future__ import annotations

import json

from sqlalchemy import Text, and_, bindparam, or_, select, update

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import BIG, client, direct_grant, group, institution, membership

_numbers = json_texts(bindparam("numbers", type_=Text))
_clients = json_texts(bindparam("clients", type_=Text))
_here = select(institution.c.pk).where(institution.c.number.in_(select(_numbers.c.value)))
_whose = select(client.c.pk).where(client.c.name.in_(select(_clients.c.value)))
_giving = select(group.c.pk).where(
    group.c.theme_pk.is_not(None),
    or_(
        group.c.institution_pk.in_(_here),
        and_(group.c.institution_pk.is_(None), group.c.client_pk.in_(_whose)),
    ),
)
_when = bindparam("now", type_=BIG)
_END_MEMBERSHIPS = (
    update(membership)
    .values(ended=_when)
    .where(
        membership.c.person_pk == bindparam("person"),
        membership.c.ended.is_(None),
        membership.c.created < bindparam("before"),
        membership.c.group_pk.in_(_giving),
    )
)
_END_GRANTS = (
    update(direct_grant)
    .values(ended=_when)
    .where(
        direct_grant.c.person_pk == bindparam("person"),
        direct_grant.c.ended.is_(None),
        direct_grant.c.created < bindparam("before"),
        direct_grant.c.institution_pk.in_(_here),
    )
)


def end(
    conn: Connection,
    person_pk: int,
    numbers: frozenset[str],
    clients: frozenset[str],
    *,
    before: int,
    now: int,
) -> tuple[int, int]:
    """End the themes of a person that were given before a moment; returns (memberships, grants).

    Those at these institutions, and those of groups of these clients (by name) that name none.
    """
    who: Params = {"person": person_pk, "before": before, "now": now}
    here: Params = {**who, "numbers": json.dumps(sorted(numbers))}
    ended = conn.run(_END_MEMBERSHIPS, {**here, "clients": json.dumps(sorted(clients))})
    return ended, conn.run(_END_GRANTS, here)
