"""Our public keys (RFC 7517 §5), with which providers verify who we are (`private_key_jwt`)."""

from __future__ import annotations

from flask import Response, jsonify

from mo_oidc.providers import providers


def jwks() -> Response:
    """GET the key set: one key for each that a provider is configured with, no more than public."""
    keys = [p.config.client_key for p in providers().all if p.config.client_key is not None]
    response = jsonify(keys=list({key.kid: key.public() for key in keys}.values()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
