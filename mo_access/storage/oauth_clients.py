"""Which clients of an issuer act as a client of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    union_all,
)

from mo_access.domain import oauth_client
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import client, client_oauth, identity, link, link_identity

_o = client_oauth.c
_issuer: Final = bindparam("of_issuer", type_=Text)
_account: Final = bindparam("of_account", type_=Text)
_subject: Final = bindparam("of_subject", type_=Text)
_PINNED = select(identity.c.person_pk).where(
    identity.c.issuer == _issuer, identity.c.subject == _subject
)
_MADE = (
    select(link_identity.c.link_pk)
    .join(link, link.c.pk == link_identity.c.link_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(
        link_identity.c.issuer == _issuer,
        link_identity.c.subject == _subject,
        client.c.provider == _issuer,
    )
)
_ADD = insert(client_oauth).values(
    issuer=bindparam("issuer"),
    oauth_client_id=bindparam("oauth_client_id"),
    client_pk=bindparam("client_pk"),
)
_REMOVE = delete(client_oauth).where(
    _o.client_pk == bindparam("of_client"),
    _o.issuer == bindparam("of_issuer"),
    _o.oauth_client_id == bindparam("of_name"),
)
_OF_CLIENT = (
    select(_o.issuer, _o.oauth_client_id)
    .where(_o.client_pk == bindparam("of_client"))
    .order_by(_o.issuer, _o.oauth_client_id)
)
_SIGNED_IN = union_all(_PINNED, _MADE)


def presented() -> ColumnElement[bool]:
    """Tell whether a row is what a token names: its client (`of_name`), or that client's account.

    An account of a subject that has signed in is a person, whatever an operator said before. What
    clients say of it (`identities[]`) does not count here: no school ends another's machine.
    """
    person = or_(exists(_PINNED), exists(_MADE))
    return and_(
        _o.issuer == _issuer,
        or_(
            _o.oauth_client_id == bindparam("of_name", type_=Text),
            and_(_o.oauth_client_id == _account, ~person),
        ),
    )


def told(names: tuple[str, ...]) -> Params:
    """Return the parameters of ``presented`` for what a token may be registered as."""
    ids = [name for name in names if oauth_client.parts(name)[1] is None]
    accounts = [name for name in names if oauth_client.parts(name)[1] is not None]
    account = accounts[0] if accounts else None
    return {
        "of_name": ids[0] if ids else None,
        "of_account": account,
        "of_subject": None if account is None else oauth_client.parts(account)[1],
    }


def signed_in(conn: Connection, issuer: str, subject: str) -> bool:
    """Tell whether a sign-in with this subject is remembered, of a person known or made by it."""
    return conn.one(_SIGNED_IN, {"of_issuer": issuer, "of_subject": subject}) is not None


def of_client(conn: Connection, client_pk: int) -> tuple[tuple[str, str], ...]:
    """Give (issuer, name) of what acts as the client."""
    return tuple((str(i), str(n)) for i, n in conn.all(_OF_CLIENT, {"of_client": client_pk}))


def add(conn: Connection, client_pk: int, pairs: Iterable[tuple[str, str]]) -> None:
    """Let access tokens of (issuer, name) act as the client. Raises ``Duplicate``."""
    conn.many(_ADD, [{"issuer": i, "oauth_client_id": o, "client_pk": client_pk} for i, o in pairs])


def remove(conn: Connection, client_pk: int, pairs: Iterable[tuple[str, str]]) -> None:
    """Let access tokens of (issuer, name) act as the client no longer."""
    conn.many(_REMOVE, [{"of_client": client_pk, "of_issuer": i, "of_name": o} for i, o in pairs])
