"""Opaque access tokens, asked about at the provider that issued them (RFC 7662).

What comes back names the client that the token was issued to. **A token whose subject is a person
never provisions**: some providers show the same ``client_id`` for a client's own token and for
the token of everybody who signs in through it, so only a token without a person is accepted, and
everything unexpected is a no. Answers are kept for ``introspection_seconds`` (30 at most, the one
stated exception to rule 7), by the SHA-256 of the token, never the token.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from mo_access.settings import Provider
from mo_web.errors import TryLater
from mo_web.fetch import FetchError, FetchFault, get_json, is_fetchable, is_loopback_http, post_form

T = TypeVar("T")

MAX_CACHED: Final = 4_096
METADATA_SECONDS: Final = 600.0
MAX_TOKEN: Final = 8_192
# For all questions about one token together. The broker waits meanwhile: its HTTP client gives up
# after 5 s (Canaille's does), and would then tell its administrator nothing of our 503.
BUDGET_SECONDS: Final = 3.0
WELL_KNOWN: Final = "/.well-known/openid-configuration"

# Members that providers use for the person behind a token; a client's own token has none of them.
_PERSON_MEMBERS: Final = ("username", "preferred_username", "email", "name", "given_name", "sid")


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The client that a token was issued to, as its provider knows it."""

    issuer: str
    client_id: str


class Introspector:
    """Asks the configured providers about tokens; one for each application."""

    def __init__(
        self,
        providers: Iterable[Provider],
        seconds: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Keep the providers that may be asked with our credentials."""
        self._providers = tuple(
            p for p in providers if p.introspection and p.client_secret.get_secret_value()
        )
        self._now = now
        self._answers: _Expiring[OAuthClient | None] = _Expiring(MAX_CACHED, now)
        self._endpoints: _Expiring[str] = _Expiring(len(self._providers) or 1, now)
        self._seconds = seconds

    def client_of(self, token: str) -> OAuthClient | None:
        """Return the client that ``token`` was issued to, or None: unknown, ended, or a person's.

        Raises ``TryLater`` when nobody knows it and a provider could not be asked.
        """
        if len(token) > MAX_TOKEN:
            return None
        key = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found, answer = self._answers.get(key)
        return answer if found else self._ask_all(token, key)

    def _ask_all(self, token: str, key: bytes) -> OAuthClient | None:
        down, deadline = False, time.monotonic() + BUDGET_SECONDS
        for provider in self._providers:
            try:
                told = self._ask(provider, token, deadline)
            except FetchError as error:
                down = True
                _log_trouble(provider, error)
                continue
            client = client_in(told, provider.issuer, self._now())
            if client is not None:
                self._answers.put(key, client, self._until(told))
                return client
        if down:
            raise TryLater("The provider that issued the token cannot be asked; try again.")
        self._answers.put(key, None, self._now() + self._seconds)
        return None

    def _until(self, told: Mapping[str, object]) -> float:
        end = told.get("exp")
        limit = self._now() + self._seconds
        return min(limit, float(end)) if isinstance(end, int | float) else limit

    def _ask(self, provider: Provider, token: str, deadline: float) -> Mapping[str, object]:
        credentials = (provider.client_id, provider.client_secret.get_secret_value())
        form = {"token": token, "token_type_hint": "access_token"}
        endpoint = self._endpoint(provider, deadline)
        return post_form(endpoint, form, credentials, deadline - time.monotonic())

    def _endpoint(self, provider: Provider, deadline: float) -> str:
        """Return the provider's address for questions, from its own metadata (RFC 8414)."""
        key = provider.issuer.encode()
        found, kept = self._endpoints.get(key)
        if found and kept:
            return kept
        metadata = provider.issuer.removesuffix("/") + WELL_KNOWN
        told = get_json(metadata, seconds=deadline - time.monotonic())
        endpoint = endpoint_in(told, provider.issuer)
        self._endpoints.put(key, endpoint, self._now() + METADATA_SECONDS)
        return endpoint


def endpoint_in(metadata: Mapping[str, object], issuer: str) -> str:
    """Return the introspection endpoint that the metadata of exactly this issuer names.

    Raises ``FetchError`` when it is another issuer's, or names no usable address.
    """
    endpoint = metadata.get("introspection_endpoint")
    if metadata.get("issuer") != issuer or not isinstance(endpoint, str):
        raise FetchError(FetchFault.NOT_JSON)
    if not is_fetchable(endpoint) or (is_loopback_http(endpoint) and not is_loopback_http(issuer)):
        raise FetchError(FetchFault.FORBIDDEN_URL)
    return endpoint


def client_in(told: Mapping[str, object], issuer: str, now: float) -> OAuthClient | None:
    """Return the client that an introspection answer vouches for, or None (RFC 7662 section 2.2).

    Accepted is only: active, of this issuer where it says one, not ended, a bearer token where it
    says its kind (some say null), with a client, and without any person.
    """
    client_id = told.get("client_id")
    if told.get("active") is not True or not isinstance(client_id, str):
        return None
    if not client_id or not client_id.isprintable():
        return None
    if told.get("iss", issuer) != issuer or not _is_current(told, now):
        return None
    if not _is_access_token(told) or _has_person(told, client_id):
        return None
    return OAuthClient(issuer, client_id)


def _is_current(told: Mapping[str, object], now: float) -> bool:
    end, start = told.get("exp", math.inf), told.get("nbf", -math.inf)
    return _is_number(end) and _is_number(start) and start <= now < end  # type: ignore[operator]  # both were just checked


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_access_token(told: Mapping[str, object]) -> bool:
    """Refuse what says that it is something else, such as a refresh token."""
    kind, use = told.get("token_type") or "bearer", told.get("token_use") or "access"
    return str(kind).lower() == "bearer" and str(use).lower() in {"access", "access_token"}


def _has_person(told: Mapping[str, object], client_id: str) -> bool:
    """Tell whether anything in the answer speaks of a person; empty values speak of nobody.

    A subject that equals the client id is the client itself (RFC 9068 section 2.2), unless a
    name stands beside it: a person may have chosen that very user name.
    """
    subject = told.get("sub")
    if subject not in (None, "", client_id):
        return True
    if subject and any(name in told for name in _PERSON_MEMBERS):
        return True
    return any(told.get(name) not in (None, "") for name in _PERSON_MEMBERS)


def _log_trouble(provider: Provider, error: FetchError) -> None:
    structlog.get_logger("mo_web").warning(
        "introspection_failed", provider=provider.name, fault=str(error.fault), status=error.status
    )


class _Expiring(Generic[T]):
    """A bounded map whose values end; what was asked for longest ago goes first."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._size = size
        self._now = now
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, tuple[T, float]] = OrderedDict()

    def get(self, key: bytes) -> tuple[bool, T | None]:
        """Return whether there is a value that has not ended, and the value."""
        with self._lock:
            held = self._held.get(key)
            if held is None or held[1] <= self._now():
                self._held.pop(key, None)
                return False, None
            self._held.move_to_end(key)
            return True, held[0]

    def put(self, key: bytes, value: T, until: float) -> None:
        """Keep the value until that time."""
        with self._lock:
            self._held[key] = (value, until)
            self._held.move_to_end(key)
            while len(self._held) > self._size:
                self._held.popitem(last=False)
