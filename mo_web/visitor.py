"""Who is at the browser: its cookie names a session, read afresh on each request (rule 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import current_app, g, request
from flask.sansio.app import App

from mo_access.service import sessions
from mo_access.service.sessions import Session
from mo_web import unit
from mo_web.shared import shared

_NAME: Final = "mo_session"
_MICRO: Final = 1_000_000
_LONGEST: Final = 256
_PLAIN_MODE: Final = "scim"
_RENEWING: Final = "mo_web.renewing"


def cookie_name() -> str:
    """Return the cookie's name: ``__Host-`` except on plain http, where browsers refuse that."""
    return _NAME if shared().settings.plain_http else f"__Host-{_NAME}"


def session_id() -> str | None:
    """Return the session id that the browser sent, known or not."""
    value = request.cookies.get(cookie_name(), "")
    return value if 0 < len(value) <= _LONGEST else None


def current() -> Session | None:
    """Return the live session of this browser, or None; the unit then acts for that person."""
    if "visitor" not in g:
        g.visitor = _found()
    known: Session | None = g.visitor
    return known


def idle() -> int:
    """Return after how long without use a session ends, in microseconds."""
    return shared().settings.session_idle_seconds * _MICRO


def on_due(app: App, renew: Callable[[Session], None]) -> None:
    """Let ``renew`` ask the provider when a session is due; it is called without an open unit."""
    app.extensions[_RENEWING] = renew


def _found() -> Session | None:
    presented = session_id()
    if presented is None:
        return None
    found = sessions.find(unit.current(), presented, idle())
    if found is not None and _renewed(found):
        found = sessions.find(unit.current(), presented, idle())
    if found is not None and not _is_in_mode(found):
        sessions.end(unit.current(), presented, idle())
        return None
    if found is not None:
        unit.current().caller = f"person:{found.person}"
    return found


def _is_in_mode(found: Session) -> bool:
    """Tell whether claims may still give rights, where they did so when the session began."""
    if found.mode == _PLAIN_MODE:
        return True
    provider = shared().settings.provider(found.provider)
    return provider is not None and provider.mode == found.mode


def _renewed(found: Session) -> bool:
    """Have a session renewed that is due; nothing is held while the provider answers."""
    renew: Callable[[Session], None] | None = current_app.extensions.get(_RENEWING)
    if renew is None or found.renew_at is None or unit.current().now < found.renew_at:
        return False
    unit.current().commit()
    unit.close()
    renew(found)
    return True
