"""Who may hold a theme at an institution, by pages: people to decide on, by key."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BindParameter, Select, Text, bindparam, exists, select, union

from mo_access.storage.claim_tables import session_right
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import (
    affiliation,
    direct_grant,
    group,
    institution,
    membership,
    person,
    theme,
)

_after: Final[BindParameter[int]] = bindparam("after")
# One institution: then its index gives people in their order, and a page is all that is read.
_named = select(institution.c.pk).where(institution.c.number == bindparam("number", type_=Text))
_here_pk = _named.scalar_subquery()
_asked = select(theme.c.pk).where(theme.c.slug == bindparam("slug", type_=Text)).scalar_subquery()


def _first(found: Select[Any], person_pk: Any) -> Select[Any]:  # noqa: ANN401 - a column of any table
    """Take no more of one source than a page needs, in the order of its index."""
    page = found.where(person_pk > _after).distinct().order_by(person_pk)
    return select(page.limit(bindparam("page")).subquery())


def _everywhere(person_pk: Any) -> Any:  # noqa: ANN401 - a column of any table
    """Tell whether somebody holds the theme through a group of no institution.

    Such a group may hold a nation: it is asked about the people here, never the other way round.
    """
    in_one = (
        select(membership.c.group_pk)
        .join(group, group.c.pk == membership.c.group_pk)
        .where(
            membership.c.person_pk == person_pk,
            group.c.theme_pk == _asked,
            group.c.institution_pk.is_(None),
        )
    )
    return exists(in_one)


_role_group, _has_role = group.alias("role_group"), membership.alias("has_role")
_CANDIDATES = union(
    _first(
        select(membership.c.person_pk)
        .join(group, group.c.pk == membership.c.group_pk)
        .where(group.c.theme_pk == _asked, group.c.institution_pk == _here_pk),
        membership.c.person_pk,
    ),
    _first(
        select(affiliation.c.person_pk).where(
            affiliation.c.institution_pk == _here_pk, _everywhere(affiliation.c.person_pk)
        ),
        affiliation.c.person_pk,
    ),
    _first(
        select(_has_role.c.person_pk)
        .join(_role_group, _role_group.c.pk == _has_role.c.group_pk)
        .where(
            _role_group.c.institution_pk == _here_pk,
            _role_group.c.role.is_not(None),
            _everywhere(_has_role.c.person_pk),
        ),
        _has_role.c.person_pk,
    ),
    _first(
        select(direct_grant.c.person_pk).where(
            direct_grant.c.institution_pk == _here_pk, direct_grant.c.theme_pk == _asked
        ),
        direct_grant.c.person_pk,
    ),
    _first(
        select(session_right.c.person_pk).where(
            session_right.c.institution_pk == _here_pk, session_right.c.theme_pk == _asked
        ),
        session_right.c.person_pk,
    ),
).subquery()
_PAGE = select(_CANDIDATES.c.person_pk).order_by(_CANDIDATES.c.person_pk).limit(bindparam("page"))
_KEY = select(person.c.pk).where(person.c.id == bindparam("person"))


def page(conn: Connection, slug: str, numbers: frozenset[str], after: int, count: int) -> list[int]:
    """Return the next people, by key, who may hold the theme at these institutions.

    They are candidates to decide on: of whom something that gives it was ever said and not taken
    back, whether it counts now or not.
    """
    asked: Params = {"slug": slug, "after": after, "page": count}
    found = {row[0] for at in numbers for row in conn.all(_PAGE, {**asked, "number": at})}
    return sorted(found)[:count]


def key(conn: Connection, person_id: str) -> int | None:
    """Return the key of a person, None for nobody's id."""
    row = conn.one(_KEY, {"person": person_id})
    return None if row is None else int(row[0])
