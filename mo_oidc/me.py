"""`/me`: who am I, and what may I read now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Response, jsonify, request

from mo_access.service import decisions, profile
from mo_access.service.sessions import Session
from mo_web import pages, unit, visitor

_MICRO: Final = 1_000_000
_UNAUTHORIZED: Final = 401


def me() -> Response:
    """GET who is signed in: JSON, or a page when that is preferred; 401 without a session."""
    found = visitor.current()
    if found is None:
        return unauthenticated()
    facts = _facts(found)
    if not prefers_html():
        return jsonify(facts)
    return pages.page("me.html", facts=[(name, _shown(value)) for name, value in facts.items()])


def prefers_html() -> bool:
    """Say whether this request asks for a page rather than for JSON."""
    best = request.accept_mimetypes.best_match(("application/json", "text/html"))
    return best == "text/html"


def unauthenticated() -> Response:
    """Return 401 in the form that was asked for."""
    if prefers_html():
        return pages.refused("no_session", _UNAUTHORIZED)
    response = jsonify(error="unauthenticated", reason_code="no_session")
    response.status_code = _UNAUTHORIZED
    return response


def _facts(found: Session) -> dict[str, object]:
    uow = unit.current()
    names = profile.of(uow, found)
    places = decisions.current_places(uow, found.person, found.policy)
    rights = decisions.readable(uow, found.person, found.policy)
    return {
        "id": found.person,
        "sub": found.subject,
        "issuer": found.issuer,
        "userName": names.user_name,
        "name": names.name,
        "affiliations": [
            {"institution": p.institution, "name": p.name, "role": p.role.value} for p in places
        ],
        "themes": [f"{right.institution}:{right.theme}" for right in rights],
        "acr": found.acr,
        "expires": datetime.fromtimestamp(found.expires // _MICRO, UTC).isoformat(),
    }


def _shown(value: object) -> object:
    """Return a fact as the page shows it: an affiliation in one line."""
    if not isinstance(value, list):
        return value
    return [
        f"{item['role']} · {item['institution']} {item['name']}" if isinstance(item, dict) else item
        for item in value
    ]
