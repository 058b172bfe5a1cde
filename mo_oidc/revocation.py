"""Giving a refresh token back to its provider (RFC 7009): one request, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mo_access.domain.keys import SealBroken
from mo_access.service import revoking
from mo_access.service.held_tokens import HeldToken, NotGiven
from mo_access.service.unit_of_work import UnitOfWork
from mo_oidc import dpop
from mo_oidc.provider import Provider
from mo_oidc.providers import Providers
from mo_web import fetch
from mo_web.faults import UNAVAILABLE, ProviderTrouble, trouble
from mo_web.fetch import FetchError

OK: Final = "ok"
_LAST, _OFF = "last", "off"
_ANSWERED, _SERVER_ERRORS, _TOO_MANY = range(200, 300), 500, 429


class Revoker:
    """Gives tokens back, each to the provider that its session came from and to no other."""

    def __init__(self, providers: Providers, units: Callable[[], UnitOfWork], idle: int) -> None:
        """Remember whom to ask; ``units`` makes what reads, ``idle`` is in microseconds."""
        self._providers = providers
        self._units = units
        self._idle = idle

    def give_back(self, token: HeldToken) -> str:
        """Return ``ok``, or the code of why a token does not go back.

        `ProviderTrouble` when that may be tried again, `DatabaseDown` likewise.
        """
        provider = self._provider(token)
        if provider is None:
            return "provider_unknown"
        if provider.config.revocation == _OFF:
            return NotGiven.SWITCHED_OFF
        endpoint = provider.metadata().revocation_endpoint
        if endpoint is None:
            return NotGiven.NO_ENDPOINT
        with self._units() as uow:
            if provider.config.revocation == _LAST and revoking.is_shared(uow, token, self._idle):
                return NotGiven.SESSION_GOES_ON
            try:
                refresh_token, _ = dpop.opened(revoking.opened(uow, token))
            except SealBroken:
                return "seal_broken"
        return revoke(provider, endpoint, refresh_token)

    def _provider(self, token: HeldToken) -> Provider | None:
        """Return the session's provider; a name that means another issuer by now gets nothing."""
        asked = (token.provider, token.issuer)
        known = self._providers.all
        return next((p for p in known if (p.config.name, p.config.issuer) == asked), None)


def revoke(provider: Provider, endpoint: str, refresh_token: str) -> str:
    """Send the request (§2.1), as who we are at the token endpoint; return ``ok`` or a code.

    `ProviderTrouble` when the provider is down: the token must be taken to live on (§2.2.1).
    """
    credentials = provider.config.credentials
    shown = credentials.shown(credentials.method(provider.metadata().revocation_auth_methods))
    form = {"token": refresh_token, "token_type_hint": "refresh_token", **shown.form}
    headers = {"Accept": "application/json", **fetch.basic(shown.basic)}
    try:
        status = fetch.send("POST", endpoint, headers, form, credentials.tls).status_code
    except FetchError as error:
        raise trouble("revocation", error) from None
    if status >= _SERVER_ERRORS or status == _TOO_MANY:
        raise ProviderTrouble("revocation_status", UNAVAILABLE)
    # A token that it does not know, or no more, is 200 as well (§2.2).
    return OK if status in _ANSWERED else NotGiven.REFUSED
