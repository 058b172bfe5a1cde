"""From a decision to AuthZEN's answer (Authorization API 1.0, section 5.5)."""

from __future__ import annotations

from flask import Response, jsonify

from mo_access.domain.errors import AccessError
from mo_access.domain.policy import Decision, Reason
from mo_web.errors import Problem
from mo_web.reasons import TEXTS

Answer = dict[str, object]

NO = Decision(allowed=False, reason=Reason.UNKNOWN)


def answer(decision: Decision) -> Answer:
    """Return the decision with its reason: a no is told to the person and to the operator."""
    text = TEXTS[decision.reason]
    context: Answer = {"reason_code": decision.reason.value}
    if not decision.allowed:
        context["reason_admin"] = {"en": text.operator}
        context["reason_user"] = {"nl": text.dutch, "en": text.english}
    return {"decision": decision.allowed, "context": context}


def refused(error: AccessError, status: int) -> Answer:
    """Return the no of one evaluation among several that could not be read (section 7.2.1)."""
    return {
        "decision": False,
        "context": {"error": {"status": status, "message": error.message}},
    }


def render_error(problem: Problem) -> Response:
    """Draw a problem as JSON; no problem ever reads as a decision."""
    return jsonify(error=problem.phrase, message=problem.message, request_id=problem.request_id)
