"""Our public keys (RFC 7517 §5), with which providers verify who we are (`private_key_jwt`)."""

from __future__ import annotations

from flask import Response, jsonify

from mo_oidc.providers import providers


def jwks() -> Response:
    """GET the key set: the keys of each provider's configuration, no more of them than is public.

    Providers keep it for as long as we allow, and some do not ask sooner for a key that they do
    not know: the next key is here before it signs.
    """
    told = [p.config.client_key for p in providers().all if p.config.client_key is not None]
    keys = [key for first in told for key in (first, *first.others)]
    response = jsonify(keys=list({key.kid: key.public() for key in keys}.values()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
