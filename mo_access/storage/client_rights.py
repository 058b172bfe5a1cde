"""All that one client gave, wherever it is: counted, and found page by page until it is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    bindparam,
    func,
    select,
    union,
    update,
)

from mo_access.domain.model import Form, Role
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    BIG,
    affiliation,
    client,
    direct_grant,
    group,
    institution,
    link,
    person,
)


@dataclass(frozen=True, slots=True)
class Given:
    """How much a client gave, and at which institutions."""

    people: int
    groups: int
    affiliations: int
    grants: int
    institutions: tuple[str, ...]


_BEHEERDER: Final = Role.BEHEERDER.value
_of_client: Final = bindparam("of_client", type_=BIG)
_links: Final = select(link.c.pk).where(link.c.client_pk == _of_client)
_SAID: Final = affiliation.c.link_pk.in_(_links)
_GRANTED: Final = direct_grant.c.link_pk.in_(_links)
_MADE: Final = group.c.client_pk == _of_client


def _count(table: FromClause, where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a subquery
    return select(func.count()).select_from(table).where(where).scalar_subquery()


_COUNTS = select(
    _count(link, link.c.client_pk == _of_client),
    _count(group, _MADE),
    _count(affiliation, _SAID & (affiliation.c.form != Form.RETAINED.value)),
    _count(direct_grant, _GRANTED),
)
_places = union(
    select(affiliation.c.institution_pk).where(_SAID),
    select(direct_grant.c.institution_pk).where(_GRANTED),
    select(group.c.institution_pk).where(_MADE, group.c.institution_pk.is_not(None)),
).subquery()
# A role that is retained stands on a link of the client too, and goes with it.
_made_beheerders = union(
    select(affiliation.c.institution_pk).where(_SAID, affiliation.c.role == _BEHEERDER),
    select(group.c.institution_pk).where(_MADE, group.c.role == _BEHEERDER),
).subquery()


def _numbers(places: FromClause) -> Any:  # noqa: ANN401 - a statement
    there = institution.c.pk.in_(select(places.c.institution_pk))
    return select(institution.c.number).where(there).order_by(institution.c.number)


_PLACES, _BEHEERDERS = _numbers(_places), _numbers(_made_beheerders)
_FORBID = update(client).where(client.c.pk == _of_client).values(beheerders=0)
_PEOPLE = (
    select(person.c.pk, person.c.id)
    .join_from(link, person, person.c.pk == link.c.person_pk)
    .where(link.c.client_pk == _of_client)
    .order_by(link.c.pk)
    .limit(bindparam("page"))
)
_GROUPS = (
    select(group.c.id, group.c.size).where(_MADE).order_by(group.c.pk).limit(bindparam("page"))
)
_ids = json_texts(bindparam("ids"))
_NOBODYS = (
    select(func.count())
    .select_from(person)
    .where(person.c.id.in_(select(_ids.c.value)), person.c.owner_pk.is_(None))
)


def given(conn: Connection, client_pk: int) -> Given:
    """Tell what a client gave and has not taken away."""
    whose = {"of_client": client_pk}
    ((people_, groups_, said, granted),) = conn.all(_COUNTS, whose)
    places = tuple(str(row[0]) for row in conn.all(_PLACES, whose))
    return Given(int(people_), int(groups_), int(said), int(granted), places)


def beheerders_at(conn: Connection, client_pk: int) -> tuple[str, ...]:
    """Give the institutions where somebody is beheerder by this client, retained ones too."""
    return tuple(str(row[0]) for row in conn.all(_BEHEERDERS, {"of_client": client_pk}))


def forbid_beheerders(conn: Connection, client_pk: int) -> None:
    """Let whom the client made beheerder be one no more; the role counts as gebruiker."""
    conn.run(_FORBID, {"of_client": client_pk})


def people(conn: Connection, client_pk: int, count: int) -> list[tuple[int, str]]:
    """Give (key, id) of the first people whom the client still has a link to."""
    rows = conn.all(_PEOPLE, {"of_client": client_pk, "page": count})
    return [(int(pk), str(person_id)) for pk, person_id in rows]


def groups(conn: Connection, client_pk: int, count: int) -> list[tuple[str, int]]:
    """Give (id, how many members) of the first groups that the client still has."""
    rows = conn.all(_GROUPS, {"of_client": client_pk, "page": count})
    return [(str(group_id), int(size)) for group_id, size in rows]


def nobodys(conn: Connection, ids: list[str]) -> int:
    """Count who of these is known to no client any more."""
    found = conn.one(_NOBODYS, {"ids": json.dumps(ids)})
    return int(found[0]) if found else 0
