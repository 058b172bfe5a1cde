"""How we say who we are to a provider (RFC 6749 section 2.3.1), alike at each of its endpoints."""

import re
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

from mo_access import provider_rules
from mo_access.client_keys import ClientKey
from mo_access.provider_rules import KEY, TLS
from mo_access.settings_types import Provider
from mo_web.strict_json import JsonObject
from mo_web.tls import USUAL, Tls

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
NONE: Final = "none"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 60
_ALIASED: Final = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
)
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*\Z")


def offered(document: JsonObject, *members: str) -> tuple[str, ...]:
    """Return what the first of these members says that the provider takes; Basic without any."""
    said = next((document[name] for name in members if isinstance(document.get(name), list)), None)
    if not isinstance(said, list):
        return (BASIC,)
    return tuple(item for item in said if isinstance(item, str))


def method(client_id: str, secret: str, taken: Collection[str]) -> str:
    """Return how we authenticate where the provider takes these methods.

    Basic is the default of the standard. Providers disagree on whether a secret with special
    characters is encoded in it, so such a secret goes into the form where that is taken.
    """
    if not secret:
        return NONE
    plain = _UNRESERVED.match(client_id + secret)
    return POST if POST in taken and (BASIC not in taken or not plain) else BASIC


def encoded(client_id: str, secret: str) -> tuple[str, str]:
    """Return both as HTTP Basic carries them: form-encoded first."""
    return quote_plus(client_id), quote_plus(secret)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are at one provider, and how we show it."""

    issuer: str
    client_id: str
    secret: str = field(repr=False, default="")
    way: str | None = None
    """The method that is configured; without one it is a secret as the provider takes it."""
    key: ClientKey | None = None
    tls: Tls = USUAL

    def method(self, taken: Collection[str]) -> str:
        """Return the method of a request where the provider takes these."""
        return self.way or method(self.client_id, self.secret, taken)

    @property
    def confidential(self) -> bool:
        """Whether there is anything to show besides a name."""
        return bool(self.secret) or self.way in {KEY, TLS}

    def shown(self, method: str) -> "Shown":
        """Return what a request carries by a method; an assertion is made anew each time."""
        if method == BASIC:
            return Shown({}, encoded(self.client_id, self.secret))
        form = {"client_id": self.client_id, **self.assertion(method)}
        return Shown({**form, "client_secret": self.secret} if method == POST else form, None)

    def assertion(self, method: str) -> Mapping[str, str]:
        """Return the members of the form that prove more than a name or a secret does."""
        if method != KEY or self.key is None:
            return {}
        assertion = self.key.sign(self._claims(int(time.time())))
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    def _claims(self, now: int) -> dict[str, object]:
        """Return the claims of an assertion: for the issuer alone (rfc7523bis section 4)."""
        return {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(24),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request carries to say who sends it."""

    form: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(repr=False)


def credentials(told: Provider, ca_file: str | None = None) -> Credentials:
    """Return who we are at a configured provider; whom we believe there is one setting for all."""
    return Credentials(
        issuer=told.issuer,
        client_id=told.client_id,
        secret=told.client_secret.get_secret_value(),
        way=told.client_auth,
        key=provider_rules.client_key(told),
        tls=Tls(told.certificate, ca_file),
    )


def with_aliases(document: JsonObject, *, certificate: bool) -> JsonObject:
    """Return the document with the addresses for clients with a certificate (RFC 8705 section 5).

    Those are for what we send ourselves; where a browser goes stays as it is.
    """
    aliases = document.get("mtls_endpoint_aliases")
    if not certificate or not isinstance(aliases, dict):
        return document
    return {**document, **{name: aliases[name] for name in _ALIASED if name in aliases}}
