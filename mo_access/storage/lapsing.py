"""People whom only sign-ins made and who came no more (design 015)."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, exists, func, literal, select

from mo_access.storage.bookkeeping import last_sign_in
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import client, link, person, session

PAGE: Final = 200


class Lapsed(NamedTuple):
    """Somebody, through the one or the first of the links that providers have to them."""

    link_pk: int
    person_pk: int
    person: str


_other, _whose = link.alias("other_link"), client.alias("other_client")
_registered: Final = exists(
    select(literal(1))
    .select_from(_other)
    .join(_whose, _whose.c.pk == _other.c.client_pk)
    .where(_other.c.person_pk == link.c.person_pk, _whose.c.provider.is_(None))
)
_signed_in: Final = exists(
    select(literal(1)).where(
        session.c.person_pk == link.c.person_pk, session.c.expires > bindparam("now")
    )
)
_LAPSED: Final = (
    select(link.c.pk, person.c.pk, person.c.id)
    .select_from(link)
    .join(client, client.c.pk == link.c.client_pk)
    .join(person, person.c.pk == link.c.person_pk)
    .outerjoin(last_sign_in, last_sign_in.c.person_pk == link.c.person_pk)
    .where(
        client.c.provider.is_not(None),
        func.coalesce(last_sign_in.c.at, link.c.created) < bindparam("before"),
        ~_registered,
        ~_signed_in,
    )
)
_PAGE: Final = (
    _LAPSED.where(person.c.owner_pk == link.c.client_pk, link.c.pk > bindparam("after"))
    .order_by(link.c.pk)
    .limit(bindparam("page"))
)
_STILL: Final = _LAPSED.where(link.c.person_pk == bindparam("of")).order_by(link.c.pk)


def page(conn: Connection, before: int, now: int, after: int) -> list[Lapsed]:
    """Give the next people who last signed in before this moment, each once."""
    asked: Params = {"before": before, "now": now, "after": after, "page": PAGE}
    return [Lapsed(*row) for row in conn.all(_PAGE, asked)]


def still(conn: Connection, person_pk: int, before: int, now: int) -> bool:
    """Tell whether somebody is still one of those."""
    return conn.one(_STILL, {"of": person_pk, "before": before, "now": now}) is not None
