"""Provisioning clients, their secrets, and the institutions that they may act for (rule 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from mo_access.domain import oauth_client
from mo_access.domain.model import Actor
from mo_access.storage import oauth_clients
from mo_access.storage.client_scope import scope
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import (
    BIG,
    client,
    client_institution,
    client_issuer,
    client_oauth,
    client_secret,
    institution,
)

_c = client.c
_s = client_secret.c
_IDENTITY: Final = (
    _c.pk,
    _c.id,
    _c.name,
    _c.platform,
    _c.default_institution,
    _c.profile,
    _c.scopes,
    _c.beheerders,
)
_LIVE: Final = _c.revoked.is_(None)

_TRUSTS_ISSUER = (
    select(_c.pk)
    .join_from(client_oauth, client, _c.pk == client_oauth.c.client_pk)
    .where(client_oauth.c.issuer == bindparam("of_issuer"), _LIVE)
    .limit(1)
)


def _presented(found: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """Select a credential's live client together with its scope, as one text (rule 7)."""
    who = found.cte("who")
    bound = select(case((who.c.platform == 0, who.c.pk))).scalar_subquery()
    return select(who, scope(bound))


_BY_SECRET = _presented(
    select(_s.hash, *_IDENTITY)
    .join_from(client_secret, client, _c.pk == _s.client_pk)
    .where(
        _s.id == bindparam("secret"),
        _LIVE,
        _s.revoked.is_(None),
        or_(_s.expires.is_(None), _s.expires > bindparam("now")),
    )
)
_BY_OAUTH = _presented(
    select(*_IDENTITY)
    .join_from(client_oauth, client, _c.pk == client_oauth.c.client_pk)
    .where(oauth_clients.presented(), _LIVE)
    .order_by(func.length(client_oauth.c.oauth_client_id).desc())
    .limit(1)
)
_BY_PK = _presented(select(*_IDENTITY).where(_c.pk == bindparam("of_client")))
# PostgreSQL: whoever changes the client waits for who gives in its name. SQLite has one writer.
_HOLD = select(_c.pk).where(_c.pk == bindparam("of_client"), _LIVE).with_for_update(read=True)
_INSTITUTIONS = select(scope(bindparam("of_client", type_=BIG)))
_INSERT_CLIENT = (
    insert(client)
    .values(
        {
            name: bindparam(name)
            for name in (
                "id",
                "name",
                "platform",
                "default_institution",
                "profile",
                "scopes",
                "created",
                "beheerders",
            )
        }
    )
    .returning(_c.pk)
)
_BIND = insert(client_institution).values(
    client_pk=bindparam("client_pk"), institution_pk=bindparam("institution_pk")
)
_TRUST = insert(client_issuer).values(client_pk=bindparam("client_pk"), issuer=bindparam("issuer"))
_INSERT_SECRET = insert(client_secret).values(
    {name: bindparam(name) for name in ("id", "client_pk", "hash", "created", "expires")}
)
_SHORTEN = (
    update(client_secret)
    .where(
        _s.client_pk == bindparam("of_client"),
        _s.revoked.is_(None),
        or_(_s.expires.is_(None), _s.expires > bindparam("until")),
    )
    .values(expires=bindparam("until"))
)
_REVOKE_SECRETS = (
    update(client_secret)
    .where(
        _s.client_pk == bindparam("of_client"),
        _s.revoked.is_(None),
        or_(bindparam("only") == "", _s.id == bindparam("only")),
    )
    .values(revoked=bindparam("at"))
)
_REVOKE_CLIENT = (
    update(client)
    .where(and_(_c.pk == bindparam("of_client"), _LIVE))
    .values(revoked=bindparam("at"))
)
# The client of a provider is nobody's to choose: it has no token and does nothing by itself.
_FIND = select(_c.pk, _c.id, _c.name, _c.revoked).where(
    or_(_c.id == bindparam("wanted"), _c.name == bindparam("wanted")), _c.provider.is_(None)
)
_ALL = select(*_IDENTITY, _c.created, _c.revoked, _c.provider).order_by(_c.name)
_ALL_BOUND = (
    select(client_institution.c.client_pk, institution.c.number)
    .join(institution, institution.c.pk == client_institution.c.institution_pk)
    .order_by(institution.c.number)
)
_ALL_ISSUERS = select(client_issuer.c.client_pk, client_issuer.c.issuer)
_ALL_OAUTH = select(client_oauth.c.client_pk, client_oauth.c.issuer, client_oauth.c.oauth_client_id)
_ALL_SECRETS = select(_s.client_pk, _s.id, _s.created, _s.expires, _s.revoked).order_by(_s.pk)
_PKS = select(institution.c.pk, institution.c.number)


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client as it is stored, for the list that an operator reads."""

    id: str
    name: str
    platform: bool
    default_institution: str | None
    profile: str
    scopes: tuple[str, ...]
    created: int
    revoked: int | None
    institutions: tuple[str, ...]
    issuers: tuple[str, ...]
    oauth: tuple[tuple[str, str, str | None], ...]
    """Issuer, client id there, and the subject of its account where only that is let in."""
    secrets: tuple[SecretRow, ...]
    beheerders: bool
    """Whether it may make somebody beheerder."""
    provider: str | None = None
    """The issuer for whose sign-ins it stands; None for a client that provisions."""


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One secret of a client: everything but the secret."""

    id: str
    created: int
    expires: int | None
    revoked: int | None


def by_secret(conn: Connection, secret_id: str, now: int) -> tuple[bytes, Actor] | None:
    """Give the hash of a live secret and its live client; one statement."""
    row = conn.one(_BY_SECRET, {"secret": secret_id, "now": now})
    return None if row is None else (bytes(row[0]), _actor(row[1:], "token"))


def by_oauth(conn: Connection, issuer: str, names: tuple[str, ...]) -> Actor | None:
    """Give the live client that a token's client or its account acts as; one statement.

    ``names`` are what the token may be registered as (`mo_access.domain.oauth_client.named`): at
    most one of each kind. Where both are, that of the account counts.
    """
    row = conn.one(_BY_OAUTH, {"of_issuer": issuer, **oauth_clients.told(names)})
    return None if row is None else _actor(row, "oauth")


def by_pk(conn: Connection, client_pk: int) -> Actor:
    """Give the client with this key, which the caller has from the database, for its person."""
    row = conn.one(_BY_PK, {"of_client": client_pk})
    if row is None:
        raise LookupError("there is no client with this key")
    return _actor(row, "person")


def trusts_issuer(conn: Connection, issuer: str) -> bool:
    """Tell whether access tokens of this issuer act as some live client."""
    return conn.one(_TRUSTS_ISSUER, {"of_issuer": issuer}) is not None


def _actor(row: Row, credential: str) -> Actor:
    pk, client_id, name, platform, default, profile, scopes, beheerders, institutions = row
    return Actor(
        client_pk=pk,
        client_id=client_id,
        name=name,
        platform=bool(platform),
        institutions=_numbers(institutions),
        default_institution=default,
        profile=profile,
        scopes=frozenset(scopes.split()),
        credential=credential,
        beheerders=bool(beheerders),
    )


def institutions(conn: Connection, client_pk: int) -> frozenset[str]:
    """Give every institution number that the client may act for."""
    return _numbers(conn.all(_INSTITUTIONS, {"of_client": client_pk})[0][0])


def _numbers(joined: str | None) -> frozenset[str]:
    return frozenset((joined or "").split())


_BOUND = (
    select(institution.c.number)
    .join(client_institution, client_institution.c.institution_pk == institution.c.pk)
    .where(client_institution.c.client_pk == bindparam("of_client"))
    .order_by(institution.c.number)
)


def held_institutions(conn: Connection, client_pk: int) -> frozenset[str]:
    """Return the numbers that the client may act for, which stay so until the commit.

    None for a client that is revoked meanwhile.
    """
    held = conn.one(_HOLD, {"of_client": client_pk})
    return frozenset() if held is None else institutions(conn, client_pk)


def bound(conn: Connection, client_pk: int) -> tuple[str, ...]:
    """Give the institutions that the client was bound to, none for a platform client."""
    return tuple(row[0] for row in conn.all(_BOUND, {"of_client": client_pk}))


def add(conn: Connection, values: dict[str, int | str | bytes | None]) -> int:
    """Insert a client and return its key. Raises ``Duplicate`` when the name is taken."""
    return conn.insert(_INSERT_CLIENT, values)


def bind(conn: Connection, client_pk: int, institution_pks: Iterable[int]) -> None:
    """Bind the client to institutions."""
    conn.many(_BIND, [{"client_pk": client_pk, "institution_pk": pk} for pk in institution_pks])


def trust(conn: Connection, client_pk: int, issuers: Iterable[str]) -> None:
    """Let sign-ins of these issuers be matched to the client's links."""
    conn.many(_TRUST, [{"client_pk": client_pk, "issuer": issuer} for issuer in issuers])


def add_secret(conn: Connection, values: dict[str, int | str | bytes | None]) -> None:
    """Store a secret's id and hash."""
    conn.many(_INSERT_SECRET, [values])


def shorten_secrets(conn: Connection, client_pk: int, until: int) -> int:
    """Let every live secret of the client end at ``until`` at the latest."""
    return conn.run(_SHORTEN, {"of_client": client_pk, "until": until})


def revoke_secrets(conn: Connection, client_pk: int, now: int, only: str = "") -> int:
    """Revoke the client's live secrets, or ``only`` this one; returns how many."""
    return conn.run(_REVOKE_SECRETS, {"of_client": client_pk, "at": now, "only": only})


def revoke(conn: Connection, client_pk: int, now: int) -> int:
    """Revoke the client itself; returns 0 when it was already."""
    return conn.run(_REVOKE_CLIENT, {"of_client": client_pk, "at": now})


def find(conn: Connection, wanted: str) -> Row | None:
    """Give (pk, id, name, revoked) of the client with this id or name."""
    return conn.one(_FIND, {"wanted": wanted})


def institution_pks(conn: Connection) -> dict[str, int]:
    """Give the key of every institution by its number."""
    return {number: pk for pk, number in conn.all(_PKS, {})}


def listed(conn: Connection) -> tuple[ClientRow, ...]:
    """Give every client, by name."""
    bound = _by_client(conn.all(_ALL_BOUND, {}))
    issuers = _by_client(conn.all(_ALL_ISSUERS, {}))
    oauth = _by_client(conn.all(_ALL_OAUTH, {}))
    secrets = _by_client(conn.all(_ALL_SECRETS, {}))
    rows = conn.all(_ALL, {})
    return tuple(
        ClientRow(
            *(client_id, name, bool(platform), default, profile, tuple(scopes.split())),
            *(created, revoked),
            institutions=tuple(row[0] for row in bound.get(pk, ())),
            issuers=tuple(row[0] for row in issuers.get(pk, ())),
            oauth=tuple((row[0], *oauth_client.parts(row[1])) for row in oauth.get(pk, ())),
            secrets=tuple(SecretRow(*row) for row in secrets.get(pk, ())),
            beheerders=bool(may),
            provider=provider,
        )
        for (
            pk,
            client_id,
            name,
            platform,
            default,
            profile,
            scopes,
            may,
            created,
            revoked,
            provider,
        ) in rows
    )


def _by_client(rows: list[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[1:])
    return found
