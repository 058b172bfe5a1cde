"""Who is at the browser: its cookie names a session, read afresh on each request (rule 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from flask import current_app, g, request
from flask.sansio.app import App

from mo_access import provider_rules
from mo_access.service import sessions
from mo_access.service.sessions import Session
from mo_web import requestid, unit
from mo_web.shared import shared

_NAME: Final = "mo_session"
_MICRO: Final = 1_000_000
_LONGEST: Final = 256
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
    if found is not None and _distrusted(found):
        return None
    if found is not None:
        unit.current().caller = f"person:{found.person}"
    return found


def _distrusted(found: Session) -> bool:
    """End a session for good whose provider, as it is configured now, does not vouch for it."""
    now = shared().settings.provider(found.provider)
    code = provider_rules.distrust(now, found.issuer, found.mode)
    if code is None:
        return False
    # Whatever is then answered, and be it a 401: the end stands.
    sessions.end_distrusted(unit.current(), found, code)
    unit.current().commit()
    structlog.get_logger("mo_web").info(
        "session_ended", code=code, session=found.pk, request_id=requestid.current()
    )
    return True


def _renewed(found: Session) -> bool:
    """Have a session renewed that is due; nothing is held while the provider answers."""
    renew: Callable[[Session], None] | None = current_app.extensions.get(_RENEWING)
    if renew is None or found.renew_at is None or unit.current().now < found.renew_at:
        return False
    unit.current().commit()
    unit.close()
    renew(found)
    return True
