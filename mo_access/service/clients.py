"""Clients: who they are by their credential, and what an operator does with them (trust.md, P1)."""

from __future__ import annotations

import hmac
import re
import uuid
from dataclasses import dataclass
from typing import Final

from mo_access.domain.api_token import new_token, read_token
from mo_access.domain.errors import Conflict, Invalid, NotFound
from mo_access.domain.model import Actor, Document, Event
from mo_access.domain.numbers import institution_number
from mo_access.domain.spelled import may_hold_number
from mo_access.domain.text import without_numbers
from mo_access.service import oauth_clients
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients as stored
from mo_access.storage.clients import ClientRow
from mo_access.storage.engine import Duplicate

SCOPES: Final = ("scim:read", "scim:write", "insz:read", "access:evaluate")
DEFAULT_SCOPES: Final = ("scim:read", "scim:write")
_PROFILE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}(,[+-][a-z_]{1,31}){0,40}")
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class NewClient:
    """What an operator says about a client; ``expires`` is seconds from now, or None."""

    name: str
    institutions: tuple[str, ...] = ()
    platform: bool = False
    default_institution: str | None = None
    issuers: tuple[str, ...] = ()
    oauth: oauth_clients.Pairs = ()
    profile: str = "lenient"
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    expires: int | None = None
    beheerders: bool = True
    """Whether it may make somebody beheerder; else that role counts as gebruiker."""


def by_token(uow: UnitOfWork, token: str) -> Actor | None:
    """Say which client presents this API token; None unless it is known, live and unexpired."""
    presented = read_token(token)
    if presented is None:
        return None
    known = stored.by_secret(uow.conn, presented.id, uow.now)
    if known is None or not hmac.compare_digest(known[0], presented.hash):
        return None
    return known[1]


def by_oauth(uow: UnitOfWork, issuer: str, names: tuple[str, ...]) -> Actor | None:
    """Say which client an OAuth client of this issuer acts as; None when none of the names does.

    The caller has made sure that the access token is that of ``names``: the id of the client only
    where nothing in the token speaks of anybody, its account where the token's subject is that.
    """
    return stored.by_oauth(uow.conn, issuer, names)


def trusts_issuer(uow: UnitOfWork, issuer: str) -> bool:
    """Tell whether access tokens of this issuer act as some live client: it may then be asked."""
    return stored.trusts_issuer(uow.conn, issuer)


def create(uow: UnitOfWork, new: NewClient) -> tuple[str, str]:
    """Make a client and its first token; returns its id and the token, shown only now.

    Raises ``Invalid`` for an unknown institution or scope and for an OAuth client that is a
    person, ``Conflict`` when the name or the OAuth client is taken; then nothing was stored.
    """
    checked = _checked(new)
    conn = uow.write()
    known = stored.institution_pks(conn)
    told = (*checked.institutions, *filter(None, [checked.default_institution]))
    check_known(told, known)
    client_id = str(uuid.uuid4())
    client_pk = _add(uow, client_id, checked)
    stored.bind(conn, client_pk, (known[number] for number in checked.institutions))
    stored.trust(conn, client_pk, checked.issuers)
    oauth_clients.add(uow, client_pk, checked.oauth)
    check_default(uow, client_pk, checked.default_institution, platform=checked.platform)
    return client_id, _issue(uow, client_pk, (client_id, checked.name), checked, "client.create")


def rotate(
    uow: UnitOfWork, client: str, *, overlap: int | None = None, expires: int | None = None
) -> tuple[str, str]:
    """Give the client a further token; returns its id and the token.

    The old ones stay, or end ``overlap`` seconds from now. Raises ``Invalid`` when revoked.
    """
    pk, client_id, name, revoked = found(uow, client)
    if revoked is not None:
        raise Invalid(f"client {name!r} is revoked; make a new one")
    if overlap is not None:
        stored.shorten_secrets(uow.write(), pk, uow.now + overlap * _MICRO)
    at = stored.bound(uow.conn, pk)
    fresh = NewClient(name, at, platform=not at, expires=expires)
    return client_id, _issue(uow, pk, (client_id, name), fresh, "client.rotate")


def revoke(uow: UnitOfWork, client: str, *, secret: str = "") -> int:
    """Revoke the client with all its tokens, or one ``secret`` by id; bites on the next request.

    Returns how many tokens ended. Raises ``NotFound`` for an unknown client or secret.
    """
    pk, client_id, name, _ = found(uow, client)
    ended = stored.revoke_secrets(uow.write(), pk, uow.now, secret)
    if secret and not ended:
        raise NotFound(f"client {name!r} has no live token {secret!r}")
    if not secret:
        stored.revoke(uow.write(), pk, uow.now)
    facts: Document = {"client": client_id, "name": name, "token": secret or "all"}
    at = stored.bound(uow.conn, pk)
    uow.record(Event("client.revoke", "ok", institutions=at, facts=facts))
    return ended


def listed(uow: UnitOfWork) -> tuple[ClientRow, ...]:
    """Give every client with its bindings and the ids of its tokens, by name."""
    return stored.listed(uow.conn)


def found(uow: UnitOfWork, client: str) -> tuple[int, str, str, int | None]:
    """Give (key, id, name, when revoked) of the client with this id or name, or ``NotFound``."""
    row = stored.find(uow.conn, client)
    if row is None:
        raise NotFound(f"no client with id or name {without_numbers(client)!r}")
    return row[0], row[1], row[2], row[3]


def acting(uow: UnitOfWork, client: str) -> Actor:
    """Give what the live client with this id or name acts as, or ``NotFound``."""
    pk, _, name, revoked = found(uow, client)
    if revoked is not None:
        raise NotFound(f"the client {name!r} is revoked")
    return stored.by_pk(uow.conn, pk)


def check_words(name: str, scopes: tuple[str, ...], profile: str) -> None:
    """Raise ``Invalid`` for a name, scopes or a profile that no client can have."""
    if not name.strip():
        raise Invalid("a client needs a name")
    if may_hold_number(name):
        raise Invalid("the name holds a number of the national register: it is kept in the audit")
    if unknown := set(scopes) - set(SCOPES):
        raise Invalid(f"unknown scope {', '.join(sorted(unknown))}; known: {' '.join(SCOPES)}")
    if not _PROFILE.fullmatch(profile):
        raise Invalid(f"{profile!r} is no name of a profile")


def check_known(numbers: tuple[str, ...], known: dict[str, int]) -> None:
    """Raise ``Invalid`` for an institution that was never imported."""
    if missing := [number for number in numbers if number not in known]:
        raise Invalid(f"unknown institution {', '.join(missing)}; import it first")


def check_default(uow: UnitOfWork, client_pk: int, default: str | None, *, platform: bool) -> None:
    """Raise ``Invalid`` for a default institution that the client may not act for."""
    if default is None or platform:
        return
    if default not in stored.institutions(uow.conn, client_pk):
        raise Invalid(f"default institution {default} is not the client's own")


def _checked(new: NewClient) -> NewClient:
    check_words(new.name, new.scopes, new.profile)
    if new.platform == bool(new.institutions):
        raise Invalid("a client is bound to institutions or is a platform client: say one of both")
    default = new.default_institution
    return NewClient(
        name=new.name.strip(),
        institutions=tuple(dict.fromkeys(map(institution_number, new.institutions))),
        platform=new.platform,
        default_institution=institution_number(default) if default else None,
        issuers=tuple(dict.fromkeys(new.issuers)),
        oauth=tuple(dict.fromkeys(new.oauth)),
        profile=new.profile,
        scopes=tuple(dict.fromkeys(new.scopes)) or DEFAULT_SCOPES,
        expires=new.expires,
        beheerders=new.beheerders,
    )


def _add(uow: UnitOfWork, client_id: str, new: NewClient) -> int:
    try:
        return stored.add(
            uow.write(),
            {
                "id": client_id,
                "name": new.name,
                "platform": int(new.platform),
                "default_institution": new.default_institution,
                "profile": new.profile,
                "scopes": " ".join(new.scopes),
                "created": uow.now,
                "beheerders": int(new.beheerders),
            },
        )
    except Duplicate:
        raise Conflict(f"there is a client named {new.name!r} already") from None


def _issue(
    uow: UnitOfWork, client_pk: int, named: tuple[str, str], new: NewClient, kind: str
) -> str:
    token, text = new_token()
    ends = None if new.expires is None else uow.now + new.expires * _MICRO
    stored.add_secret(
        uow.write(),
        {
            "id": token.id,
            "client_pk": client_pk,
            "hash": token.hash,
            "created": uow.now,
            "expires": ends,
        },
    )
    facts: Document = {"client": named[0], "name": named[1], "token": token.id}
    facts["platform"] = new.platform
    facts |= {} if new.beheerders else {"beheerders": False}
    facts |= {"oauth": oauth_clients.facts(new.oauth)} if new.oauth else {}
    uow.record(Event(kind, "ok", institutions=new.institutions, facts=facts))
    return text
