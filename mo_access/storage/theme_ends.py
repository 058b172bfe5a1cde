"""Themes that end with the affiliation: kept as they were asserted, and giving nothing.

The rows stay, so that a broker reads back what it wrote and no list of members that it repeats
brings a theme back; ``ended`` tells when they stopped giving something.
"""

from __future__ import annotations

import json
from typing import TypeAlias

from sqlalchemy import Text, and_, bindparam, or_, select, update

from mo_access.domain.model import Form
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import (
    BIG,
    affiliation,
    client,
    direct_grant,
    group,
    institution,
    link,
    membership,
    person,
)

Held: TypeAlias = frozenset[tuple[str, str, str]]
"""(institution, id of a person, name of the client that makes the one something there)."""

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


_today = bindparam("today", type_=Text)
_of_client = bindparam("of_client", type_=BIG)
_SAID = (
    select(institution.c.number, person.c.id, client.c.name)
    .select_from(affiliation)
    .join(person, person.c.pk == affiliation.c.person_pk)
    .join(institution, institution.c.pk == affiliation.c.institution_pk)
    .join(link, link.c.pk == affiliation.c.link_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(
        *(client.c.pk == _of_client, affiliation.c.institution_pk.in_(_here)),
        *(affiliation.c.outside == 0, affiliation.c.form != Form.RETAINED.value),
        or_(affiliation.c.end_day.is_(None), affiliation.c.end_day >= _today),
    )
)
_MADE = (
    select(institution.c.number, person.c.id, client.c.name)
    .select_from(group)
    .join(membership, membership.c.group_pk == group.c.pk)
    .join(person, person.c.pk == membership.c.person_pk)
    .join(institution, institution.c.pk == group.c.institution_pk)
    .join(client, client.c.pk == group.c.client_pk)
    .join(link, and_(link.c.person_pk == person.c.pk, link.c.client_pk == client.c.pk))
    .where(
        *(client.c.pk == _of_client, group.c.institution_pk.in_(_here)),
        *(group.c.outside == 0, group.c.role.is_not(None)),
    )
)
_HELD_BY = _SAID.union(_MADE)


def held_by(conn: Connection, client_pk: int, numbers: frozenset[str], today: str) -> Held:
    """Give what a client makes people at these institutions and that is not over."""
    told = json.dumps(sorted(numbers))
    rows = conn.all(_HELD_BY, {"of_client": client_pk, "numbers": told, "today": today})
    return frozenset((str(number), str(who), str(name)) for number, who, name in rows)


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
