"""The signature of a token (RFC 7515), shared by every kind of token.

The verifier decides how to verify: the algorithms come from our configuration, the keys from the
provider's address, and header members that would have a say in either are refused.
"""

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from joserfc import jws
from joserfc.errors import JoseError

from mo_web.faults import TokenRefused
from mo_web.keys import ALGORITHMS, VerificationKey, candidates
from mo_web.strict_json import JsonObject, NotStrictJsonError, parse_object

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
_MAX_TOKEN = 128 * 1024
_MAX_HEADER = 8 * 1024
# `crit` and `b64` change what is signed (RFC 7797), the others bring a key of the token's own.
_REFUSED_HEADERS = ("crit", "b64", "jwk", "jku", "x5u")


class KeySource(Protocol):
    """Where keys come from."""

    def keys(self) -> Sequence[VerificationKey]:
        """Return the keys that are known now."""

    def refetch(self) -> Sequence[VerificationKey]:
        """Ask the provider again, once, and return the keys.

        One that cannot be asked may raise `ProviderTrouble`: the token is then not judged.
        """


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """A token whose signature is the provider's; its claims are still to be judged."""

    claims: JsonObject
    alg: str
    curve: str | None


def verify_signature(
    token: object, algorithms: Collection[str], types: Collection[str], keys: KeySource
) -> VerifiedJws:
    """Return the signed claims; `TokenRefused` unless a key of the provider made the signature.

    `types` are the accepted values of `typ` in lower case, without `application/`; an absent
    `typ` is accepted. The provider is asked for new keys once, when no known key fits or verifies.
    """
    if not isinstance(token, str) or len(token) > _MAX_TOKEN or not _COMPACT.match(token):
        raise TokenRefused("token_form")
    header = _header(token)
    alg, kid = _algorithm(header, algorithms), _kid(header)
    _check_type(header, types)
    found = _verified(token, alg, candidates(keys.keys(), kid, alg))
    found = found or _verified(token, alg, candidates(keys.refetch(), kid, alg))
    if found is None:
        raise TokenRefused("signature")
    payload, key = found
    return VerifiedJws(_object(payload, "payload_json"), alg, key.curve)


def unverified_claims(token: str) -> JsonObject:
    """Return the claims of an unverified token, only to choose whose keys are to verify it."""
    if len(token) > _MAX_TOKEN or not _COMPACT.match(token):
        raise TokenRefused("token_form")
    return _object(_decoded(token.split(".")[1]), "payload_json")


def _header(token: str) -> JsonObject:
    header = _object(_decoded(token.partition(".")[0]), "header_json")
    if any(name in header for name in _REFUSED_HEADERS):
        raise TokenRefused("header_member")
    return header


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise TokenRefused("token_form") from None


def _object(raw: bytes, code: str) -> JsonObject:
    try:
        return parse_object(raw)
    except NotStrictJsonError:
        raise TokenRefused(code) from None


def _algorithm(header: JsonObject, algorithms: Collection[str]) -> str:
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algorithms or alg not in ALGORITHMS:
        raise TokenRefused("algorithm")
    return alg


def _kid(header: JsonObject) -> str | None:
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise TokenRefused("kid")
    return kid


def _check_type(header: JsonObject, types: Collection[str]) -> None:
    """Keep one kind of token from standing in for another (RFC 8725 §3.11)."""
    if "typ" not in header:
        return
    value = header["typ"]
    if not isinstance(value, str) or value.lower().removeprefix("application/") not in types:
        raise TokenRefused("type")


def _verified(
    token: str, alg: str, keys: Sequence[VerificationKey]
) -> tuple[bytes, VerificationKey] | None:
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length, registry.max_payload_length = _MAX_HEADER, _MAX_TOKEN
    for key in keys:
        try:
            verified = jws.deserialize_compact(token, key.key, registry=registry)
        except (JoseError, ValueError, TypeError):
            continue
        return verified.payload or b"", key
    return None
