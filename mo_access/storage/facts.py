"""What is known of people that gives rights, read on each request (rule 7): no cache."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from mo_access.domain.model import Form, Role
from mo_access.domain.policy import AffiliationFact, GrantFact
from mo_access.storage import session_facts
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.interventions import block
from mo_access.storage.liveness import has_live_link
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
    theme,
)

NEVER: Final = 2**62
"""A time at which no session lives."""
_NO_SESSION: Final = literal(0)
BARRED: Final = "barred"
"""Stands for the form in rows that tell of a block, and of no affiliation."""


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
    blocked_at: frozenset[str] = frozenset()
    """Where a block is on whatever the person is."""


_live_link = has_live_link(person.c.pk)
_persons = select(person.c.pk, person.c.id, person.c.active, person.c.blocked, _live_link)
_OWN = exists(
    select(link.c.pk).where(
        link.c.person_pk == person.c.pk, link.c.client_pk == bindparam("client")
    )
)
_live: Final[ColumnElement[bool]] = link.c.active == 1
_link_live = func.coalesce(link.c.active, 0) == 1
_group_live = or_(_link_live, and_(client.c.platform == 1, link.c.pk.is_(None)))


def _role(said: Column[str]) -> ColumnElement[str]:
    """Give the role that counts: not every client may make somebody beheerder."""
    over = and_(said == Role.BEHEERDER.value, client.c.beheerders == 0)
    return case((over, Role.GEBRUIKER.value), else_=said)


def _idle(live: ColumnElement[bool], ended: Column[int]) -> ColumnElement[str | None]:
    """Give why a theme gives nothing, NULL where it may."""
    return case(
        (institution.c.blocked.is_not(None), "blocked"),
        (ended.is_not(None), "ended"),
        (not_(live), "suspended"),
        else_=null(),
    )


def _affiliations(of: Callable[[Column[int]], ColumnElement[bool]]) -> CompoundSelect[Any]:
    """Select the affiliations of one person or several, each with whose it is."""
    said = select(
        affiliation.c.person_pk,
        institution.c.number,
        _role(affiliation.c.role),
        affiliation.c.form,
        affiliation.c.start_day,
        affiliation.c.end_day,
        _live,
        func.coalesce(affiliation.c.blocked, institution.c.blocked),
        client.c.name,
        affiliation.c.created,
        _NO_SESSION,
    )
    said = (
        said.select_from(affiliation)
        .join(institution, institution.c.pk == affiliation.c.institution_pk)
        .join(link, link.c.pk == affiliation.c.link_pk)
        .join(client, client.c.pk == link.c.client_pk)
        .where(of(affiliation.c.person_pk), affiliation.c.outside == 0)
    )
    held = select(
        membership.c.person_pk,
        institution.c.number,
        _role(group.c.role),
        literal(Form.GROUP.value),
        null(),
        null(),
        _live,
        institution.c.blocked,
        client.c.name,
        membership.c.created,
        _NO_SESSION,
    )
    held = (
        held.select_from(membership)
        .join(group, group.c.pk == membership.c.group_pk)
        .join(institution, institution.c.pk == group.c.institution_pk)
        .join(client, client.c.pk == group.c.client_pk)
        .join(
            link, and_(link.c.person_pk == membership.c.person_pk, link.c.client_pk == client.c.pk)
        )
        .where(of(membership.c.person_pk), group.c.role.is_not(None), group.c.outside == 0)
    )
    return union_all(said, held, _recovered(of), _barred(of), session_facts.affiliations(of))


def _recovered(of: Callable[[Column[int]], ColumnElement[bool]]) -> Select[Any]:
    """Select what the platform gave by itself: it hangs on no link and is no client's."""
    said = select(
        affiliation.c.person_pk,
        institution.c.number,
        affiliation.c.role,
        affiliation.c.form,
        affiliation.c.start_day,
        affiliation.c.end_day,
        true(),
        func.coalesce(affiliation.c.blocked, institution.c.blocked),
        null(),
        affiliation.c.created,
        _NO_SESSION,
    )
    said = said.select_from(affiliation)
    return said.join(institution, institution.c.pk == affiliation.c.institution_pk).where(
        of(affiliation.c.person_pk),
        affiliation.c.link_pk.is_(None),
        affiliation.c.form == Form.RECOVERY.value,
    )


def _barred(of: Callable[[Column[int]], ColumnElement[bool]]) -> Select[Any]:
    """Select where a block is on what a person is, whether a row says that it is something."""
    found = select(
        *(person.c.pk, institution.c.number, literal(""), literal(BARRED)),
        *(null(), null(), literal(0) == 1, block.c.id, literal(""), literal(0), _NO_SESSION),
    )
    found = found.select_from(person).join(block, block.c.bar == person.c.bar)
    return found.join(institution, institution.c.pk == block.c.institution_pk).where(
        of(person.c.pk)
    )


def _grants(of: Callable[[Column[int]], ColumnElement[bool]]) -> CompoundSelect[Any]:
    """Select what gives themes to one person or several, each with whose it is."""
    held = select(
        membership.c.person_pk,
        theme.c.slug,
        literal("group"),
        func.coalesce(institution.c.number, ""),
        _idle(_group_live, membership.c.ended),
        client.c.name,
        group.c.display_name,
        membership.c.created,
        _NO_SESSION,
    )
    held = (
        held.select_from(membership)
        .join(group, group.c.pk == membership.c.group_pk)
        .join(theme, theme.c.pk == group.c.theme_pk)
        .join(client, client.c.pk == group.c.client_pk)
        .outerjoin(institution, institution.c.pk == group.c.institution_pk)
        .outerjoin(
            link, and_(link.c.person_pk == membership.c.person_pk, link.c.client_pk == client.c.pk)
        )
        .where(of(membership.c.person_pk), group.c.outside == 0)
    )
    given = select(
        direct_grant.c.person_pk,
        theme.c.slug,
        literal("entitlement"),
        institution.c.number,
        _idle(_live, direct_grant.c.ended),
        client.c.name,
        literal("entitlements"),
        direct_grant.c.created,
        _NO_SESSION,
    )
    given = (
        given.select_from(direct_grant)
        .join(theme, theme.c.pk == direct_grant.c.theme_pk)
        .join(institution, institution.c.pk == direct_grant.c.institution_pk)
        .join(link, link.c.pk == direct_grant.c.link_pk)
        .join(client, client.c.pk == link.c.client_pk)
        .where(of(direct_grant.c.person_pk), direct_grant.c.outside == 0)
    )
    return union_all(held, given, session_facts.grants(of))


def _is_one(person_pk: Column[int]) -> ColumnElement[bool]:
    return person_pk == bindparam("pk")


def _is_any(person_pk: Column[int]) -> ColumnElement[bool]:
    return person_pk.in_(select(cast(json_texts(bindparam("pks", type_=Text)).c.value, BIG)))


_NAMED = person.c.id.in_(select(json_texts(bindparam("people")).c.value))
_PERSON = _persons.where(person.c.id == bindparam("person"))
_PERSON_OF_CLIENT = _PERSON.where(_OWN)
_PEOPLE = _persons.where(_NAMED)
_PEOPLE_OF_CLIENT = _PEOPLE.where(_OWN)
_AFFILIATIONS, _AFFILIATIONS_OF_MANY = _affiliations(_is_one), _affiliations(_is_any)
_GRANTS, _GRANTS_OF_MANY = _grants(_is_one), _grants(_is_any)
_PEOPLE_BY_KEY = _persons.where(_is_any(person.c.pk))
_there, _held = _AFFILIATIONS_OF_MANY.subquery("there"), _GRANTS_OF_MANY.subquery("held")
_numbers = select(json_texts(bindparam("numbers", type_=Text)).c.value)
_theme = bindparam("theme", type_=Text)
# Blocks elsewhere stay: one may have come along with an institution (``decisions``).
_AFFILIATIONS_AT = select(_there).where(
    or_(_there.columns[1].in_(_numbers), _there.columns[3] == BARRED)
)
_GRANTS_AT = select(_held).where(
    or_(_held.columns[3].in_(_numbers), _held.columns[3] == ""),
    or_(_theme == "", _held.columns[1] == _theme),
)


def person_facts(
    conn: Connection, person_id: str, client_pk: int | None = None, now: int = NEVER
) -> PersonFacts | None:
    """Return what is known about a person, or None; three statements.

    With ``client_pk`` only a person to whom that client has a link is known (ruling 9). What came
    with sessions is among it as far as those live at ``now``; without, only what clients said.
    """
    found = (
        conn.one(_PERSON, {"person": person_id})
        if client_pk is None
        else conn.one(_PERSON_OF_CLIENT, {"person": person_id, "client": client_pk})
    )
    if found is None:
        return None
    pk: Params = {"pk": found[0], "now": now}
    return _facts(found, conn.all(_AFFILIATIONS, pk), conn.all(_GRANTS, pk))


def people_facts(
    conn: Connection, person_ids: Sequence[str], client_pk: int | None = None, now: int = NEVER
) -> list[PersonFacts]:
    """Return the same of several people, in no order; three statements for them all."""
    people: Params = {"people": json.dumps(person_ids)}
    found = (
        conn.all(_PEOPLE, people)
        if client_pk is None
        else conn.all(_PEOPLE_OF_CLIENT, {**people, "client": client_pk})
    )
    pks: Params = {"pks": json.dumps([str(row[0]) for row in found]), "now": now}
    affiliations = _by_person(conn.all(_AFFILIATIONS_OF_MANY, pks))
    grants = _by_person(conn.all(_GRANTS_OF_MANY, pks))
    return [_facts(row, affiliations[row[0]], grants[row[0]]) for row in found]


def facts_at(
    conn: Connection, pks: Sequence[int], numbers: frozenset[str], slug: str, now: int
) -> dict[int, PersonFacts]:
    """Return of several people, by key, what counts at these institutions; three statements.

    ``slug`` "" is every theme. For lists of very many: what a decision there does not ask for is
    not read, and neighbours by key lie together, which they do not by id.
    """
    asked: Params = {
        "pks": json.dumps(list(map(str, pks))),
        "numbers": json.dumps(sorted(numbers)),
        "theme": slug,
        "now": now,
    }
    found = conn.all(_PEOPLE_BY_KEY, asked)
    affiliations = _by_person(conn.all(_AFFILIATIONS_AT, asked))
    grants = _by_person(conn.all(_GRANTS_AT, asked))
    return {row[0]: _facts(row, affiliations[row[0]], grants[row[0]]) for row in found}


_FORMS: Final = {form.value: form for form in Form}


def _by_person(rows: list[Row]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _facts(row: Row, affiliations: list[Row], grants: list[Row]) -> PersonFacts:
    pk, known_id, active, blocked, linked = row
    return PersonFacts(
        pk,
        known_id,
        bool(active and linked),
        blocked is not None,
        tuple([_affiliation(row) for row in affiliations if row[3] != BARRED]),
        tuple(map(_grant, grants)),
        frozenset([str(row[1]) for row in affiliations if row[3] == BARRED]),
    )


def _affiliation(row: Row) -> AffiliationFact:
    """Build it by position: a review or a search builds a hundred thousand."""
    _, number, role, form, start, end, live, blocked, by, since, came = row
    barred, came_with = blocked is not None, came or None
    return AffiliationFact(
        number, role, _FORMS[form], start, end, not live, barred, by, since, came_with
    )


def _grant(row: Row) -> tuple[str, GrantFact]:
    _, slug, kind, number, idle, by, source, since, came = row
    return slug, GrantFact(kind, number, idle is not None, by, source, since, idle, came or None)
