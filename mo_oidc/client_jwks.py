"""Our public keys (RFC 7517 §5), with which providers verify who we are (`private_key_jwt`)."""

from __future__ import annotations

from flask import Response, jsonify

from mo_oidc.providers import providers


def jwks() -> Response:
    """GET the key set: the keys of each provider's configuration, no more of them than is public.

    Providers keep it for a while, whatever we say, and many do not ask sooner for a key that they
    do not know: the next key is here before it signs. As everything here it is `no-store`, which
    makes that while as short as they allow.
    """
    told = [p.config.client_key for p in providers().all if p.config.client_key is not None]
    keys = [key for first in told for key in (first, *first.others)]
    return jsonify(keys=list({key.kid: key.public() for key in keys}.values()))
