"""The facts behind a decision, read on each request (rule 7): no cache, no rights in cookies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from mo_access.domain.model import Form
from mo_access.domain.policy import AffiliationFact, GrantFact
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    affiliation,
    client,
    direct_grant,
    group,
    institution,
    link,
    membership,
    person,
    theme,
)

MAX_SUCCESSIONS: Final = 32


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person with everything that gives rights, at every institution."""

    pk: int
    id: str
    active: bool
    blocked: bool
    affiliations: tuple[AffiliationFact, ...]
    grants: tuple[tuple[str, GrantFact], ...]
    """(theme slug, fact); the institution "" of a fact stands for every one of that client."""


_live_link = exists(select(link.c.pk).where(link.c.person_pk == person.c.pk, link.c.active == 1))
_PERSON = select(person.c.pk, person.c.id, person.c.active, person.c.blocked, _live_link).where(
    person.c.id == bindparam("person")
)
_OWN = exists(
    select(link.c.pk).where(
        link.c.person_pk == person.c.pk, link.c.client_pk == bindparam("client")
    )
)
_PERSON_OF_CLIENT = _PERSON.where(_OWN)
_live: Final[ColumnElement[bool]] = link.c.active == 1
_AFFILIATIONS = union_all(
    select(
        institution.c.number,
        affiliation.c.role,
        affiliation.c.form,
        affiliation.c.start_day,
        affiliation.c.end_day,
        _live,
        affiliation.c.blocked,
        client.c.name,
    )
    .select_from(affiliation)
    .join(institution, institution.c.pk == affiliation.c.institution_pk)
    .join(link, link.c.pk == affiliation.c.link_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(affiliation.c.person_pk == bindparam("pk")),
    select(
        institution.c.number,
        group.c.role,
        literal(Form.GROUP.value),
        null(),
        null(),
        _live,
        null(),
        client.c.name,
    )
    .select_from(membership)
    .join(group, group.c.pk == membership.c.group_pk)
    .join(institution, institution.c.pk == group.c.institution_pk)
    .join(client, client.c.pk == group.c.client_pk)
    .join(link, and_(link.c.person_pk == membership.c.person_pk, link.c.client_pk == client.c.pk))
    .where(membership.c.person_pk == bindparam("pk"), group.c.role.is_not(None)),
)
_link_live = func.coalesce(link.c.active, 0) == 1
_group_live = or_(_link_live, and_(client.c.platform == 1, link.c.pk.is_(None)))
_GRANTS = union_all(
    select(
        theme.c.slug,
        literal("group"),
        func.coalesce(institution.c.number, ""),
        _group_live,
        client.c.name,
        group.c.display_name,
    )
    .select_from(membership)
    .join(group, group.c.pk == membership.c.group_pk)
    .join(theme, theme.c.pk == group.c.theme_pk)
    .join(client, client.c.pk == group.c.client_pk)
    .outerjoin(institution, institution.c.pk == group.c.institution_pk)
    .outerjoin(
        link, and_(link.c.person_pk == membership.c.person_pk, link.c.client_pk == client.c.pk)
    )
    .where(membership.c.person_pk == bindparam("pk")),
    select(
        theme.c.slug,
        literal("entitlement"),
        institution.c.number,
        _live,
        client.c.name,
        literal("entitlements"),
    )
    .select_from(direct_grant)
    .join(theme, theme.c.pk == direct_grant.c.theme_pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .join(link, link.c.pk == direct_grant.c.link_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(direct_grant.c.person_pk == bindparam("pk")),
)


def person_facts(
    conn: Connection, person_id: str, client_pk: int | None = None
) -> PersonFacts | None:
    """Return what is known about a person, or None; three statements.

    With ``client_pk`` only a person to whom that client has a link is known (ruling 9).
    """
    found = (
        conn.one(_PERSON, {"person": person_id})
        if client_pk is None
        else conn.one(_PERSON_OF_CLIENT, {"person": person_id, "client": client_pk})
    )
    if found is None:
        return None
    pk, known_id, active, blocked, linked = found
    affiliations = tuple(_affiliation(row) for row in conn.all(_AFFILIATIONS, {"pk": pk}))
    grants = tuple(_grant(row) for row in conn.all(_GRANTS, {"pk": pk}))
    return PersonFacts(
        pk, known_id, bool(active and linked), blocked is not None, affiliations, grants
    )


def _affiliation(row: tuple[object, ...]) -> AffiliationFact:
    number, role, form, start, end, live, blocked, by = row
    return AffiliationFact(
        institution=str(number),
        role=str(role),
        form=Form(str(form)),
        start=None if start is None else str(start),
        end=None if end is None else str(end),
        suspended=not live,
        blocked=blocked is not None,
        client=str(by),
    )


def _grant(row: tuple[object, ...]) -> tuple[str, GrantFact]:
    slug, kind, number, live, by, source = row
    fact = GrantFact(str(kind), str(number), not live, str(by), str(source))
    return str(slug), fact


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


_PEOPLE_OF_THEME = union_all(
    select(person.c.id)
    .select_from(membership)
    .join(group, group.c.pk == membership.c.group_pk)
    .join(theme, theme.c.pk == group.c.theme_pk)
    .join(person, person.c.pk == membership.c.person_pk)
    .outerjoin(institution, institution.c.pk == group.c.institution_pk)
    .where(
        theme.c.slug == bindparam("slug"),
        or_(institution.c.number == bindparam("number"), group.c.institution_pk.is_(None)),
        or_(literal(1) == bindparam("everyone"), group.c.client_pk == bindparam("client")),
    ),
    select(person.c.id)
    .select_from(direct_grant)
    .join(theme, theme.c.pk == direct_grant.c.theme_pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .join(person, person.c.pk == direct_grant.c.person_pk)
    .join(link, link.c.pk == direct_grant.c.link_pk)
    .where(
        theme.c.slug == bindparam("slug"),
        institution.c.number == bindparam("number"),
        or_(literal(1) == bindparam("everyone"), link.c.client_pk == bindparam("client")),
    ),
)


def holders(conn: Connection, slug: str, number: str, client_pk: int | None) -> list[str]:
    """Return the ids of people who may hold the theme here, each once: candidates to decide on."""
    params: dict[str, int | str | bytes | None] = {
        "slug": slug,
        "number": number,
        "everyone": int(client_pk is None),
        "client": client_pk or 0,
    }
    return sorted({str(row[0]) for row in conn.all(_PEOPLE_OF_THEME, params)})
