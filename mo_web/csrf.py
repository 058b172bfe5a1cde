"""Proof that a form was ours: a random cookie, and its signature as a form field.

Another site can neither read the cookie nor make its signature, and cannot plant a ``__Host-``
cookie; nothing is kept on the server.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from flask import Response, g, request

from mo_access.domain.errors import Forbidden
from mo_web.shared import shared

FIELD: Final = "csrf_token"
_BYTES: Final = 32


def field_value() -> str:
    """Return what the hidden field ``csrf_token`` must hold; sets the cookie when there is none."""
    seed = request.cookies.get(_cookie_name()) or g.get("csrf_seed")
    if not seed:
        seed = g.csrf_seed = secrets.token_urlsafe(_BYTES)
    return _signature(seed)


def check() -> None:
    """Refuse a form that is not ours (``Forbidden``: 403); call it first in a view that changes."""
    seed = request.cookies.get(_cookie_name(), "")
    offered = request.form.get(FIELD, "")
    if not seed or not hmac.compare_digest(_signature(seed).encode(), offered.encode()):
        raise Forbidden("This form is too old or not from this site; load the page again.")


def set_cookie(response: Response) -> Response:
    """Give the browser the cookie that a form of this answer was signed for."""
    if seed := g.get("csrf_seed"):
        secure = not shared().settings.plain_http
        response.set_cookie(
            _cookie_name(), seed, secure=secure, httponly=True, samesite="Lax", path="/"
        )
    return response


def _cookie_name() -> str:
    return "mo_csrf" if shared().settings.plain_http else "__Host-mo_csrf"


def _signature(seed: str) -> str:
    return shared().keys.sign(b"csrf:" + seed.encode("utf-8", "replace")).hex()
