"""The ID token: every check of OpenID Connect Core §3.1.3.7, written out, each with its code.

A `VerifiedClaims` exists only because all of them held.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NewType

from mo_oidc.config import ProviderConfig
from mo_web.faults import TokenRefused
from mo_web.jws import KeySource, VerifiedJws, verify_signature
from mo_web.strict_json import JsonObject
from mo_web.token_claims import audiences, numeric_date

VerifiedClaims = NewType("VerifiedClaims", Mapping[str, object])

_TYPES = ("jwt", "jose", "id_token+jwt")
_MAX_SUBJECT = 255
# The token is fresh from the token endpoint; an old one was kept by somebody.
_MAX_AGE_OF_TOKEN = 3600


@dataclass(frozen=True, slots=True)
class Expectations:
    """What this sign-in asked for, and the time (seconds since the epoch) at which it is judged."""

    nonce: str
    now: int
    access_token: str | None = None
    code: str | None = None
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    subject: str | None = None
    """Whose token it must be: known when a session is renewed."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One token before its judges."""

    token: VerifiedJws
    config: ProviderConfig
    expected: Expectations

    @property
    def claims(self) -> JsonObject:
        return self.token.claims

    @property
    def latest(self) -> float:
        return self.expected.now + self.config.leeway

    @property
    def earliest(self) -> float:
        return self.expected.now - self.config.leeway


def verify(
    token: object, config: ProviderConfig, keys: KeySource, expected: Expectations
) -> VerifiedClaims:
    """Return the claims of a token that passed every check; `TokenRefused(code)` otherwise."""
    return _judged(token, config, keys, expected, CHECKS)


def verify_renewed(
    token: object, config: ProviderConfig, keys: KeySource, expected: Expectations
) -> VerifiedClaims:
    """Return the claims of the ID token that a refresh gave (Core §12.2); else `TokenRefused`.

    It is of the same issuer and subject as the one that the session began with, and needs no
    nonce; one that is there is the same.
    """
    return _judged(token, config, keys, expected, RENEWAL_CHECKS)


def _judged(
    token: object,
    config: ProviderConfig,
    keys: KeySource,
    expected: Expectations,
    checks: Collection[Callable[[_Case], None]],
) -> VerifiedClaims:
    case = _Case(verify_signature(token, config.algorithms, _TYPES, keys), config, expected)
    for check in checks:
        check(case)
    return VerifiedClaims(case.claims)


def _check_issuer(case: _Case) -> None:
    if case.claims.get("iss") != case.config.issuer:
        raise TokenRefused("issuer")


def _check_subject(case: _Case) -> None:
    """`sub` is the key of a person: never empty, at most 255 characters, printable."""
    subject = case.claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or not subject.isprintable():
        raise TokenRefused("subject")
    if len(subject) > _MAX_SUBJECT:
        raise TokenRefused("subject")


def _check_audience(case: _Case) -> None:
    """We are in `aud`; anybody else there is trusted or answered for by `azp` (items 3 to 5)."""
    audience = audiences(case.claims)
    ours, azp = case.config.client_id, case.claims.get("azp")
    if ours not in audience:
        raise TokenRefused("audience")
    if "azp" in case.claims and azp != ours:
        raise TokenRefused("authorized_party")
    strangers = set(audience) - {ours, *case.config.trusted_audiences}
    # Under FAPI 2.0 a token is for us alone, whoever else is answered for.
    if strangers and (azp != ours or case.config.fapi2):
        raise TokenRefused("audience_stranger")


def _check_expiry(case: _Case) -> None:
    if numeric_date(case.claims, "exp") <= case.earliest:
        raise TokenRefused("expired")


def _check_issued_at(case: _Case) -> None:
    issued = numeric_date(case.claims, "iat")
    if issued > case.latest:
        raise TokenRefused("issued_in_future")
    if issued < case.earliest - _MAX_AGE_OF_TOKEN:
        raise TokenRefused("issued_long_ago")


def _check_not_before(case: _Case) -> None:
    if "nbf" in case.claims and numeric_date(case.claims, "nbf") > case.latest:
        raise TokenRefused("not_yet_valid")


def _check_nonce(case: _Case) -> None:
    nonce = case.claims.get("nonce")
    if not isinstance(nonce, str) or not same(nonce, case.expected.nonce):
        raise TokenRefused("nonce")


def _check_same_subject(case: _Case) -> None:
    """A renewed token speaks of whom the session is (§12.2)."""
    _check_subject(case)
    if case.claims.get("sub") != case.expected.subject:
        raise TokenRefused("subject_changed")


def _check_nonce_if_there(case: _Case) -> None:
    """A renewed token should have none (§12.2)."""
    if "nonce" in case.claims:
        _check_nonce(case)


def _check_access_token_hash(case: _Case) -> None:
    """`at_hash` is optional in the code flow, and binding where it is there (§3.1.3.8)."""
    if "at_hash" in case.claims and not _fits(case, "at_hash", case.expected.access_token):
        raise TokenRefused("access_token_hash")


def _check_code_hash(case: _Case) -> None:
    """`c_hash` belongs to the hybrid flow; one that is there anyhow must fit (§3.3.2.11)."""
    if "c_hash" in case.claims and not _fits(case, "c_hash", case.expected.code):
        raise TokenRefused("code_hash")


def _fits(case: _Case, name: str, hashed: str | None) -> bool:
    said = case.claims[name]
    if not isinstance(said, str) or hashed is None:
        return False
    return same(said, half_hash(hashed, case.token.alg, case.token.curve))


def _check_max_age(case: _Case) -> None:
    """A sign-in that was asked to be recent is proven to be (§2, `auth_time`)."""
    if case.expected.max_age is None:
        return
    signed_in = numeric_date(case.claims, "auth_time")
    if signed_in > case.latest or signed_in + case.expected.max_age < case.earliest:
        raise TokenRefused("auth_time")


def _check_acr(case: _Case) -> None:
    """One of the levels that were asked is met, and one of those that every sign-in must meet."""
    acr, config = case.claims.get("acr"), case.config
    if acr is not None and not (isinstance(acr, str) and acr.isprintable()):
        raise TokenRefused("acr")
    if not config.is_met(acr, case.expected.acr_values) or not config.is_met(acr):
        raise TokenRefused("acr_too_low")


CHECKS: Collection[Callable[[_Case], None]] = (
    _check_issuer,
    _check_subject,
    _check_audience,
    _check_expiry,
    _check_issued_at,
    _check_not_before,
    _check_nonce,
    _check_access_token_hash,
    _check_code_hash,
    _check_max_age,
    _check_acr,
)

RENEWAL_CHECKS: Collection[Callable[[_Case], None]] = (
    _check_issuer,
    _check_same_subject,
    _check_audience,
    _check_expiry,
    _check_issued_at,
    _check_not_before,
    _check_nonce_if_there,
    _check_access_token_hash,
)


def half_hash(text: str, alg: str, curve: str | None) -> str:
    """Return the left half of the hash of `text` that goes with `alg` (§3.1.3.6), base64url.

    Ed25519 signs with SHA-512 and Ed448 with SHAKE256 over 114 bytes (RFC 8032).
    """
    raw = text.encode()
    if curve == "Ed448":
        digest = hashlib.shake_256(raw).digest(114)
    else:
        digest = hashlib.new(_hash_name(alg), raw).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _hash_name(alg: str) -> str:
    if alg in ("EdDSA", "Ed25519"):
        return "sha512"
    return f"sha{alg.removesuffix('K')[-3:]}"


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
