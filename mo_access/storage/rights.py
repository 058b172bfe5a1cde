"""What links say about rights: affiliations and direct grants, written as set differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import (
    bindparam,
    delete,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, Json
from mo_access.storage import bars
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    BIG,
    affiliation,
    direct_grant,
    institution,
    theme,
)

_RETAINED: Final = Form.RETAINED.value
AffiliationKey = tuple[str, str, str, str | None, str | None, int]

_HELD = union_all(
    select(
        literal("affiliation"),
        affiliation.c.pk,
        affiliation.c.form,
        institution.c.number,
        affiliation.c.role,
        affiliation.c.start_day,
        affiliation.c.end_day,
        affiliation.c.is_primary,
        affiliation.c.created,
    )
    .join(institution, institution.c.pk == affiliation.c.institution_pk)
    .where(affiliation.c.link_pk == bindparam("link"), affiliation.c.form != _RETAINED),
    select(
        literal("grant"),
        direct_grant.c.pk,
        theme.c.slug,
        institution.c.number,
        null(),
        null(),
        null(),
        null(),
        direct_grant.c.created,
    )
    .select_from(direct_grant)
    .join(theme, theme.c.pk == direct_grant.c.theme_pk)
    .join(institution, institution.c.pk == direct_grant.c.institution_pk)
    .where(direct_grant.c.link_pk == bindparam("link")),
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
    blocked=bars.at_institution(
        bindparam("person", type_=BIG),
        select(institution.c.pk)
        .where(institution.c.number == bindparam("number"))
        .scalar_subquery(),
    ),
    created=bindparam("now"),
)
_DROP_AFFILIATION = delete(affiliation).where(affiliation.c.pk == bindparam("pk_"))
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


@dataclass(frozen=True, slots=True)
class Held:
    """What a link holds now, with the keys of the rows; nothing, for one made just now."""

    affiliations: Mapping[AffiliationKey, int] = field(default_factory=dict)
    grants: Mapping[tuple[str, str], int] = field(default_factory=dict)
    since: Mapping[int, int] = field(default_factory=dict)
    """When each row of the affiliations was first said, by its key."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a write changed: where, and what the link gives more and less than before."""

    at: frozenset[str] = frozenset()
    gained: tuple[dict[str, str], ...] = ()
    lost: tuple[dict[str, str], ...] = ()

    def __or__(self, other: Moved) -> Moved:
        """Take two changes together."""
        both = self.at | other.at
        return Moved(both, self.gained + other.gained, self.lost + other.lost)

    @property
    def facts(self) -> dict[str, list[Json]]:
        """Tell it for the audit trail; nothing where nothing moved."""
        told = {"gained": self.gained, "lost": self.lost}
        return {name: [dict(one) for one in rights] for name, rights in told.items() if rights}


def held(conn: Connection, link_pk: int) -> Held:
    """Return what a link holds now."""
    rows = conn.all(_HELD, {"link": link_pk})
    return Held(
        {row[2:8]: int(row[1]) for row in rows if row[0] == "affiliation"},
        {row[2:4]: int(row[1]) for row in rows if row[0] == "grant"},
        {int(row[1]): int(row[8]) for row in rows if row[0] == "affiliation"},
    )


def _key(claim: AffiliationClaim) -> AffiliationKey:
    start = claim.start.isoformat() if claim.start else None
    end = claim.end.isoformat() if claim.end else None
    return (claim.form.value, claim.institution, claim.role.value, start, end, int(claim.primary))


def keys_of(claims: Iterable[AffiliationClaim]) -> tuple[AffiliationKey, ...]:
    """Give what is stored of each affiliation, each once: form, number, role, days, primary."""
    return tuple(dict.fromkeys(map(_key, claims)))


def given(affiliations: Iterable[AffiliationKey], grants: Iterable[tuple[str, str]]) -> Moved:
    """Tell what a link changes that said nothing before; grants are (theme, institution)."""
    said, granted = tuple(affiliations), tuple(grants)
    at = frozenset(str(key[1]) for key in (*said, *granted))
    return Moved(at, (*map(_told, said), *map(_granted, granted)))


def set_affiliations(
    conn: Connection,
    link_pk: int,
    person_pk: int,
    claims: tuple[AffiliationClaim, ...],
    now: int,
    before: Held,
) -> Moved:
    """Make the link's affiliations exactly these, new ones in their order.

    One that only gets other dates is as old as it was.
    """
    rows = before.affiliations
    wanted = dict.fromkeys(_key(claim) for claim in claims)
    gone = [key for key in rows if key not in wanted]
    new = [key for key in wanted if key not in rows]
    conn.many(_DROP_AFFILIATION, [{"pk_": rows[key]} for key in gone])
    names = ("form", "number", "role", "start", "end", "is_primary_")
    base = {"link": link_pk, "person": person_pk}
    since = {key[:3]: before.since.get(rows[key], now) for key in gone}
    added = [
        base | dict(zip(names, key, strict=True)) | {"now": since.get(key[:3], now)} for key in new
    ]
    conn.many(_ADD_AFFILIATION, added)
    at = frozenset(str(key[1]) for key in [*gone, *new])
    return Moved(at, tuple(map(_told, new)), tuple(map(_told, gone)))


def set_grants(
    conn: Connection,
    link_pk: int,
    person_pk: int,
    claims: tuple[GrantClaim, ...],
    now: int,
    before: Held,
) -> Moved:
    """Make the link's direct grants exactly these."""
    rows = before.grants
    wanted = dict.fromkeys((claim.theme, claim.institution) for claim in claims)
    gone = [key for key in rows if key not in wanted]
    new = [key for key in wanted if key not in rows]
    conn.many(_DROP_GRANT, [{"pk_": rows[key]} for key in gone])
    base = {"link": link_pk, "person": person_pk, "now": now}
    conn.many(_ADD_GRANT, [base | {"slug": slug, "number": number} for slug, number in new])
    at = frozenset(number for _, number in [*gone, *new])
    return Moved(at, tuple(map(_granted, new)), tuple(map(_granted, gone)))


def _told(key: AffiliationKey) -> dict[str, str]:
    """Describe an affiliation for the audit trail."""
    form, number, role, start, end, _ = key
    told = {"form": form, "institution": number, "role": role, "start": start, "end": end}
    return {name: value for name, value in told.items() if value is not None}


def _granted(key: tuple[str, str]) -> dict[str, str]:
    return {"theme": key[0], "institution": key[1]}


_MOVE_AFFILIATIONS = (
    update(affiliation)
    .values(
        person_pk=bindparam("to_person"),
        blocked=bars.at_institution(
            bindparam("to_person", type_=BIG), affiliation.c.institution_pk
        ),
    )
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
