"""``Idempotency-Key``: a request that is repeated after an unknown outcome is done once.

Refusals are not kept: they changed nothing, so the repeated request is simply judged again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from flask import Response, request
from werkzeug.exceptions import UnprocessableEntity

from mo_access.domain.errors import Invalid
from mo_access.service import idempotency
from mo_access.service.idempotency import Answer, Kept
from mo_scim.endpoints import body
from mo_scim.endpoints.calling import Call
from mo_scim.mapping.render import Selection

KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_WELL_FORMED: Final = re.compile(r"[\x20-\x7e]{1,255}")
_HEADERS: Final = ("Content-Type", "ETag", "Location")

Judged: TypeAlias = Callable[[], Callable[[], Response]]
"""Judges a request and returns the change that answers it."""


def once(call: Call, judged: Judged, limit: int | None) -> Response:
    """Do a change, or replay the answer to the same request under the same key.

    ``limit`` as for ``body.read``. Raises 422 when the key named another request.
    """
    key = _key()
    if key is None:
        return judged()()
    told = _digest(call, limit)
    kept = idempotency.find(call.uow, call.actor, key)
    if kept is None:
        change = judged()
        kept = idempotency.claim(call.uow, call.actor, key, told)
        if kept is None:
            return _kept(call, key, change())
    return _replayed(kept, told)


def refuse_secrets(chosen: Selection) -> None:
    """Refuse to keep an answer that shows an INSZ: what is kept is not encrypted."""
    if chosen.asks_insz and KEY in request.headers:
        message = (
            f"{KEY}: an answer with the insz is never kept. Leave out the key, or ask for the "
            "number with a request of its own."
        )
        raise Invalid(message, attribute="attributes")


def _key() -> str | None:
    value = request.headers.get(KEY)
    if value is not None and not _WELL_FORMED.fullmatch(value):
        raise Invalid(f"{KEY}: must be 1 to 255 printable ASCII characters.", attribute=KEY)
    return value


def _digest(call: Call, limit: int | None) -> bytes:
    url = request.full_path.encode("utf-8", "surrogateescape")
    conditions = f"{request.headers.get('If-Match')}|{request.headers.get('If-None-Match')}"
    parts = (request.method.encode(), url, conditions.encode(), body.raw(limit=limit))
    return idempotency.digest(call.uow, *parts)


def _kept(call: Call, key: str, response: Response) -> Response:
    headers = tuple((n, response.headers[n]) for n in _HEADERS if n in response.headers)
    answer = Answer(response.status_code, headers, response.get_data())
    idempotency.keep(call.uow, call.actor, key, answer)
    return response


def _replayed(kept: Kept, told: bytes) -> Response:
    if kept.request != told:
        raise UnprocessableEntity(f"{KEY}: named another request before. Send a new key.")
    response = Response(kept.answer.body, kept.answer.status)
    del response.headers["Content-Type"]
    response.headers.extend(kept.answer.headers)
    response.headers[REPLAYED] = "true"
    return response
