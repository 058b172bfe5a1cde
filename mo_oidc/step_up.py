"""A stronger or more recent sign-in, and back to where it was asked (RFC 9470 in spirit).

What is asked is enforced when the browser comes back, by the ID token: a provider that does not
say how, or when, somebody signed in has not met it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import request

from mo_access.domain.levels import sufficient
from mo_access.domain.policy import Reason
from mo_access.service.sessions import Session
from mo_oidc.next_url import FRONT_PAGE, safe_next
from mo_web.shared import shared

TOO_OLD: Final = "sign_in_too_old"
_MICRO: Final = 1_000_000
# Twice what an ID token is given, so that what just passed there passes here.
_LEEWAY: Final = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """How strong a sign-in must be, and how many seconds old it may be at most."""

    level: int = 0
    max_age: int | None = None


def lacking(session: Session, wanted: Wanted, now: int) -> str | None:
    """Return the code of what a session lacks, or None; ``now`` is in microseconds."""
    if session.policy.level < wanted.level:
        return Reason.LEVEL.value
    if wanted.max_age is None:
        return None
    oldest = now - (wanted.max_age + _LEEWAY) * _MICRO
    recent = session.auth_time is not None and session.auth_time >= oldest
    return None if recent else TOO_OLD


def way(session: Session, wanted: Wanted) -> str | None:
    """Return the link to a sign-in that is strong and recent enough; None when none can be."""
    settings = shared().settings
    provider = settings.provider(session.provider)
    levels = provider.acr_levels if provider else settings.oidc_acr_levels
    values = sufficient(wanted.level, levels) if wanted.level else ()
    if wanted.level and not values:
        return None
    asked = {
        "provider": session.provider,
        "acr_values": " ".join(values),
        "max_age": "" if wanted.max_age is None else str(wanted.max_age),
    }
    return login_link({name: value for name, value in asked.items() if value})


def login_link(asked: Mapping[str, str]) -> str:
    """Return the link to sign in with these wishes, and back here when here can be read anew."""
    return f"/oidc/login?{urlencode({'next': _here(), **asked})}"


def _here() -> str:
    if request.method not in ("GET", "HEAD"):
        return FRONT_PAGE
    return safe_next(request.full_path if request.query_string else request.path)
