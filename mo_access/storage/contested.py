"""Which links of a person a session that counts everywhere does not stand on (ruling 3).

Links meet at one person through a number or through {issuer, subject}. A school that writes both,
of two people, makes one person of them; what others then give to the one must not open to the
other. A session that stands on a platform client's link, or on the number, reaches the links that
share with those what they are known by; all others are contested.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    or_,
    select,
)

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import (
    BIG,
    client,
    group,
    institution,
    link,
    link_identity,
    membership,
    person,
    session,
    session_reach,
)

BY_LINK: Final = 2
"""Bit of ``session.reach_all``: it stands on a platform client's link."""
BY_NUMBER: Final = 4
"""Bit of ``session.reach_all``: it stands on the number that the provider told."""

_basis, _platform = link.alias("basis"), client.alias("platform")
_mine, _same = link_identity.alias("mine"), link_identity.alias("same")
_shared: Final = or_(
    and_(_basis.c.said_insz == 1, link.c.said_insz == 1),
    exists(
        select(_same.c.link_pk)
        .join(_mine, and_(_mine.c.issuer == _same.c.issuer, _mine.c.subject == _same.c.subject))
        .where(_mine.c.link_pk == link.c.pk, _same.c.link_pk == _basis.c.pk)
        .correlate(link, _basis)
    ),
)


def _contested(
    whose: ColumnElement[int],
    stands_on: ColumnElement[int],
    matched: Select[Any],
    *about: FromClause,
) -> Select[Any]:
    """Select the contested links of a person, inside a statement about what stands on others."""
    by_number = stands_on >= BY_NUMBER
    vouched = exists(
        select(_basis.c.pk)
        .join(_platform, _platform.c.pk == _basis.c.client_pk)
        .where(
            _basis.c.person_pk == link.c.person_pk,
            _platform.c.platform == 1,
            _platform.c.revoked.is_(None),
            or_(_basis.c.client_pk.in_(matched), and_(by_number, _basis.c.said_insz == 1)),
            _shared,
        )
        .correlate(link, *about)
    )
    found = select(link.c.pk).where(
        stands_on >= BY_LINK,
        link.c.person_pk == whose,
        link.c.client_pk.not_in(matched),
        ~and_(by_number, link.c.said_insz == 1),
        ~vouched,
    )
    return found.correlate(*about) if about else found.correlate(None)


CONTESTED: Final = _contested(
    session.c.person_pk,
    session.c.reach_all,
    select(session_reach.c.client_pk).where(session_reach.c.session_pk == session.c.pk),
    session,
)
"""The contested links of a session's person, inside a statement about sessions."""


class Known(NamedTuple):
    """One link of a person: whose, the platform's or not, the owner's or not, contested or not."""

    client_pk: int
    platform: bool
    owner: bool
    contested: bool


_person: Final = bindparam("person", type_=BIG)
_keys: Final = json_texts(bindparam("matched", type_=Text))
_apart: Final = _contested(
    _person, bindparam("stands_on", type_=BIG), select(cast(_keys.c.value, BIG))
)
_LINKS: Final = (
    select(
        link.c.client_pk,
        client.c.platform,
        person.c.owner_pk.is_not_distinct_from(link.c.client_pk),
        link.c.pk.in_(_apart),
    )
    .join_from(link, person, person.c.pk == link.c.person_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.person_pk == _person)
    .order_by(link.c.pk)
)


def of_matches(
    conn: Connection, person_pk: int, stands_on: int, matched: frozenset[int]
) -> tuple[Known, ...]:
    """Tell of each link of a person, the oldest first, whether it is contested.

    For who reads without a session: ``stands_on`` are the bits that it would have, ``matched``
    the clients whose links led to the person.
    """
    keys = json.dumps([*map(str, sorted(matched))])
    rows = conn.all(_LINKS, {"person": person_pk, "stands_on": stands_on, "matched": keys})
    return tuple(Known(int(pk), *map(bool, told)) for pk, *told in rows)


_numbers: Final = json_texts(bindparam("numbers", type_=Text))
_others: Final = json_texts(bindparam("others", type_=Text))
_GROUPS_AT: Final = (
    select(group.c.id)
    .join_from(membership, group, group.c.pk == membership.c.group_pk)
    .outerjoin(institution, institution.c.pk == group.c.institution_pk)
    .where(
        membership.c.person_pk == _person,
        or_(
            institution.c.number.in_(select(_numbers.c.value)),
            and_(
                group.c.institution_pk.is_(None),
                group.c.client_pk.in_(select(cast(_others.c.value, BIG))),
            ),
        ),
    )
)


def groups_at(
    conn: Connection, person_pk: int, numbers: frozenset[str], others: frozenset[int]
) -> frozenset[str]:
    """Give the groups of a person at these institutions, and those of these clients at none."""
    told = json.dumps([*map(str, sorted(others))])
    asked: Params = {"person": person_pk, "numbers": json.dumps(sorted(numbers)), "others": told}
    return frozenset(str(row[0]) for row in conn.all(_GROUPS_AT, asked))
