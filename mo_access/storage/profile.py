"""What a signed-in person is called, read from the links that the provider trusts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, bindparam, select

from mo_access.storage.engine import Connection
from mo_access.storage.identities import speaks
from mo_access.storage.schema import client, link, person

_NAMED: Final = (
    select(link.c.user_name, link.c.document)
    .join(person, person.c.pk == link.c.person_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(
        person.c.id == bindparam("person", type_=Text),
        link.c.active == 1,
        speaks(bindparam("issuer", type_=Text)),
    )
    .order_by(client.c.provider.is_not(None), client.c.platform.desc(), link.c.pk)
    .limit(1)
)


def named(conn: Connection, person_id: str, issuer: str) -> tuple[str, str] | None:
    """Return userName and document of the person's first trusted link, platform's before others.

    Whom no trusted client knows is called as the sign-in itself told.
    """
    row = conn.one(_NAMED, {"person": person_id, "issuer": issuer})
    return None if row is None else (str(row[0]), str(row[1]))
