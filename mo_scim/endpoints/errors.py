"""Problems as SCIM errors (RFC 7644 section 3.12)."""

from __future__ import annotations

import json
from typing import Final

from flask import Response
from werkzeug.exceptions import MethodNotAllowed, NotFound

from mo_access.domain.errors import Conflict, Sensitive
from mo_access.domain.model import Document
from mo_scim.endpoints import answer
from mo_scim.mapping.refusals import scim_type
from mo_web.errors import Problem
from mo_web.shared import absolute

_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_BAD_REQUEST: Final = 400


def render(problem: Problem) -> Response:
    """Draw a problem."""
    body = json.dumps(document(problem), ensure_ascii=False).encode()
    return answer.document(body, problem.status)


def document(problem: Problem) -> Document:
    """Return the message; ``status`` is text, ``scimType`` stands only where the RFC names one."""
    body: Document = {"schemas": [_ERROR], "status": str(problem.status)}
    kind = _kind(problem)
    if kind:
        body["scimType"] = kind
    body["detail"] = _detail(problem)
    return body


def _detail(problem: Problem) -> str:
    """Say of an address in the words of this door; the router's speak of URLs typed by hand."""
    if isinstance(problem.cause, NotFound):
        base = absolute(answer.PREFIX)
        return f"Nothing has this address. SCIM is at {base}; GET /ResourceTypes there lists it."
    if isinstance(problem.cause, MethodNotAllowed):
        return "This address does not have that method. The header Allow names those that it has."
    return problem.message or problem.phrase


def _kind(problem: Problem) -> str | None:
    if isinstance(problem.cause, Conflict):
        return "uniqueness"
    if isinstance(problem.cause, Sensitive):
        return "sensitive"
    return scim_type(problem.cause) if problem.status == _BAD_REQUEST else None
