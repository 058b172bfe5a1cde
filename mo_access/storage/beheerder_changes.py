"""Writing what is known of an institution's beheerders: the watch, retained and recovered roles."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Text, and_, bindparam, cast, delete, exists, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.domain.model import Form, Role
from mo_access.storage.bars import at_institution
from mo_access.storage.beheerders import line_of
from mo_access.storage.bookkeeping import beheerder_watch
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.liveness import has_live_link
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

_BEHEERDER: Final = Role.BEHEERDER.value
_RETAINED: Final = Form.RETAINED.value
_RECOVERY: Final = Form.RECOVERY.value
_new = upsert(beheerder_watch).values(
    institution_pk=bindparam("at"), missing_since=bindparam("since", type_=BIG)
)
_WATCH = _new.on_conflict_do_update(
    index_elements=[beheerder_watch.c.institution_pk],
    set_={"missing_since": _new.excluded.missing_since},
)
_links = json_texts(bindparam("links", type_=Text))
_same = affiliation.alias()
_there = exists(
    select(_same.c.pk).where(
        _same.c.link_pk == link.c.pk,
        _same.c.institution_pk == institution.c.pk,
        _same.c.form == _RETAINED,
    )
)
_RETAIN = insert(affiliation).from_select(
    ["person_pk", "link_pk", "institution_pk", "form", "role", "start_day", "blocked", "created"],
    select(
        link.c.person_pk,
        link.c.pk,
        institution.c.pk,
        literal(_RETAINED),
        literal(_BEHEERDER),
        bindparam("today", type_=Text),
        at_institution(link.c.person_pk, institution.c.pk),
        bindparam("now", type_=BIG),
    )
    .join_from(link, person, person.c.pk == link.c.person_pk)
    .join(institution, institution.c.number == bindparam("number"))
    .where(
        link.c.pk.in_(select(cast(_links.c.value, BIG))),
        *(link.c.active == 1, person.c.active == 1, person.c.blocked.is_(None), ~_there),
    ),
)
_line = line_of(institution.c.pk == bindparam("head"))
_KEPT_HERE: Final = (
    affiliation.c.form == _RETAINED,
    affiliation.c.institution_pk.in_(select(_line.c.pk)),
)
_RETAINED_PEOPLE = (
    select(person.c.id)
    .join_from(affiliation, person, person.c.pk == affiliation.c.person_pk)
    .where(*_KEPT_HERE)
    .distinct()
    .order_by(person.c.id)
)
_FORGET = delete(affiliation).where(*_KEPT_HERE)


def watch(conn: Connection, institution_pk: int, missing_since: int | None) -> None:
    """Write down that an institution has a beheerder, or since when it is without."""
    conn.run(_WATCH, {"at": institution_pk, "since": missing_since})


def retain(conn: Connection, number: str, links: Iterable[int], today: str, now: int) -> int:
    """Keep the role of people who lost it, where they and these links are active."""
    found = json.dumps([*map(str, sorted(links))])
    row: dict[str, int | str | bytes | None] = {"number": number, "links": found}
    return conn.run(_RETAIN, {**row, "today": today, "now": now})


def retained(conn: Connection, head: int) -> list[str]:
    """Give the people whose role is retained at the institution or what it succeeded."""
    return [str(row[0]) for row in conn.all(_RETAINED_PEOPLE, {"head": head})]


def forget_retained(conn: Connection, head: int) -> int:
    """End the retained roles at the institution and what it succeeded; returns how many."""
    return conn.run(_FORGET, {"head": head})


_MEMBER_LINKS = (
    select(link.c.pk)
    .join_from(membership, link, link.c.person_pk == membership.c.person_pk)
    .join(group, and_(group.c.pk == membership.c.group_pk, group.c.client_pk == link.c.client_pk))
    .where(membership.c.group_pk == bindparam("group"))
)


def member_links(conn: Connection, group_pk: int) -> frozenset[int]:
    """Give the links that the group's client has to its members."""
    return frozenset(int(row[0]) for row in conn.all(_MEMBER_LINKS, {"group": group_pk}))


_OF_CLIENT = (
    select(institution.c.number, link.c.pk)
    .join_from(affiliation, link, link.c.pk == affiliation.c.link_pk)
    .join(institution, institution.c.pk == affiliation.c.institution_pk)
    .where(
        link.c.client_pk == bindparam("of_client"),
        affiliation.c.role == _BEHEERDER,
        affiliation.c.form != _RETAINED,
    )
    .union_all(
        select(institution.c.number, link.c.pk)
        .join_from(group, institution, institution.c.pk == group.c.institution_pk)
        .join(membership, membership.c.group_pk == group.c.pk)
        .join(
            link,
            and_(link.c.person_pk == membership.c.person_pk, link.c.client_pk == group.c.client_pk),
        )
        .where(group.c.client_pk == bindparam("of_client"), group.c.role == _BEHEERDER)
    )
)


def of_client(conn: Connection, client_pk: int) -> list[tuple[str, int]]:
    """Give (institution, link) of every beheerder role that a client gave."""
    return [(str(n), int(pk)) for n, pk in conn.all(_OF_CLIENT, {"of_client": client_pk})]


@dataclass(frozen=True, slots=True)
class Recovery:
    """A beheerder whom the platform made for a time; days are ISO text."""

    institution: str
    person: str
    start: str
    end: str
    reason: str
    created: int


_RECOVERIES = (
    select(
        institution.c.number,
        person.c.id,
        affiliation.c.start_day,
        affiliation.c.end_day,
        affiliation.c.reason,
        affiliation.c.created,
    )
    .join_from(affiliation, institution, institution.c.pk == affiliation.c.institution_pk)
    .join(person, person.c.pk == affiliation.c.person_pk)
    .where(affiliation.c.form == _RECOVERY, affiliation.c.link_pk.is_(None))
    .order_by(affiliation.c.created, affiliation.c.pk)
)
_person_pk = select(person.c.pk).where(person.c.id == bindparam("person")).scalar_subquery()
_institution_pk = (
    select(institution.c.pk).where(institution.c.number == bindparam("number")).scalar_subquery()
)
_RECOVER = insert(affiliation).values(
    person_pk=_person_pk,
    institution_pk=_institution_pk,
    form=_RECOVERY,
    role=_BEHEERDER,
    start_day=bindparam("start"),
    end_day=bindparam("end"),
    reason=bindparam("why"),
    blocked=at_institution(_person_pk, _institution_pk),
    created=bindparam("now"),
)
_REVOKE = delete(affiliation).where(
    affiliation.c.form == _RECOVERY,
    affiliation.c.link_pk.is_(None),
    affiliation.c.person_pk == _person_pk,
    affiliation.c.institution_pk == _institution_pk,
    affiliation.c.end_day >= bindparam("today"),
)
_LIVE = (
    select(person.c.pk)
    .where(
        person.c.id == bindparam("person"),
        person.c.active == 1,
        person.c.blocked.is_(None),
        exists(
            select(link.c.pk)
            .join(client, client.c.pk == link.c.client_pk)
            .where(link.c.person_pk == person.c.pk, link.c.active == 1, client.c.revoked.is_(None))
        ),
        has_live_link(person.c.pk),
    )
    .with_for_update(read=True)
)


def may_sign_in(conn: Connection, person_id: str) -> bool:
    """Tell whether the person is active, not blocked, and known to a client that lives."""
    return conn.one(_LIVE, {"person": person_id}) is not None


def recover(conn: Connection, made: Recovery) -> None:
    """Store a beheerder whom the platform makes."""
    conn.run(
        _RECOVER,
        {
            "person": made.person,
            "number": made.institution,
            "start": made.start,
            "end": made.end,
            "why": made.reason,
            "now": made.created,
        },
    )


def revoke(conn: Connection, number: str, person_id: str, today: str) -> int:
    """Take back what is not over yet; returns how many."""
    return conn.run(_REVOKE, {"number": number, "person": person_id, "today": today})


_RECOVERED_AT = (
    select(institution.c.number)
    .join_from(affiliation, institution, institution.c.pk == affiliation.c.institution_pk)
    .where(
        affiliation.c.person_pk == bindparam("person"),
        affiliation.c.form == _RECOVERY,
        affiliation.c.link_pk.is_(None),
        affiliation.c.end_day >= bindparam("today"),
    )
)


def recovered_at(conn: Connection, person_pk: int, today: str) -> list[str]:
    """Give the institutions of which the platform made a person beheerder, and that is not over."""
    return [str(row[0]) for row in conn.all(_RECOVERED_AT, {"person": person_pk, "today": today})]


def recoveries(conn: Connection) -> tuple[Recovery, ...]:
    """Give every beheerder whom the platform made, ended ones too, oldest first."""
    return tuple(Recovery(*row) for row in conn.all(_RECOVERIES, {}))
