"""Tokens that are bound to a key of ours (RFC 9449): the key, its proofs, the provider's nonces.

Each sign-in has a key of its own. It goes where its refresh token goes, sealed with it, so that a
session is renewed with the key that it began with.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from mo_access.client_keys import signed

ALGORITHM: Final = "ES256"
HEADER: Final = "DPoP"
NONCE_HEADER: Final = "DPoP-Nonce"
NONCE_ASKED: Final = "use_dpop_nonce"
# A refresh token consists of printable ASCII (RFC 6749 appendix A.17), so none begins like this.
_KEPT: Final = "\x01dpop "
# RFC 9449 §8.1: what a nonce consists of; the length is ours.
_NONCE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,512}\Z")


@dataclass(frozen=True, slots=True)
class DpopKey:
    """The key of one sign-in and of the session that comes of it."""

    key: ECKey = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """Return a new key."""
        return cls(ECKey.generate_key("P-256"))

    def proof(
        self, method: str, url: str, nonce: str | None = None, access_token: str | None = None
    ) -> str:
        """Return the proof for one request (§4.2); with the access token that goes along (§7)."""
        header = {"typ": "dpop+jwt", "alg": ALGORITHM, "jwk": self.key.as_dict(private=False)}
        parts = urlsplit(url)
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(24),
            "htm": method,
            "htu": parts._replace(query="", fragment="").geturl(),
            "iat": int(time.time()),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if access_token is not None:
            claims["ath"] = _hash(access_token)
        return signed(header, claims, self.key)


def _hash(access_token: str) -> str:
    digest = hashlib.sha256(access_token.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def kept(refresh_token: str, key: DpopKey | None) -> str:
    """Return what is to be sealed: the refresh token and, where there is one, its key."""
    if key is None:
        return refresh_token
    return _KEPT + json.dumps([refresh_token, key.key.as_dict(private=True)])


def opened(value: str) -> tuple[str, DpopKey | None]:
    """Return the refresh token and the key that `kept` put together."""
    if not value.startswith(_KEPT):
        return value, None
    try:
        refresh_token, members = json.loads(value.removeprefix(_KEPT))
        return str(refresh_token), DpopKey(ECKey.import_key(members))
    except (JoseError, ValueError, TypeError, KeyError):
        return value, None


class Nonces:
    """The nonce that each endpoint of a provider gave last (§8.2); they end when it says so."""

    def __init__(self) -> None:
        """Know none yet."""
        self._last: dict[str, str] = {}

    def get(self, url: str) -> str | None:
        """Return the nonce for the next request there."""
        return self._last.get(url)

    def note(self, url: str, headers: Mapping[str, str]) -> bool:
        """Keep the nonce of an answer; tell whether there was one that may be used."""
        nonce = headers.get(NONCE_HEADER, "")
        if not _NONCE.match(nonce):
            return False
        self._last[url] = nonce
        return True


def asks_for_nonce(challenge: str) -> bool:
    """Tell whether a ``WWW-Authenticate`` asks for a nonce (§9); the scheme's case is free."""
    return bool(re.match(r"dpop\b", challenge, re.IGNORECASE)) and NONCE_ASKED in challenge
