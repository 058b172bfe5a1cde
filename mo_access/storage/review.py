"""Who has or holds something at an institution, by pages, and the reviews that were done of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Select, Text, bindparam, cast, insert, or_, select, union

from mo_access.domain.model import Form
from mo_access.storage.bookkeeping import access_review, last_sign_in
from mo_access.storage.claim_tables import session_right
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
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
    session,
)
from mo_access.storage.session_facts import LIVES


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on the list: key, id, and when the last sign-in was (microseconds)."""

    pk: int
    id: str
    last_sign_in: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review that was done, as it is stored; times are microseconds."""

    institution: str
    reviewer: str
    at: int
    people: int
    digest: bytes
    signature: bytes


_after: Final[BindParameter[int]] = bindparam("after")
# One institution: then its index gives people in their order, and a page is all that is read.
_named = select(institution.c.pk).where(institution.c.number == bindparam("number", type_=Text))
_here_pk = _named.scalar_subquery()


def _first(found: Select[Any], person_pk: Any) -> Select[Any]:  # noqa: ANN401 - a column of any table
    """Take no more of one source than a page needs, in the order of its index."""
    page = found.where(person_pk > _after).distinct().order_by(person_pk)
    return select(page.limit(bindparam("page")).subquery())


_ON_THE_LIST = union(
    _first(
        select(affiliation.c.person_pk).where(
            *(affiliation.c.institution_pk == _here_pk, affiliation.c.outside == 0),
            affiliation.c.form != Form.RETAINED.value,
        ),
        affiliation.c.person_pk,
    ),
    _first(
        select(membership.c.person_pk)
        .join(group, group.c.pk == membership.c.group_pk)
        .where(
            *(group.c.institution_pk == _here_pk, group.c.outside == 0),
            or_(group.c.theme_pk.is_not(None), group.c.role.is_not(None)),
        ),
        membership.c.person_pk,
    ),
    _first(
        select(direct_grant.c.person_pk).where(
            direct_grant.c.institution_pk == _here_pk, direct_grant.c.outside == 0
        ),
        direct_grant.c.person_pk,
    ),
    _first(
        select(session_right.c.person_pk)
        .join(session, session.c.pk == session_right.c.session_pk)
        .where(session_right.c.institution_pk == _here_pk, LIVES),
        session_right.c.person_pk,
    ),
).subquery()
_PAGE = (
    select(person.c.pk, person.c.id, last_sign_in.c.at)
    .join(_ON_THE_LIST, _ON_THE_LIST.c.person_pk == person.c.pk)
    .outerjoin(last_sign_in, last_sign_in.c.person_pk == person.c.pk)
    .order_by(person.c.pk)
    .limit(bindparam("page"))
)
_wanted = json_texts(bindparam("wanted", type_=Text))
_NAMES = (
    select(link.c.person_pk, client.c.name, link.c.user_name, link.c.document)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.person_pk.in_(select(cast(_wanted.c.value, BIG))))
    .order_by(link.c.pk)
)
_r = access_review.c
_COLUMNS: Final = ("institution", "reviewer", "at", "people", "digest", "signature")
_LAST = (
    select(*(_r[name] for name in _COLUMNS), person.c.pk)
    .outerjoin(person, person.c.id == _r.reviewer)
    .where(_r.institution == bindparam("number"))
    .order_by(_r.pk.desc())
    .limit(1)
)
_ADD = insert(access_review).values({name: bindparam(name) for name in _COLUMNS})


def page(
    conn: Connection, numbers: frozenset[str], after: int, count: int, now: int
) -> list[Listed]:
    """Return the next people, by key, who are something or hold something at these institutions.

    Each once, also who signs in between the statements of two of them.
    """
    asked: Params = {"after": after, "page": count, "now": now}
    found = {row[0]: row for at in numbers for row in conn.all(_PAGE, {**asked, "number": at})}
    return [Listed(*found[pk]) for pk in sorted(found)[:count]]


def names(conn: Connection, pks: Sequence[int]) -> list[tuple[int, str, str, str]]:
    """Return (person's key, client, userName, document) of every link of these people."""
    rows = conn.all(_NAMES, {"wanted": json.dumps(list(map(str, pks)))})
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def last(conn: Connection, number: str) -> tuple[Review, int] | None:
    """Return the newest review of an institution, and the reviewer's key; 0 for who is gone."""
    row = conn.one(_LAST, {"number": number})
    if row is None:
        return None
    number, reviewer, at, people, digest, signature, pk = row
    return Review(number, reviewer, at, people, bytes(digest), bytes(signature)), pk or 0


def add(conn: Connection, done: Review) -> None:
    """Store a review."""
    conn.run(_ADD, {name: getattr(done, name) for name in _COLUMNS})
