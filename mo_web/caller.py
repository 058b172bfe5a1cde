"""Who is calling: from the Authorization header to an ``Actor``, or to a person (RFC 6750).

Three kinds of token are known: our own (``mos_…``), a JWT of an issuer that an operator named,
which is verified here, and any other, which is asked about at the providers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from mo_access.domain.model import Actor
from mo_access.service import clients
from mo_access.settings import Provider
from mo_web import access_token, exchange, requestid, subjects, unit
from mo_web.access_token import AccessToken
from mo_web.errors import InsufficientScope, TooMany, TryLater, Unauthenticated
from mo_web.faults import ProviderTrouble, TokenRefused
from mo_web.shared import shared
from mo_web.subjects import OAuthPerson

OWN_PREFIX: Final = "mos_"
# b64token of RFC 6750 section 2.1; a second credential, a comma or a space does not fit.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_REMEDIES: Final = {
    "": ": it is unknown, expired or revoked. Copy it whole, or ask for a new one.",
    "not_active": (
        ": it is none of ours, and no provider knows it, or it has ended. Copy it whole, or get a"
        " new one."
    ),
    "person": ": it speaks of a person. Send the token of the client itself (client credentials).",
    "audience": ": it was made for another service. Ask for one whose aud is this SCIM address.",
    "expired": ": it has ended. Get a new one.",
}
_ANY: Final = ". docs/reasons.md says what the code means and what to do."


def actor(scope: str | None = None) -> Actor:
    """Return the client that this request speaks for, and name it in the unit's audit trail.

    Raises ``Unauthenticated`` (401), ``InsufficientScope`` (403), ``TooMany`` (429), or
    ``TryLater`` (503) when the token's provider cannot be asked.
    """
    now = exchange.current()
    known = now.actor
    if known is None:
        known = now.actor = _found(bearer())
        unit.current().caller = f"client:{known.client_id}"
        _pace(known.client_id)
    if scope is not None and scope not in known.scopes:
        raise InsufficientScope(scope)
    return known


def known() -> Actor | None:
    """Return the client that was found to be calling, without asking who it is."""
    return exchange.current().actor


def bearer() -> str:
    """Return the token of the Authorization header; anything else there is 401."""
    header: str = exchange.current().environ.get("HTTP_AUTHORIZATION", "")
    kind, _, token = header.partition(" ")
    token = token.strip(" ")
    if kind.lower() != "bearer" or not _TOKEN.fullmatch(token):
        raise Unauthenticated(
            "A bearer token is needed. Send the header Authorization: Bearer <token>.",
            offered=False,
        )
    return token


def person() -> tuple[Provider, OAuthPerson] | None:
    """Return whose token this is, and the provider that says so; None when it is a client's.

    For the one place that a person's token opens, the person's own record. Only a provider that
    people sign in with is believed, and only about a token that was made for us. Raises as
    ``actor`` does.
    """
    token = bearer()
    if token.startswith(OWN_PREFIX):
        return None
    _refuse_guessers()
    with _told_apart():
        presented = _provider_token(token)
        found = None if _is_machine(presented) else _person(presented)
    if found is not None:
        _pace(f"{found[1].issuer} {found[1].subject}")
    return found


def _found(token: str) -> Actor:
    _refuse_guessers()
    own = token.startswith(OWN_PREFIX)
    found = clients.by_token(unit.current(), token) if own else _by_provider(token)
    if found is None:
        raise _refused()
    return found


def _by_provider(token: str) -> Actor | None:
    with _told_apart():
        client = subjects.machine(_provider_token(token))
    found = clients.by_oauth(unit.current(), client.issuer, client.names)
    if found is None and client.account:
        raise _refused("person")
    return found


def _provider_token(token: str) -> AccessToken:
    """Return what the issuer of a token says of it.

    A JWT of an issuer that we know is verified here and, when refused, never tried another way.
    """
    known = shared().access_tokens.known(token)
    if known is not None:
        return known
    issuer = access_token.issuer_of(token)
    if issuer is not None and _is_trusted(issuer):
        return shared().access_tokens.verify(token, issuer)
    return shared().introspector.token(token)


def _is_trusted(issuer: str) -> bool:
    """Tell whether an operator named this issuer; nothing is held open while it is asked."""
    if any(issuer == provider.issuer for provider in shared().settings.providers):
        return True
    with unit.apart() as uow:
        return clients.trusts_issuer(uow, issuer)


def _is_machine(presented: AccessToken) -> bool:
    try:
        return not subjects.machine(presented).account
    except TokenRefused:
        return False


def _person(presented: AccessToken) -> tuple[Provider, OAuthPerson]:
    settings = shared().settings
    provider = next((p for p in settings.providers if p.issuer == presented.issuer), None)
    if provider is None:
        raise TokenRefused("person")
    subjects.check_recipient(presented, provider.client_id, settings.audiences)
    return provider, subjects.person(presented)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn a refused token into 401, and a provider in trouble into 503."""
    try:
        yield
    except TokenRefused as refusal:
        structlog.get_logger("mo_web").info(
            "access_token_refused", code=refusal.code, request_id=requestid.current()
        )
        raise _refused(refusal.code) from None
    except ProviderTrouble as trouble:
        structlog.get_logger("mo_web").warning("access_token_unverified", code=trouble.code)
        raise TryLater("The issuer of the token cannot be asked; try again.") from None


def _refused(code: str = "") -> Unauthenticated:
    """Count a failure of this address and return its 401, with the code of docs/reasons.md."""
    shared().limits.failures.take(_address())
    why = f" ({code})" if code else ""
    return Unauthenticated(f"The token is not valid{why}{_REMEDIES.get(code, _ANY)}", offered=True)


def _refuse_guessers() -> None:
    if seconds := shared().limits.failures.wait(_address()):
        raise TooMany(seconds)


def _pace(who: str) -> None:
    if seconds := shared().limits.clients.take(who):
        raise TooMany(seconds)


def _address() -> str:
    return exchange.current().remote_addr or "unknown"
