"""What a sound ID token, logout token or answer is: written anew from the standards.

It shares no code with what it judges. `True`: must be accepted; `False`: must be refused; `None`:
either will do, where the standards leave it open.
"""

from collections.abc import Mapping
from typing import Any

LEEWAY, TOKEN_AGE = 60, 3600
EVENT = "http://schemas.openid.net/event/backchannel-logout"
Claims = Mapping[str, Any]


def is_moment(value: object) -> bool:
    """Say whether a value is a NumericDate that a database holds in microseconds."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and isinstance(value, int | float) and 0 <= value < 1 << 43


def header(told: Claims, types: set[str]) -> bool:
    """Say whether a protected header is one that RS256 with our key may have."""
    if told.get("alg") != "RS256" or not isinstance(told.get("kid", ""), str):
        return False
    if told.get("kid", "k1") not in ("k1", ""):
        return False
    if not isinstance(told.get("cty", ""), str):
        return False
    if {"crit", "b64", "jwk", "jku", "x5u"} & set(told):
        return False
    kind = told.get("typ", "jwt")
    return isinstance(kind, str) and kind.lower().removeprefix("application/") in types


def audience(claims: Claims, client: str) -> bool:
    """Say whether a token is for us, and for nobody else that it does not answer for."""
    said = claims.get("aud")
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        return False
    azp = claims.get("azp", ...)
    if client not in listed or azp not in (..., client):
        return False
    return set(listed) == {client} or azp == client


def times(claims: Claims, now: int, *, age: int) -> bool:
    """Say whether exp and iat are there and hold, and nbf holds where it is there."""
    exp, iat, nbf = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not all(map(is_moment, (exp, iat, nbf))):
        return False
    assert exp is not None
    assert iat is not None
    soon_enough = now - LEEWAY - age <= iat <= now + LEEWAY
    return bool(exp > now - LEEWAY and soon_enough and nbf <= now + LEEWAY)


def subject(value: object) -> bool:
    """Say whether a value can be the name of a person at its issuer."""
    return (
        isinstance(value, str)
        and len(value.strip()) > 0
        and len(value) <= 255
        and all(character.isprintable() for character in value)
    )


def id_token(claims: Claims, issuer: str, client: str, nonce: str, now: int) -> bool:
    """Say whether an ID token of the code flow is sound (Core §3.1.3.7), hashes left out."""
    return (
        claims.get("iss") == issuer
        and subject(claims.get("sub"))
        and audience(claims, client)
        and times(claims, now, age=TOKEN_AGE)
        and claims.get("nonce") == nonce
        and isinstance(claims.get("acr", ""), str | None)
    )


def logout_token(claims: Claims, issuer: str, client: str, now: int) -> bool:
    """Say whether a logout token is sound (Back-Channel Logout §2.6)."""
    events = claims.get("events")
    said = claims.get("aud")
    listed = [said] if isinstance(said, str) else said
    ours = isinstance(listed, list) and all(isinstance(a, str) for a in listed) and client in listed
    names = [claims.get(name, ...) for name in ("sid", "sub")]
    return (
        claims.get("iss") == issuer
        and ours
        and times(claims, now, age=TOKEN_AGE)
        and isinstance(events, dict)
        and isinstance(events.get(EVENT), dict)
        and "nonce" not in claims
        and any(name is not ... for name in names)
        and all(name is ... or _text(name) for name in names)
        and _text(claims.get("jti"), 4096)
    )


def _text(value: object, longest: int = 255) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= longest


def answer(pairs: list[tuple[str, str]], issuer: str, state: str) -> bool:
    """Say whether an authorization response is good: state, iss and code, each once."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names) or len(names) > 50:
        return False
    told = dict(pairs)
    if any(len(value) > 8192 for value in told.values()) or "error" in told:
        return False
    code = told.get("code", "")
    return (
        told.get("state") == state
        and told.get("iss") == issuer
        and bool(code)
        and code.isprintable()
    )
