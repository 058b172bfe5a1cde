"""JWT access tokens (RFC 9068), verified here against the keys of their own issuer.

An issuer is asked for its keys only when an operator named it; the token has no say in how it is
verified. A verified token is kept for seconds, by its SHA-256 (the one stated exception to rule 7):
whose client it is, is asked of the database on each request.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from mo_web.expiring import Expiring
from mo_web.faults import TokenRefused
from mo_web.issuer import Issuers
from mo_web.jws import unverified_claims, verify_signature
from mo_web.strict_json import JsonObject
from mo_web.token_claims import audiences, numeric_date

MAX_TOKEN: Final = 8_192
LEEWAY: Final = 60
_MAX_CACHED: Final = 4_096
_SEGMENTS: Final = 3
_TYPES: Final = ("at+jwt", "jwt")
# What only ID tokens (Core §2, §3.3.2.11), logout tokens and security events carry (RFC 8417).
_OTHER_KINDS: Final = ("nonce", "at_hash", "c_hash", "s_hash", "events")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token that its issuer vouches for, and no other kind of token.

    Whether it speaks of a machine or of a person is for `mo_web.subjects` to say.
    """

    issuer: str
    claims: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """What we accept; ``seconds`` is how long a verified token is believed."""

    audiences: Collection[str]
    algorithms: Collection[str]
    seconds: int


class AccessTokens:
    """Verifies access tokens; one for each application, safe across threads."""

    def __init__(
        self, issuers: Issuers, rules: Rules, now: Callable[[], float] = time.time
    ) -> None:
        """Remember the rules; nothing is fetched yet."""
        self._issuers, self._rules, self._now = issuers, rules, now
        self._verified: Expiring[AccessToken] = Expiring(_MAX_CACHED, now)

    def known(self, token: str) -> AccessToken | None:
        """Return a token that was verified a moment ago, or None."""
        return self._verified.get(_hash(token))[1]

    def verify(self, token: str, issuer: str) -> AccessToken:
        """Return the token, verified with the keys of ``issuer``, **which the caller trusts**.

        Raises ``TokenRefused(code)``, and ``ProviderTrouble`` when there are no keys to be had.
        """
        keys = self._issuers.keys_of(issuer)
        claims = verify_signature(token, self._rules.algorithms, _TYPES, keys).claims
        case = _Case(claims, issuer, self._rules.audiences, self._now())
        for check in CHECKS:
            check(case)
        verified = AccessToken(issuer, claims)
        until = min(numeric_date(claims, "exp"), self._now() + self._rules.seconds)
        self._verified.put(_hash(token), verified, until)
        return verified


def issuer_of(token: str) -> str | None:
    """Return whom a token says it is from, unverified; None for an opaque token.

    ``TokenRefused`` for what has the form of a JWT and cannot be read with one meaning, or is
    over-long: it is never passed on as if it were opaque.
    """
    if not _is_jws(token):
        return None
    if len(token) > MAX_TOKEN:
        raise TokenRefused("token_form")
    issuer = unverified_claims(token).get("iss")
    if not isinstance(issuer, str):
        raise TokenRefused("issuer")
    return issuer


def _is_jws(token: str) -> bool:
    """Tell whether there are three segments and the first one begins a JSON object."""
    segments = token.split(".")
    if len(segments) != _SEGMENTS:
        return False
    try:
        start = base64.b64decode(segments[0][:4], altchars=b"-_", validate=True)
    except ValueError:
        return False
    return start.lstrip().startswith(b"{")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class _Case:
    """One token before its judges; ``now`` in seconds."""

    claims: JsonObject
    issuer: str
    audiences: Collection[str]
    now: float


def _check_issuer(case: _Case) -> None:
    if case.claims.get("iss") != case.issuer:
        raise TokenRefused("issuer")


def _check_audience(case: _Case) -> None:
    """We are in `aud`; others may be there too (RFC 9068 section 4)."""
    if not set(audiences(case.claims)) & set(case.audiences):
        raise TokenRefused("audience")


def _check_expiry(case: _Case) -> None:
    if numeric_date(case.claims, "exp") <= case.now - LEEWAY:
        raise TokenRefused("expired")


def _check_not_before(case: _Case) -> None:
    if "nbf" in case.claims and numeric_date(case.claims, "nbf") > case.now + LEEWAY:
        raise TokenRefused("not_yet_valid")


def _check_issued_at(case: _Case) -> None:
    if "iat" in case.claims and numeric_date(case.claims, "iat") > case.now + LEEWAY:
        raise TokenRefused("issued_in_future")


def _check_kind(case: _Case) -> None:
    """Refuse every other token of the same issuer, whatever its `typ` header says (RFC 8725 §3.12).

    Keycloak names the kind in the claim `typ`, Cognito in `token_use`.
    """
    if any(name in case.claims for name in _OTHER_KINDS):
        raise TokenRefused("token_kind")
    kind, use = case.claims.get("typ", "bearer"), case.claims.get("token_use", "access")
    if str(kind).casefold() not in {"bearer", *_TYPES} or use != "access":
        raise TokenRefused("token_kind")


CHECKS: Collection[Callable[[_Case], None]] = (
    _check_issuer,
    _check_audience,
    _check_expiry,
    _check_not_before,
    _check_issued_at,
    _check_kind,
)
