"""The logout token (OpenID Connect Back-Channel Logout 1.0 §2.4-2.6), every check written out."""

from dataclasses import dataclass

from mo_oidc.config import ProviderConfig
from mo_web.faults import TokenRefused
from mo_web.jws import KeySource, verify_signature
from mo_web.strict_json import JsonObject
from mo_web.token_claims import audiences, instant, numeric_date

EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPES = ("logout+jwt", "jwt", "jose")
_MAX_TEXT = 255
# Of a `jti` only a hash is kept; how long it may be is for the provider to say (RFC 7519 §4.1.7).
_MAX_JTI = 4096
_MAX_AGE = 3600


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """Whose sessions end: those of the provider's session, else all of the subject."""

    issuer: str
    jti: str
    expires: int
    sid: str | None
    subject: str | None
    issued: int
    """When the provider made it, in microseconds."""


def verify_logout(token: object, config: ProviderConfig, keys: KeySource, now: int) -> LogoutNotice:
    """Return what a sound logout token says; `TokenRefused(code)` for any defect.

    That its `jti` is new is for the caller to see to, who has a memory.
    """
    claims = verify_signature(token, config.algorithms, _TYPES, keys).claims
    _check_parties(claims, config)
    _check_times(claims, now, config.leeway)
    _check_event(claims)
    sid, subject = _text(claims, "sid"), _text(claims, "sub")
    if sid is None and subject is None:
        raise TokenRefused("logout_nobody")
    jti = _text(claims, "jti", _MAX_JTI)
    if jti is None:
        raise TokenRefused("logout_jti")
    expires = int(numeric_date(claims, "exp")) + config.leeway + 1
    return LogoutNotice(config.issuer, jti, expires, sid, subject, instant(claims, "iat"))


def _check_parties(claims: JsonObject, config: ProviderConfig) -> None:
    if claims.get("iss") != config.issuer:
        raise TokenRefused("issuer")
    if config.client_id not in audiences(claims):
        raise TokenRefused("audience")


def _check_times(claims: JsonObject, now: int, leeway: int) -> None:
    if numeric_date(claims, "exp") <= now - leeway:
        raise TokenRefused("expired")
    issued = numeric_date(claims, "iat")
    if issued > now + leeway:
        raise TokenRefused("issued_in_future")
    if issued < now - leeway - _MAX_AGE:
        raise TokenRefused("issued_long_ago")
    if "nbf" in claims and numeric_date(claims, "nbf") > now + leeway:
        raise TokenRefused("not_yet_valid")


def _check_event(claims: JsonObject) -> None:
    """The event is there, and no nonce: an ID token can never pass for a logout token."""
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenRefused("logout_event")
    if "nonce" in claims:
        raise TokenRefused("logout_nonce")


def _text(claims: JsonObject, name: str, longest: int = _MAX_TEXT) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= longest:
        raise TokenRefused(f"logout_{name}")
    return value
