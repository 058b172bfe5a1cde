"""What is shown with a person but is no part of its document: affiliations and groups (rule 4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    literal,
    null,
    select,
    true,
    union_all,
)

from mo_access.domain.affiliations import KEPT, Said
from mo_access.domain.model import Actor, Form, Role, ShownGroup
from mo_access.storage import barred_places
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import (
    BIG,
    affiliation,
    client,
    group,
    institution,
    link,
    membership,
    person,
)


@dataclass(frozen=True, slots=True)
class Derived:
    """What the client may see of one person's affiliations and groups."""

    said: list[Said] = field(default_factory=list)
    groups: list[ShownGroup] = field(default_factory=list)


_person: Final = bindparam("person", type_=BIG)
_page: Final = json_texts(bindparam("people", type_=Text))
_people: Final = select(cast(_page.c.value, BIG))

# What the one is at the other may be blocked too: see ``_open``.
_unblocked: Final = (person.c.blocked.is_(None), institution.c.blocked.is_(None))


def _statement(*, platform: bool, alone: bool) -> CompoundSelect[tuple[object, ...]]:
    """Read what is derived of ``:people``, or of one ``:person``, which spares a list of one."""

    def asked(whom: ColumnElement[int]) -> ColumnElement[bool]:
        return whom == _person if alone else whom.in_(_people)

    # The sum keeps SQLite from starting at the client and walking all its links for one person.
    whose = link.c.client_pk + 0
    mine: ColumnElement[bool] = true() if platform else whose == bindparam("client")
    theirs = true() if platform else group.c.client_pk == bindparam("client")
    stored = (
        select(
            affiliation.c.person_pk,
            affiliation.c.pk,
            null().label("group_id"),
            null().label("display"),
            institution.c.number,
            institution.c.name,
            affiliation.c.form,
            affiliation.c.role,
            affiliation.c.start_day,
            affiliation.c.end_day,
            affiliation.c.is_primary,
            link.c.active,
            and_(person.c.active == 1, affiliation.c.outside == 0, *_unblocked),
            client.c.name,
            person.c.bar,
        )
        .join(person, person.c.pk == affiliation.c.person_pk)
        .join(institution, institution.c.pk == affiliation.c.institution_pk)
        .join(link, link.c.pk == affiliation.c.link_pk)
        .join(client, client.c.pk == link.c.client_pk)
        .where(asked(affiliation.c.person_pk), mine)
    )
    through_groups = (
        select(
            membership.c.person_pk,
            group.c.pk,
            group.c.id,
            group.c.display_name,
            institution.c.number,
            institution.c.name,
            literal(Form.GROUP.value),
            group.c.role,
            null(),
            null(),
            literal(0),
            link.c.active,
            and_(person.c.active == 1, group.c.outside == 0, *_unblocked),
            client.c.name,
            person.c.bar,
        )
        .select_from(membership)
        .join(group, group.c.pk == membership.c.group_pk)
        .join(person, person.c.pk == membership.c.person_pk)
        .join(client, client.c.pk == group.c.client_pk)
        .outerjoin(institution, institution.c.pk == group.c.institution_pk)
        .outerjoin(link, and_(link.c.person_pk == person.c.pk, link.c.client_pk == client.c.pk))
        .where(asked(membership.c.person_pk), theirs)
    )
    return union_all(stored, through_groups, *((_recovered(asked),) if platform else ()))


def _recovered(
    asked: Callable[[ColumnElement[int]], ColumnElement[bool]],
) -> Select[tuple[object, ...]]:
    """Select what the platform gave by itself, which no client reads but its own."""
    return (
        select(
            affiliation.c.person_pk,
            affiliation.c.pk,
            null(),
            null(),
            institution.c.number,
            institution.c.name,
            affiliation.c.form,
            affiliation.c.role,
            affiliation.c.start_day,
            affiliation.c.end_day,
            affiliation.c.is_primary,
            literal(1),
            and_(person.c.active == 1, *_unblocked),
            literal("platform"),
            person.c.bar,
        )
        .join(person, person.c.pk == affiliation.c.person_pk)
        .join(institution, institution.c.pk == affiliation.c.institution_pk)
        .where(
            asked(affiliation.c.person_pk),
            affiliation.c.link_pk.is_(None),
            affiliation.c.form == Form.RECOVERY.value,
        )
    )


_STATEMENTS: Final = {
    (platform, alone): _statement(platform=platform, alone=alone)
    for platform in (False, True)
    for alone in (False, True)
}


def of(conn: Connection, actor: Actor, pks: Iterable[int]) -> dict[int, Derived]:
    """Return the derived part of these persons, by key; one statement for all of them.

    One more where one of them is under a block. Both kinds come in the order in which they were
    made.
    """
    found = {pk: Derived() for pk in pks}
    params: dict[str, int | str | bytes | None] = {"client": actor.client_pk}
    alone = len(found) == 1
    if alone:
        (params["person"],) = found
    else:
        params["people"] = json.dumps(list(found))
    rows = conn.all(_STATEMENTS[actor.platform, alone], params)
    shut = barred_places.of(conn, {row[-1] for row in rows if row[-1]})
    for row in sorted(rows, key=_made):
        _add(found[row[0]], _open(row, shut) if shut else row)
    return found


def _open(row: Row, shut: frozenset[tuple[str, str]]) -> Row:
    """Say that nothing holds where a block is on what the person is there."""
    *said, on, by, bar = row
    return (*said, on and (bar, row[4]) not in shut, by, bar)


def _made(row: Row) -> tuple[bool, int]:
    """Order by when it was made, affiliations first: an entity tag depends on the order."""
    return row[2] is not None, int(row[1])


def _add(derived: Derived, row: Row) -> None:
    """Take a row as what it is: an affiliation, a group, or a group that gives a role."""
    group_id, display = row[2:4]
    if group_id is not None:
        derived.groups.append(ShownGroup(group_id, display))
    said = _said(row[4:-1])
    if said is not None:
        derived.said.append(said)


@lru_cache(maxsize=KEPT)
def _said(row: Row) -> Said | None:
    """Return what a row says of an affiliation; kept, as most people of an institution are alike.

    A role group means nothing for who has no link of the group's client (rule 5).
    """
    number, name, form, role, start, end, primary, linked, on, by = row
    if number is None or role is None or linked is None:
        return None
    suspended = not (linked and on)
    return Said(number, name, Form(form), Role(role), start, end, bool(primary), suspended, by)
