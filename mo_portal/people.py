"""What the person of a session is called on the pages."""

from __future__ import annotations

from mo_access.service import profile
from mo_access.service.sessions import Session
from mo_web import unit


def called(session: Session) -> str:
    """Return the name, else the userName, else the subject at the provider."""
    known = profile.of(unit.current(), session)
    return known.name or known.user_name or session.subject
