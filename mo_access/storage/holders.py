"""Who holds a theme at all, page by page: people to look at, whether it gives anything or not."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, exists, or_, select

from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import direct_grant, group, institution, membership, person

_at = bindparam("at", type_=Text)
_member = exists(
    select(membership.c.group_pk)
    .join(group, group.c.pk == membership.c.group_pk)
    .outerjoin(institution, institution.c.pk == group.c.institution_pk)
    .where(
        membership.c.person_pk == person.c.pk,
        group.c.theme_pk.is_not(None),
        or_(_at == "", institution.c.number == _at),
    )
)
_given = exists(
    select(direct_grant.c.pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .where(direct_grant.c.person_pk == person.c.pk, or_(_at == "", institution.c.number == _at))
)
_PAGE = (
    select(person.c.pk, person.c.id)
    .where(person.c.pk > bindparam("after"), or_(_member, _given))
    .order_by(person.c.pk)
    .limit(bindparam("page"))
)


def page(conn: Connection, number: str | None, after: int, count: int) -> list[tuple[int, str]]:
    """Give (key, id) of the next people who hold a theme, at one institution or anywhere."""
    params: Params = {"at": number or "", "after": after, "page": count}
    return [(int(pk), str(person_id)) for pk, person_id in conn.all(_PAGE, params)]
