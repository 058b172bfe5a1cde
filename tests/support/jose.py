"""Keys and signatures as an issuer makes them, and as an attacker bends them."""

import base64
import json
from typing import Any

from joserfc import jws
from joserfc.jwk import Key


def public(key: Key, **changed: object) -> dict[str, Any]:
    """Return the public JWK of a key, with members changed or (None) left out."""
    members = {**key.as_dict(private=False), **changed}
    return {name: value for name, value in members.items() if value is not None}


def b64(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(claims: dict[str, Any] | str, key: Key, alg: str = "RS256", **header: object) -> str:
    """Return a signed token; header members given as None are left out."""
    members = {"alg": alg, "kid": key.kid, **header}
    protected = {name: value for name, value in members.items() if value is not None}
    body = claims if isinstance(claims, str) else json.dumps(claims)
    signing = b64(json.dumps(protected).encode()) + "." + b64(body.encode())
    model = jws.JWSRegistry.algorithms[alg]
    return f"{signing}.{b64(model.sign(signing.encode(), key))}"
