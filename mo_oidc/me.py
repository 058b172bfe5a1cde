"""`/me`: who am I, and what may I read now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Response, jsonify, request

from mo_access.service import decisions, profile
from mo_access.service.decisions import Place
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
        "affiliations": [_affiliation(place) for place in places],
        "themes": [f"{right.institution}:{right.theme}" for right in rights],
        "acr": found.acr,
        "expires": datetime.fromtimestamp(found.expires // _MICRO, UTC).isoformat(),
    }


def _affiliation(place: Place) -> dict[str, object]:
    """Return a role somewhere; of one that came with the sign-in also from whom and since when."""
    told: dict[str, object] = {
        "institution": place.institution,
        "name": place.name,
        "role": place.role.value,
    }
    if place.came_by is not None:
        since = datetime.fromtimestamp((place.came_by.since or 0) // _MICRO, UTC)
        told |= {"origin": place.came_by.client, "since": since.isoformat()}
    return told


def _shown(value: object) -> object:
    """Return a fact as the page shows it: an affiliation in one line."""
    if not isinstance(value, list):
        return value
    return [_line(item) if isinstance(item, dict) else item for item in value]


def _line(told: dict[str, object]) -> str:
    line = f"{told['role']} · {told['institution']} {told['name']}"
    return f"{line} · {told['origin']}, {told['since']}" if "origin" in told else line
