"""May this person do this? One question, or several at once (Authorization API 1.0, 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flask import Response, jsonify, request

from mo_access.domain.errors import Invalid, NotFound
from mo_access.domain.model import Actor
from mo_access.domain.policy import Decision
from mo_access.service import decisions, documents
from mo_authzen import questions
from mo_authzen.answers import NO, Answer, answer, refused
from mo_authzen.questions import Asked, JsonObject
from mo_web import caller, unit
from mo_web.shared import shared
from mo_web.strict_json import NotStrictJsonError, parse_object

SCOPE: Final = "access:evaluate"
MAX_EVALUATIONS: Final = 1_000
# After which decision the rest need not be asked (section 7.1.2.1).
_STOPS: Final[Mapping[object, bool | None]] = {
    "execute_all": None,
    "deny_on_first_deny": False,
    "permit_on_first_permit": True,
}
_DEFAULTS: Final = ("subject", "action", "resource", "context")


def evaluate() -> Response:
    """POST /access/v1/evaluation: one decision."""
    actor = caller.actor(SCOPE)
    return jsonify(answer(decide(actor, _read(body()))))


def evaluate_all() -> Response:
    """POST /access/v1/evaluations: one decision for each, in order; without any, as one."""
    actor = caller.actor(SCOPE)
    told = body()
    if told.get("evaluations") in (None, []):
        return jsonify(answer(decide(actor, _read(told))))
    return jsonify(evaluations=list(_several(actor, told)))


def body() -> JsonObject:
    """Return the request's JSON object; anything else is ``Invalid``."""
    try:
        return parse_object(request.get_data(cache=False))
    except NotStrictJsonError:
        raise Invalid("The body must be one JSON object with a single meaning.") from None


def decide(actor: Actor, asked: Asked) -> Decision:
    """Ask the core; what is not ours to know is the same no as what does not exist."""
    if asked.subject.type != questions.USER or asked.action != questions.READ:
        return NO
    person = asked.subject.id
    if asked.resource.type == questions.DOCUMENT:
        return _decide_document(actor, asked)
    place = questions.theme_at(asked.resource)
    if asked.resource.type != questions.THEME or place is None:
        return NO
    institution, theme = place
    return decisions.decide(
        unit.current(),
        decisions.Question(person, institution, theme, session=asked.session, actor=actor),
    )


def _decide_document(actor: Actor, asked: Asked) -> Decision:
    uow = unit.current()
    try:
        wanted = documents.get(uow, asked.resource.id, actor)
    except NotFound:
        return NO
    return documents.decide(uow, asked.subject.id, wanted, asked.session, actor)


def _read(told: JsonObject) -> Asked:
    return questions.asked(told, shared().settings.oidc_acr_levels)


def _several(actor: Actor, told: JsonObject) -> Iterator[Answer]:
    stop = _stop(told)
    defaults = {name: told[name] for name in _DEFAULTS if name in told}
    for item in _items(told):
        given = _one(actor, {**defaults, **item})
        yield given
        if given["decision"] is stop:
            return


def _one(actor: Actor, told: JsonObject) -> Answer:
    try:
        return answer(decide(actor, _read(told)))
    except Invalid as error:
        return refused(error, 400)


def _items(told: JsonObject) -> list[JsonObject]:
    items = told["evaluations"]
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise Invalid("evaluations must be a list of objects.", attribute="evaluations")
    if len(items) > MAX_EVALUATIONS:
        message = f"At most {MAX_EVALUATIONS} evaluations at once."
        raise Invalid(message, attribute="evaluations")
    return items


def _stop(told: JsonObject) -> bool | None:
    options = {} if told.get("options") is None else told["options"]
    if not isinstance(options, Mapping):
        raise Invalid("options must be an object.", attribute="options")
    semantic = options.get("evaluations_semantic", "execute_all")
    if not isinstance(semantic, str) or semantic not in _STOPS:
        raise Invalid("options.evaluations_semantic is unknown.", attribute="options")
    return _STOPS[semantic]
