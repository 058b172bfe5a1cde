"""Finding the person behind a sign-in, only among links that the provider trusts (ruling 3)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import (
    CompoundSelect,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)

from mo_access.domain.keys import Indexes
from mo_access.domain.text import fold
from mo_access.domain.vouching import Says
from mo_access.storage.engine import Connection, Row
from mo_access.storage.identities import trusted
from mo_access.storage.liveness import has_live_link
from mo_access.storage.schema import BIG, client, identity, link, link_identity, person

_issuer: Final = bindparam("issuer", type_=Text)


@dataclass(frozen=True, slots=True)
class Match:
    """One way in which a sign-in leads to a person; ``link_pk`` None: through the INSZ."""

    person_pk: int
    person_id: str
    link_pk: int | None
    client_pk: int | None
    everywhere: bool
    live: bool
    by_provider: bool = False
    """Through the link of the provider's own client, which knows its subject from before."""


_usable: Final = and_(person.c.active == 1, person.c.blocked.is_(None))
"""Nobody comes in who was switched off or blocked (ruling 8)."""


def _links() -> Select[Row]:
    return (
        select(
            person.c.pk,
            person.c.id,
            link.c.pk,
            link.c.client_pk,
            client.c.platform,
            link.c.active,
            _usable,
        )
        .select_from(link)
        .join(person, person.c.pk == link.c.person_pk)
        .join(client, client.c.pk == link.c.client_pk)
        .where(trusted(_issuer))
    )


_BY_USER_NAME = _links().where(link.c.user_key == bindparam("value"))
_BY_EXTERNAL = _links().where(link.c.external_id == bindparam("value"))
_BY_EXTERNAL_KEY = _links().where(link.c.external_key == bindparam("value"))
_BY_IDENTITY = (
    _links()
    .join(link_identity, link_identity.c.link_pk == link.c.pk)
    .where(link_identity.c.issuer == _issuer, link_identity.c.subject == bindparam("value"))
)
_PINNED = (
    _links()
    .join(identity, identity.c.link_pk == link.c.pk)
    .where(identity.c.issuer == _issuer, identity.c.subject == bindparam("value"))
)
_trusted_link = exists(
    select(link.c.pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.person_pk == person.c.pk, trusted(_issuer))
)
_live_link: Final = has_live_link(person.c.pk)
_other: Final = link.alias("other")
_of_person: Final = select(_other.c.pk).where(_other.c.person_pk == person.c.pk)
_says: Final = {says: exists(_of_person.where(_other.c.said_insz == says.value)) for says in Says}
_platform_says: Final = exists(
    _of_person.join(client, client.c.pk == _other.c.client_pk).where(
        _other.c.said_insz == Says.NUMBER.value,
        *(client.c.platform == 1, client.c.revoked.is_(None)),
    )
)
# A link that was made by {issuer, subject} says nothing about the number: whoever else wrote it
# there does not speak for that link. The platform does, and so do all of them together. Who came
# by the number and took it back is nobody to ask: its own rights are contested.
_vouched_by_all: Final = or_(_platform_says, and_(_says[Says.NUMBER], ~_says[Says.NOTHING]))
_nobody: Final = cast(null(), BIG)
_PERSON = select(
    *(person.c.pk, person.c.id, _nobody, _nobody, literal(1)),
    *(case((_live_link, 1), else_=0), _usable),
)
# What the provider's own client says: it stands for nobody else, and never for who is switched off.
_OF_PROVIDER = (
    select(
        *(person.c.pk, person.c.id, link.c.pk, link.c.client_pk, literal(0)),
        and_(link.c.active == 1, _live_link),
        _usable,
    )
    .select_from(link)
    .join(person, person.c.pk == link.c.person_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .join(link_identity, link_identity.c.link_pk == link.c.pk)
    .where(
        *(client.c.provider == _issuer, client.c.revoked.is_(None)),
        *(link_identity.c.issuer == _issuer, link_identity.c.subject == bindparam("value")),
    )
)
_numbered = person.c.insz_index.in_([bindparam("value"), bindparam("or_")])
# Those who say it hold their own schools open, also where a client that took it back is bound too.
_for_some: Final = or_(~_vouched_by_all, and_(~_platform_says, _says[Says.NO_MORE]))
_BY_INSZ = union_all(
    _PERSON.where(_numbered, _trusted_link, _vouched_by_all),
    _links().where(_numbered, link.c.said_insz == Says.NUMBER.value, _for_some),
)


def by_attribute(conn: Connection, issuer: str, attribute: str, value: str) -> list[Match]:
    """Return the matches of ``userName`` or ``externalId``; UUIDs compare without case."""
    if attribute == "userName":
        return _matches(conn, _BY_USER_NAME, issuer, fold(value))
    if attribute != "externalId":
        return []
    if _is_uuid(value):
        return _matches(conn, _BY_EXTERNAL_KEY, issuer, fold(value))
    return _matches(conn, _BY_EXTERNAL, issuer, value)


def by_insz(conn: Connection, issuer: str, indexes: Indexes) -> list[Match]:
    """Return the person with this number, if a client that the provider trusts knows them.

    It opens everything only where every client said that number, or the platform did; else it
    counts for the clients that said it (ruling 3). A client that took it back is not asked, and
    gives nothing by it.
    """
    value, other = indexes
    return _matches(conn, _BY_INSZ, issuer, value, or_=other)


def by_subject(conn: Connection, issuer: str, subject: str) -> list[Match]:
    """Return who trusted clients said has this subject at this issuer."""
    return _matches(conn, _BY_IDENTITY, issuer, subject)


def of_provider(conn: Connection, issuer: str, subject: str) -> list[Match]:
    """Return whom an earlier sign-in of this subject made (modes ``jit`` and ``hybrid``)."""
    found = _matches(conn, _OF_PROVIDER, issuer, subject)
    return [replace(match, by_provider=True) for match in found]


def pinned(conn: Connection, issuer: str, subject: str) -> list[Match]:
    """Return who this subject was at an earlier sign-in, while the link that told so lives."""
    return _matches(conn, _PINNED, issuer, subject)


def _matches(
    conn: Connection,
    statement: Select[Row] | CompoundSelect[Row],
    issuer: str,
    value: str | bytes,
    **more: bytes,
) -> list[Match]:
    rows = conn.all(statement, {"issuer": issuer, "value": value, **more})
    return [
        Match(pk, person_id, link_pk, client_pk, bool(everywhere), bool(live and active))
        for pk, person_id, link_pk, client_pk, everywhere, live, active in rows
    ]


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True
