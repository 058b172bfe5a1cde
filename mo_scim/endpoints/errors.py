"""Problems as SCIM errors (RFC 7644 section 3.12)."""

from __future__ import annotations

import json
from typing import Final

from flask import Response

from mo_access.domain.errors import Conflict, Sensitive
from mo_scim.endpoints import answer
from mo_scim.mapping.refusals import scim_type
from mo_web.errors import Problem

_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_BAD_REQUEST: Final = 400


def render(problem: Problem) -> Response:
    """Draw a problem; ``status`` is text, ``scimType`` stands only where the RFC names one."""
    body = {"schemas": [_ERROR], "status": str(problem.status)}
    kind = _kind(problem)
    if kind:
        body["scimType"] = kind
    body["detail"] = problem.message or problem.phrase
    return answer.document(json.dumps(body, ensure_ascii=False).encode(), problem.status)


def _kind(problem: Problem) -> str | None:
    if isinstance(problem.cause, Conflict):
        return "uniqueness"
    if isinstance(problem.cause, Sensitive):
        return "sensitive"
    return scim_type(problem.cause) if problem.status == _BAD_REQUEST else None
