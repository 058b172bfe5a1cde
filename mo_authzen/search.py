"""Who may, what may one, how may one (Authorization API 1.0, section 8).

A search lists exactly what an evaluation would say yes to, inside the client's scope (ruling 9).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Final

from flask import Response, jsonify

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Actor
from mo_access.service import decisions, documents
from mo_access.service.decisions import Question
from mo_authzen import questions
from mo_authzen.evaluation import SCOPE, body, decide
from mo_authzen.questions import Asked, Entity, JsonObject
from mo_web import caller, unit
from mo_web.shared import shared

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1_000
_MARK: Final = 12

Found = Sequence[Mapping[str, str]]


def subjects() -> Response:
    """POST /access/v1/search/subject: who may read this theme."""
    actor, told = caller.actor(SCOPE), body()
    wanted = questions.entity(told, "subject", with_id=False)
    resource = questions.entity(told, "resource")
    place = questions.theme_at(resource)
    if not _is_reading(told) or (wanted.type, resource.type) != (questions.USER, questions.THEME):
        return _page(told, ())
    if place is None:
        return _page(told, ())
    people = _readers(told, place[0], place[1], actor)
    return _page(told, [{"type": questions.USER, "id": person} for person in people])


def resources() -> Response:
    """POST /access/v1/search/resource: which themes, or documents, this person may read."""
    actor, told = caller.actor(SCOPE), body()
    subject = questions.entity(told, "subject")
    kind = questions.entity(told, "resource", with_id=False).type
    if not _is_reading(told) or subject.type != questions.USER:
        return _page(told, ())
    return _page(told, [{"type": kind, "id": id_} for id_ in _readable(told, subject, kind, actor)])


def actions() -> Response:
    """POST /access/v1/search/action: what this person may do with this resource."""
    actor, told = caller.actor(SCOPE), body()
    asked = Asked(
        questions.entity(told, "subject"),
        questions.READ,
        questions.entity(told, "resource"),
        questions.session(told, shared().settings.oidc_acr_levels),
    )
    return _page(told, [{"name": questions.READ}] if decide(actor, asked).allowed else ())


def _is_reading(told: JsonObject) -> bool:
    return questions.action(told) == questions.READ


def _readers(told: JsonObject, institution: str, theme: str, actor: Actor) -> list[str]:
    """List the readers; level and capacity of the session are the same question for them all."""
    people = list(decisions.who(unit.current(), theme, institution, actor))
    session = questions.session(told, shared().settings.oidc_acr_levels)
    first = [Question(p, institution, theme, session=session, actor=actor) for p in people[:1]]
    allowed = all(decisions.decide(unit.current(), question).allowed for question in first)
    return people if allowed else []


def _readable(told: JsonObject, subject: Entity, kind: str, actor: Actor) -> list[str]:
    session = questions.session(told, shared().settings.oidc_acr_levels)
    if kind == questions.THEME:
        rights = decisions.readable(unit.current(), subject.id, session, actor)
        ids = [f"{right.institution}:{right.theme}" for right in rights]
    elif kind == questions.DOCUMENT:
        found = documents.readable(unit.current(), subject.id, session, actor)
        ids = [document.id for document in found]
    else:
        ids = []
    # What the person may read elsewhere is not this client's to know (ruling 9).
    asked = {id_: Asked(subject, questions.READ, Entity(kind, id_), session) for id_ in ids}
    return [id_ for id_, question in asked.items() if decide(actor, question).allowed]


def _page(told: JsonObject, found: Found) -> Response:
    """Return one page of the results; its token fits the same request only (section 8.2)."""
    limit, start = _limit(told), _start(told)
    shown, end = list(found[start : start + limit]), start + limit
    token = _token(told, end) if end < len(found) else ""
    page = {"next_token": token, "count": len(shown), "total": len(found)}
    return jsonify(results=shown, page=page)


def _asked_page(told: JsonObject) -> JsonObject:
    page = {} if told.get("page") is None else told["page"]
    if not isinstance(page, Mapping):
        raise Invalid("page must be an object.", attribute="page")
    return page


def _limit(told: JsonObject) -> int:
    limit = _asked_page(told).get("limit", DEFAULT_LIMIT)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise Invalid(f"page.limit must be 1 to {MAX_LIMIT}.", attribute="page.limit")
    return min(limit, MAX_LIMIT)


def _start(told: JsonObject) -> int:
    token = _asked_page(told).get("token") or ""
    if not token:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(str(token))[_MARK:])
    except (ValueError, binascii.Error):
        start = -1
    if start < 0 or not hmac.compare_digest(_token(told, start).encode(), str(token).encode()):
        raise Invalid("page.token is not of this search.", attribute="page.token")
    return start


def _token(told: JsonObject, start: int) -> str:
    request = {name: value for name, value in told.items() if name != "page"}
    canonical = json.dumps(request, sort_keys=True).encode()
    sealed = hashlib.sha256(canonical).digest() + str(start).encode()
    mark = shared().keys.sign(b"authzen-page:" + sealed)[:_MARK]
    return base64.urlsafe_b64encode(mark + str(start).encode()).decode()
