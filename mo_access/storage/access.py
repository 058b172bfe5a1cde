"""Where a decision is about: institutions with their lineage, themes, and who may hold one.

Read on each request (rule 7): no cache, no rights in cookies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    union_all,
)

from mo_access.domain.model import Role
from mo_access.storage.claim_tables import session_right
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    affiliation,
    direct_grant,
    group,
    institution,
    link,
    membership,
    person,
    theme,
)

MAX_SUCCESSIONS: Final = 32

_INSTITUTION = select(institution.c.number, institution.c.name, institution.c.blocked).where(
    institution.c.number == bindparam("number")
)
_PREDECESSORS = select(institution.c.number).where(institution.c.successor == bindparam("number"))
_THEME = select(theme.c.slug, theme.c.name, theme.c.min_level, theme.c.confidentiality).where(
    theme.c.slug == bindparam("slug")
)
_THEMES = select(theme.c.slug, theme.c.name, theme.c.min_level, theme.c.confidentiality)


def place(conn: Connection, number: str) -> tuple[str, bool] | None:
    """Return (name, blocked) of an institution, or None when it is unknown."""
    found = conn.one(_INSTITUTION, {"number": number})
    return (str(found[1]), found[2] is not None) if found else None


def lineage(conn: Connection, number: str) -> frozenset[str]:
    """Return the institution with all that it succeeded (ruling 10)."""
    known, new = {number}, [number]
    while new and len(known) <= MAX_SUCCESSIONS:
        rows = [row for one in new for row in conn.all(_PREDECESSORS, {"number": one})]
        new = [str(row[0]) for row in rows if row[0] not in known]
        known.update(new)
    return frozenset(known)


def level(conn: Connection, slug: str) -> int | None:
    """Return the least level that a theme asks, or None when the theme is unknown."""
    found = conn.one(_THEME, {"slug": slug})
    return int(found[2]) if found else None


def themes(conn: Connection) -> dict[str, tuple[str, int, str]]:
    """Return (name, least level, confidentiality) of every theme by slug."""
    return {str(r[0]): (str(r[1]), int(r[2]), str(r[3])) for r in conn.all(_THEMES, {})}


_NAMES = select(institution.c.number, institution.c.name, institution.c.blocked)


def institutions(conn: Connection, numbers: frozenset[str]) -> dict[str, tuple[str, bool]]:
    """Return (name, blocked) of these institutions by number."""
    if not numbers:
        return {}
    rows = conn.all(_NAMES.where(institution.c.number.in_(sorted(numbers))))
    return {str(row[0]): (str(row[1]), row[2] is not None) for row in rows}


_SUCCESSORS = select(institution.c.successor).where(
    institution.c.number == bindparam("number"), institution.c.successor.is_not(None)
)


def successors(conn: Connection, number: str) -> frozenset[str]:
    """Return the institution with all that succeeded it (ruling 10)."""
    known = {number}
    found = conn.one(_SUCCESSORS, {"number": number})
    while found and found[0] not in known and len(known) <= MAX_SUCCESSIONS:
        known.add(str(found[0]))
        found = conn.one(_SUCCESSORS, {"number": found[0]})
    return frozenset(known)


_texts = json_texts(bindparam("numbers", type_=Text))
_given = select(_texts.c.value.label("number")).cte("later", recursive=True)
_later = _given.union(
    select(institution.c.successor)
    .join(_given, institution.c.number == _given.c.number)
    .where(institution.c.successor.is_not(None))
)
_ALL_LATER = select(_later.c.number)


def with_successors(conn: Connection, numbers: Iterable[str]) -> frozenset[str]:
    """Return these institutions with all that succeeded them; one statement, however many."""
    rows = conn.all(_ALL_LATER, {"numbers": json.dumps(sorted(numbers))})
    return frozenset(str(row[0]) for row in rows)


_theirs = or_(
    literal(1) == bindparam("everyone"),
    exists(
        select(link.c.pk).where(
            link.c.person_pk == person.c.pk, link.c.client_pk == bindparam("client")
        )
    ),
)
_role_group, _has_role = group.alias(), membership.alias()


def _everywhere(start: FromClause, person_pk: ColumnElement[int]) -> Select[str]:
    """Select who holds the theme through a group of no institution, out of the people here.

    Such a group may hold a nation; it counts only where somebody is something. The sum keeps the
    engines from starting at the group.
    """
    return (
        select(person.c.id)
        .select_from(start)
        .join(institution, institution.c.pk == _place(start))
        .join(membership, membership.c.person_pk == person_pk)
        .join(group, group.c.pk == membership.c.group_pk)
        .join(theme, theme.c.pk == group.c.theme_pk + 0)
        .join(person, person.c.pk == membership.c.person_pk)
        .where(
            institution.c.number == bindparam("number"),
            theme.c.slug == bindparam("slug"),
            group.c.institution_pk.is_(None),
            _theirs,
        )
    )


def _place(start: FromClause) -> ColumnElement[int]:
    return (affiliation if start is affiliation else _role_group).c.institution_pk


_holds_role = _has_role.join(
    _role_group, and_(_role_group.c.pk == _has_role.c.group_pk, _role_group.c.role.is_not(None))
)
_PEOPLE_OF_THEME = union_all(
    select(person.c.id)
    .select_from(membership)
    .join(group, group.c.pk == membership.c.group_pk)
    .join(theme, theme.c.pk == group.c.theme_pk)
    .join(person, person.c.pk == membership.c.person_pk)
    .join(institution, institution.c.pk == group.c.institution_pk)
    .where(theme.c.slug == bindparam("slug"), institution.c.number == bindparam("number"), _theirs),
    _everywhere(affiliation, affiliation.c.person_pk),
    _everywhere(_holds_role, _has_role.c.person_pk),
    select(person.c.id)
    .select_from(direct_grant)
    .join(theme, theme.c.pk == direct_grant.c.theme_pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .join(person, person.c.pk == direct_grant.c.person_pk)
    .where(
        theme.c.slug == bindparam("slug"),
        institution.c.number == bindparam("number"),
        _theirs,
    ),
    select(person.c.id)
    .select_from(session_right)
    .join(theme, theme.c.pk == session_right.c.theme_pk)
    .join(institution, institution.c.pk == session_right.c.institution_pk)
    .join(person, person.c.pk == session_right.c.person_pk)
    .where(
        theme.c.slug == bindparam("slug"),
        institution.c.number == bindparam("number"),
        _theirs,
    ),
)


def holders(conn: Connection, slug: str, number: str, client_pk: int | None) -> list[str]:
    """Return the ids of people who may hold the theme here, each once: candidates to decide on.

    With ``client_pk`` only people to whom that client has a link, whoever gave them the theme: as
    a decision about them is told to that client too (ruling 9).
    """
    params: dict[str, int | str | bytes | None] = {
        "slug": slug,
        "number": number,
        "everyone": int(client_pk is None),
        "client": client_pk or 0,
    }
    return sorted({str(row[0]) for row in conn.all(_PEOPLE_OF_THEME, params)})


_BEHEERDERS = union_all(
    select(person.c.id)
    .join_from(affiliation, institution, institution.c.pk == affiliation.c.institution_pk)
    .join(person, person.c.pk == affiliation.c.person_pk)
    .where(institution.c.number == bindparam("number"), affiliation.c.role == Role.BEHEERDER.value),
    select(person.c.id)
    .join_from(membership, group, group.c.pk == membership.c.group_pk)
    .join(institution, institution.c.pk == group.c.institution_pk)
    .join(person, person.c.pk == membership.c.person_pk)
    .where(institution.c.number == bindparam("number"), group.c.role == Role.BEHEERDER.value),
    select(person.c.id)
    .join_from(session_right, institution, institution.c.pk == session_right.c.institution_pk)
    .join(person, person.c.pk == session_right.c.person_pk)
    .where(
        institution.c.number == bindparam("number"),
        session_right.c.role == Role.BEHEERDER.value,
    ),
)


def beheerders(conn: Connection, number: str) -> list[str]:
    """Return the ids of people of whom the role was ever said here: candidates to decide on."""
    return sorted({str(row[0]) for row in conn.all(_BEHEERDERS, {"number": number})})
