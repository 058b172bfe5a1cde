"""The key with which this service says to a provider who it is (RFC 7523, `private_key_jwt`).

A file may hold more keys than the one that signs: those are published only, so that a provider has
read the next one before it is used.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, RSAKey, import_key

SHORTEST_RSA: Final = 2048
# What the key of each type may sign with; the first is taken where none is chosen.
_BY_TYPE: Final = {"RSA": ("PS256", "RS256"), "EC": ("ES256",)}
_PRIVATE: Final = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


class ClientKeyError(ValueError):
    """The key cannot be used; the message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key and the algorithm that it signs with."""

    key: Key = field(repr=False)
    algorithm: str
    others: tuple[ClientKey, ...] = ()
    """Keys that are published beside it and sign nothing: the next one, or the last one."""

    @property
    def kid(self) -> str:
        """Its name: the thumbprint (RFC 7638), so that a new key has a new name."""
        return self.key.thumbprint()

    def public(self) -> dict[str, object]:
        """Return the public JWK (RFC 7517), for the provider to verify with."""
        members = self.key.as_dict(private=False)
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: Mapping[str, object], typ: str = "JWT") -> str:
        """Return the claims as a signed JWT that names this key."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": typ}
        return signed(header, claims, self.key)


def signed(header: Mapping[str, object], claims: Mapping[str, object], key: Key) -> str:
    """Return a compact JWS (RFC 7515 §7.1) by the algorithm that the header names."""
    registry = jws.JWSRegistry(algorithms=[str(header["alg"])], strict_check_header=False)
    body = json.dumps(claims, separators=(",", ":"))
    return jws.serialize_compact(dict(header), body, key, registry=registry)


def read_client_key(path: str, algorithm: str | None = None) -> ClientKey:
    """Read the private keys of a file; the first signs, the others are published beside it.

    They stand there as PEM, one after the other, as a JWK or as a JWK Set (RFC 7517 §5).
    `algorithm` is what the first signs with. Raises ``ClientKeyError`` with the reason.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as fault:
        raise ClientKeyError(f"the file cannot be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise ClientKeyError("the file is neither PEM nor a JWK") from None
    first, *others = map(_imported, _parts(text.strip()))
    fitting = _BY_TYPE[first.key_type]
    chosen = algorithm or fitting[0]
    if chosen not in fitting:
        raise ClientKeyError(f"the key cannot sign with {chosen}, only {' or '.join(fitting)}")
    return ClientKey(first, chosen, tuple(_other(key, algorithm) for key in others))


def _other(key: Key, algorithm: str | None) -> ClientKey:
    """Return a key that is published only: by the algorithm that it would sign with."""
    fitting = _BY_TYPE[key.key_type]
    return ClientKey(key, algorithm if algorithm in fitting else fitting[0])


def _parts(text: str) -> list[str]:
    """Return the text of each key; one that is no list of keys stays as it is."""
    if not text.startswith("{"):
        blocks = [found.group() for found in _PRIVATE.finditer(text)]
        return blocks if len(blocks) > 1 else [text]
    try:
        keys = json.loads(text).get("keys")
    except (ValueError, RecursionError):
        keys = None
    return [json.dumps(key) for key in keys] if isinstance(keys, list) and keys else [text]


def _imported(text: str) -> Key:
    key = _parsed(text)
    if isinstance(key, ECKey) and key.curve_name != "P-256":
        raise ClientKeyError("an EC key must be on P-256")
    if not isinstance(key, RSAKey | ECKey):
        raise ClientKeyError("the key must be RSA or EC")
    if isinstance(key, RSAKey) and key.raw_value.key_size < SHORTEST_RSA:
        raise ClientKeyError(f"an RSA key must have {SHORTEST_RSA} bits or more")
    if not key.is_private:
        raise ClientKeyError("the file holds a public key; the private one is needed")
    return key


def _parsed(text: str) -> Key:
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):
            # A key that is too short is refused a line later, not only warned of.
            return import_key(json.loads(text)) if text.startswith("{") else _from_pem(text)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ClientKeyError("the file is neither a PEM private key nor a JWK") from None


def _from_pem(text: str) -> Key:
    try:
        return import_key(text, "RSA")
    except (JoseError, ValueError, TypeError, AttributeError):
        return import_key(text, "EC")
