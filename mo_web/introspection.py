"""Opaque access tokens, asked about at the provider that issued them (RFC 7662).

What comes back is held to the same rules as a JWT (`mo_web.subjects`): **a token whose subject is
a person never provisions**, and everything unexpected is a no. Answers are kept for
``introspection_seconds`` (30 at most, the one stated exception to rule 7), by the SHA-256 of the
token, never the token.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from mo_access.settings import Provider
from mo_web import client_auth
from mo_web.access_token import MAX_TOKEN, AccessToken
from mo_web.discovery import address, check_issuer, discovery_url
from mo_web.errors import TryLater
from mo_web.expiring import Expiring
from mo_web.faults import ProviderTrouble, TokenRefused
from mo_web.fetch import FetchError, get_json, post_form
from mo_web.tls import Tls
from mo_web.turnstile import Turnstile

MAX_CACHED: Final = 4_096
METADATA_SECONDS: Final = 600.0
# For all questions about one token together. The broker waits meanwhile: its HTTP client gives up
# after 5 s (Canaille's does), and would then tell its administrator nothing of our 503.
BUDGET_SECONDS: Final = 3.0
# Where a provider says how clients authenticate here; many say it for the token endpoint only.
_METHODS: Final = (
    "introspection_endpoint_auth_methods_supported",
    "token_endpoint_auth_methods_supported",
)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a provider takes questions, and how clients may say there who they are."""

    address: str
    methods: tuple[str, ...]


class Introspector:
    """Asks the configured providers about tokens; one for each application."""

    def __init__(
        self,
        providers: Iterable[Provider],
        seconds: int,
        now: Callable[[], float] = time.time,
        turns: Turnstile | None = None,
        ca_file: str | None = None,
    ) -> None:
        """Keep the providers that may be asked with our credentials."""
        asked = [(p, client_auth.credentials(p, ca_file)) for p in providers if p.introspection]
        self._tls = Tls(authorities=ca_file)
        self._credentials = {p.name: shown for p, shown in asked if shown.confidential}
        self._providers = tuple(p for p, shown in asked if shown.confidential)
        self._now, self._turns = now, turns or Turnstile()
        self._answers: Expiring[AccessToken | None] = Expiring(MAX_CACHED, now)
        self._endpoints: Expiring[_Endpoint] = Expiring(len(self._providers) or 1, now)
        self._seconds = seconds

    def token(self, token: str) -> AccessToken:
        """Return what the provider of a token that holds now says of it.

        Raises ``TokenRefused`` when none knows it, and ``TryLater`` when none of those that
        answer knows it and another could not be asked.
        """
        if len(token) > MAX_TOKEN:
            raise TokenRefused("token_form")
        key = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found, answer = self._answers.get(key)
        answer = answer if found else self._ask_all(token, key)
        if answer is None:
            raise TokenRefused("not_active")
        return answer

    def _ask_all(self, token: str, key: bytes) -> AccessToken | None:
        down, deadline = False, time.monotonic() + BUDGET_SECONDS
        for provider in self._providers:
            try:
                with self._turns.passed(provider.name):
                    told = self._ask(provider, token, deadline)
                answer = token_in(told, provider.issuer, self._now())
            except TokenRefused:
                continue
            except (FetchError, ProviderTrouble) as error:
                down = True
                _log_trouble(provider, error)
                continue
            self._answers.put(key, answer, self._until(told))
            return answer
        if down:
            raise TryLater("The provider that issued the token cannot be asked; try again.")
        self._answers.put(key, None, self._now() + self._seconds)
        return None

    def _until(self, told: Mapping[str, object]) -> float:
        end = told.get("exp")
        limit = self._now() + self._seconds
        return min(limit, float(end)) if isinstance(end, int | float) else limit

    def _ask(self, provider: Provider, token: str, deadline: float) -> Mapping[str, object]:
        endpoint = self._endpoint(provider, deadline)
        credentials = self._credentials[provider.name]
        shown = credentials.shown(credentials.method(endpoint.methods))
        form = {"token": token, "token_type_hint": "access_token", **shown.form}
        left = deadline - time.monotonic()
        return post_form(endpoint.address, form, shown.basic, left, credentials.tls)

    def _endpoint(self, provider: Provider, deadline: float) -> _Endpoint:
        """Return where the provider takes questions, from its own metadata (RFC 8414)."""
        key = provider.issuer.encode()
        found, kept = self._endpoints.get(key)
        if found and kept:
            return kept
        left = deadline - time.monotonic()
        document = get_json(discovery_url(provider.issuer), seconds=left, tls=self._tls)
        check_issuer(document, provider.issuer)
        document = client_auth.with_aliases(document, certificate=provider.certificate is not None)
        where = address(document, "introspection_endpoint", provider.issuer)
        endpoint = _Endpoint(where, client_auth.offered(document, *_METHODS))
        self._endpoints.put(key, endpoint, self._now() + METADATA_SECONDS)
        return endpoint


def token_in(told: Mapping[str, object], issuer: str, now: float) -> AccessToken:
    """Return the token that an introspection answer vouches for (RFC 7662 section 2.2).

    ``TokenRefused`` unless it is active, of this issuer where it says one, not ended, and an
    access token where it says its kind (some say null).
    """
    if told.get("active") is not True or told.get("iss", issuer) != issuer:
        raise TokenRefused("not_active")
    if not _is_current(told, now):
        raise TokenRefused("expired")
    if not _is_access_token(told):
        raise TokenRefused("token_kind")
    return AccessToken(issuer, _said(told))


def _said(told: Mapping[str, object]) -> Mapping[str, object]:
    """Leave out members without a value, as some send for a client: they speak of nobody.

    Beside a subject even an empty name counts: it is that of somebody.
    """
    if told.get("sub") not in (None, ""):
        return told
    return {name: value for name, value in told.items() if value not in (None, "")}


def _is_current(told: Mapping[str, object], now: float) -> bool:
    end, start = told.get("exp", math.inf), told.get("nbf", -math.inf)
    return _is_number(end) and _is_number(start) and start <= now < end  # type: ignore[operator]  # both were just checked


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_access_token(told: Mapping[str, object]) -> bool:
    """Refuse what says that it is something else, such as a refresh token."""
    kind, use = told.get("token_type") or "bearer", told.get("token_use") or "access"
    return str(kind).lower() == "bearer" and str(use).lower() in {"access", "access_token"}


def _log_trouble(provider: Provider, error: FetchError | ProviderTrouble) -> None:
    fault = str(error.fault) if isinstance(error, FetchError) else error.code
    structlog.get_logger("mo_web").warning(
        "introspection_failed", provider=provider.name, fault=fault, status=error.status
    )
