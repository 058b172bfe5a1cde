"""Humans under a block, known again at a sign-in by what a trusted client called them.

Their records may be gone: the block remembers them (``bars``). Who comes for the first time and is
called as one of those is not somebody new.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, bindparam, cast, select

from mo_access.domain.keys import Indexes
from mo_access.domain.text import fold
from mo_access.storage import bars
from mo_access.storage.engine import Connection
from mo_access.storage.identities import trusted
from mo_access.storage.interventions import block_key
from mo_access.storage.schema import client, person

_k = block_key.c
_KNOWN: Final = (
    select(_k.bar)
    .join(client, cast(client.c.pk, Text) == _k.scope)
    .where(
        _k.kind == bindparam("kind"),
        _k.value == bindparam("value"),
        trusted(bindparam("issuer", type_=Text)),
        _k.bar.is_distinct_from(
            select(person.c.bar).where(person.c.pk == bindparam("person")).scalar_subquery()
        ),
    )
    .limit(1)
)


_NUMBERED: Final = (
    select(_k.bar)
    .where(
        bars.is_number(),
        _k.bar.is_distinct_from(
            select(person.c.bar).where(person.c.pk == bindparam("person")).scalar_subquery()
        ),
    )
    .limit(1)
)


def has_number_of_another(conn: Connection, number: Indexes, person_pk: int) -> bool:
    """Tell whether a number is that of a human under a block, who is not this person."""
    return conn.one(_NUMBERED, {**bars.number_params(number), "person": person_pk}) is not None


def is_another(
    conn: Connection, issuer: str, links: tuple[tuple[str, str], ...], person_pk: int
) -> bool:
    """Tell whether a linked (value, attribute) is that of a human under a block, who is not this.

    ``person_pk`` 0: whoever it is, nobody knows them yet.
    """
    return any(
        conn.one(
            _KNOWN,
            {"kind": attribute, "value": fold(value), "issuer": issuer, "person": person_pk},
        )
        for value, attribute in links
        if attribute in {"userName", "externalId"}
    )
