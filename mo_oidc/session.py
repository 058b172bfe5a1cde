"""The two cookies of sign-in: who is at the browser, and which browser a sign-in belongs to.

Both hold random values and nothing else; the server keeps only their hashes.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from mo_web import visitor
from mo_web.shared import shared

_BROWSER: Final = "mo_browser"
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")


def browser() -> str:
    """Return the value of this browser's cookie, or a new one when it has none of ours."""
    value = request.cookies.get(_browser_name(), "")
    return value if _VALUE.match(value) else secrets.token_urlsafe(32)


def browser_hash(value: str) -> str:
    """Return what the server keeps of a browser's cookie."""
    return sha256(value.encode()).hexdigest()


def known_browser() -> str:
    """Return the hash of the cookie that came with this request; empty when there is none."""
    value = request.cookies.get(_browser_name(), "")
    return browser_hash(value) if _VALUE.match(value) else ""


def bind(response: Response, value: str, *, cross_site_post: bool) -> None:
    """Give the browser its cookie; an answer that comes as a form post needs it cross-site."""
    secure = _secure()
    same_site = "None" if cross_site_post and secure else "Lax"
    response.set_cookie(
        _browser_name(), value, secure=secure, httponly=True, samesite=same_site, path="/"
    )


def put(response: Response, session_id: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        visitor.cookie_name(), session_id, secure=_secure(), httponly=True, samesite="Lax", path="/"
    )


def remove(response: Response) -> None:
    """Take the session's cookie away."""
    response.delete_cookie(
        visitor.cookie_name(), secure=_secure(), httponly=True, samesite="Lax", path="/"
    )


def _browser_name() -> str:
    return f"__Host-{_BROWSER}" if _secure() else _BROWSER


def _secure() -> bool:
    return not shared().settings.plain_http
