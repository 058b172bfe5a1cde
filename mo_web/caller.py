"""Who is calling: from the Authorization header to an ``Actor`` (RFC 6750).

Two kinds of token are known: our own (``mos_…``) and a provider's access token, which is asked
about at the provider. JWT access tokens go that way too; checking them here, by signature, has
its place in ``_provider_client``.
"""

from __future__ import annotations

import re
from typing import Final

from flask import g, request

from mo_access.domain.model import Actor
from mo_access.service import clients
from mo_web import unit
from mo_web.errors import InsufficientScope, TooMany, Unauthenticated
from mo_web.introspection import OAuthClient
from mo_web.shared import shared

OWN_PREFIX: Final = "mos_"
# b64token of RFC 6750 section 2.1; a second credential, a comma or a space does not fit.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def actor(scope: str | None = None) -> Actor:
    """Return the client that this request speaks for, and name it in the unit's audit trail.

    Raises ``Unauthenticated`` (401), ``InsufficientScope`` (403), ``TooMany`` (429), or
    ``TryLater`` (503) when the token's provider cannot be asked.
    """
    if "actor" not in g:
        g.actor = _found(bearer())
        unit.current().caller = f"client:{g.actor.client_id}"
        _pace(g.actor)
    known: Actor = g.actor
    if scope is not None and scope not in known.scopes:
        raise InsufficientScope(scope)
    return known


def bearer() -> str:
    """Return the token of the Authorization header; anything else there is 401."""
    header = request.headers.get("Authorization", "")
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not _TOKEN.fullmatch(token.strip(" ")):
        raise Unauthenticated("A bearer token is needed.", offered=False)
    return token.strip(" ")


def _found(token: str) -> Actor:
    _refuse_guessers()
    own = token.startswith(OWN_PREFIX)
    found = clients.by_token(unit.current(), token) if own else _by_provider(token)
    if found is None:
        shared().limits.failures.take(_address())
        raise Unauthenticated("The token is not valid.", offered=True)
    return found


def _by_provider(token: str) -> Actor | None:
    client = _provider_client(token)
    if client is None:
        return None
    return clients.by_oauth(unit.current(), client.issuer, client.client_id)


def _provider_client(token: str) -> OAuthClient | None:
    return shared().introspector.client_of(token)


def _refuse_guessers() -> None:
    if seconds := shared().limits.failures.wait(_address()):
        raise TooMany(seconds)


def _pace(known: Actor) -> None:
    if seconds := shared().limits.clients.take(known.client_id):
        raise TooMany(seconds)


def _address() -> str:
    return request.remote_addr or "unknown"
