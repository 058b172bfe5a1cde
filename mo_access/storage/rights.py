"""What links say about rights: affiliations and direct grants, written as set differences."""

from __future__ import annotations

from sqlalchemy import (
    bindparam,
    delete,
    insert,
    select,
    update,
)

from mo_access.domain.model import AffiliationClaim, GrantClaim
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    affiliation,
    direct_grant,
    institution,
    theme,
)

AffiliationKey = tuple[str, str, str, str | None, str | None, int]

_HELD_AFFILIATIONS = (
    select(
        affiliation.c.pk,
        affiliation.c.form,
        institution.c.number,
        affiliation.c.role,
        affiliation.c.start_day,
        affiliation.c.end_day,
        affiliation.c.is_primary,
    )
    .join(institution, institution.c.pk == affiliation.c.institution_pk)
    .where(affiliation.c.link_pk == bindparam("link"))
)
_ADD_AFFILIATION = insert(affiliation).values(
    person_pk=bindparam("person"),
    link_pk=bindparam("link"),
    institution_pk=select(institution.c.pk)
    .where(institution.c.number == bindparam("number"))
    .scalar_subquery(),
    form=bindparam("form"),
    role=bindparam("role"),
    start_day=bindparam("start"),
    end_day=bindparam("end"),
    is_primary=bindparam("is_primary_"),
    created=bindparam("now"),
)
_DROP_AFFILIATION = delete(affiliation).where(affiliation.c.pk == bindparam("pk_"))
_HELD_GRANTS = (
    select(direct_grant.c.pk, theme.c.slug, institution.c.number)
    .join(theme, theme.c.pk == direct_grant.c.theme_pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .where(direct_grant.c.link_pk == bindparam("link"))
)
_ADD_GRANT = insert(direct_grant).values(
    person_pk=bindparam("person"),
    link_pk=bindparam("link"),
    theme_pk=select(theme.c.pk).where(theme.c.slug == bindparam("slug")).scalar_subquery(),
    institution_pk=select(institution.c.pk)
    .where(institution.c.number == bindparam("number"))
    .scalar_subquery(),
    created=bindparam("now"),
)
_DROP_GRANT = delete(direct_grant).where(direct_grant.c.pk == bindparam("pk_"))


def _key(claim: AffiliationClaim) -> AffiliationKey:
    start = claim.start.isoformat() if claim.start else None
    end = claim.end.isoformat() if claim.end else None
    return (claim.form.value, claim.institution, claim.role.value, start, end, int(claim.primary))


def set_affiliations(
    conn: Connection,
    link_pk: int,
    person_pk: int,
    claims: tuple[AffiliationClaim, ...],
    now: int,
    *,
    fresh: bool = False,
) -> frozenset[str]:
    """Make the link's affiliations exactly these, new ones in their order.

    Returns the institutions that changed. A ``fresh`` link holds none yet: nothing is asked.
    """
    before = [] if fresh else conn.all(_HELD_AFFILIATIONS, {"link": link_pk})
    held = {tuple(row[1:]): int(row[0]) for row in before}
    wanted = dict.fromkeys(_key(claim) for claim in claims)
    gone = [key for key in held if key not in wanted]
    new = [key for key in wanted if key not in held]
    conn.many(_DROP_AFFILIATION, [{"pk_": held[key]} for key in gone])
    names = ("form", "number", "role", "start", "end", "is_primary_")
    base = {"link": link_pk, "person": person_pk, "now": now}
    conn.many(_ADD_AFFILIATION, [base | dict(zip(names, key, strict=True)) for key in new])
    return frozenset(str(key[1]) for key in [*gone, *new])


def set_grants(
    conn: Connection,
    link_pk: int,
    person_pk: int,
    claims: tuple[GrantClaim, ...],
    now: int,
    *,
    fresh: bool = False,
) -> frozenset[str]:
    """Make the link's direct grants exactly these; return the institutions that changed."""
    before = [] if fresh else conn.all(_HELD_GRANTS, {"link": link_pk})
    held = {(str(r[1]), str(r[2])): int(r[0]) for r in before}
    wanted = dict.fromkeys((claim.theme, claim.institution) for claim in claims)
    gone = [key for key in held if key not in wanted]
    new = [key for key in wanted if key not in held]
    conn.many(_DROP_GRANT, [{"pk_": held[key]} for key in gone])
    base = {"link": link_pk, "person": person_pk, "now": now}
    conn.many(_ADD_GRANT, [base | {"slug": slug, "number": number} for slug, number in new])
    return frozenset(number for _, number in [*gone, *new])


_MOVE_AFFILIATIONS = (
    update(affiliation)
    .values(person_pk=bindparam("to_person"))
    .where(affiliation.c.link_pk == bindparam("link"))
)
_MOVE_GRANTS = (
    update(direct_grant)
    .values(person_pk=bindparam("to_person"))
    .where(direct_grant.c.link_pk == bindparam("link"))
)


def move(conn: Connection, link_pk: int, person_pk: int) -> None:
    """Take a link's affiliations and grants along to another person (ruling 2)."""
    for statement in (_MOVE_AFFILIATIONS, _MOVE_GRANTS):
        conn.run(statement, {"link": link_pk, "to_person": person_pk})
