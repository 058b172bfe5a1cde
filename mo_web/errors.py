"""From what went wrong to what is answered: one table, shared by every door.

Besides the core's errors (``mo_access.domain.errors``) a request can fail by its credential, by
its pace, or because something that we lean on is down. A door only draws the ``Problem``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from werkzeug.exceptions import HTTPException

from mo_access.domain import errors
from mo_access.storage.engine import DatabaseDown

REALM: Final = 'Bearer realm="mijn-onderwijs"'
RETRY_SECONDS: Final = 5


class WebError(Exception):
    """Base of what goes wrong before a service is asked; the text is safe to show."""

    status: int = HTTPStatus.BAD_REQUEST

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to the answer."""
        return {}


class Unauthenticated(WebError):
    """No credential, or none that is valid (RFC 6750 section 3): 401."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, message: str, *, offered: bool) -> None:
        """Keep the sentence; ``offered`` tells whether a token was sent at all."""
        super().__init__(message)
        self.offered = offered

    @property
    def headers(self) -> dict[str, str]:
        """The challenge; without a token it names no error (RFC 6750 section 3.1)."""
        challenge = f'{REALM}, error="invalid_token"' if self.offered else REALM
        return {"WWW-Authenticate": challenge}


class InsufficientScope(WebError):
    """The token is valid but was not given this scope (RFC 6750 section 3.1): 403."""

    status = HTTPStatus.FORBIDDEN

    def __init__(self, scope: str) -> None:
        """Name the scope that is missing."""
        super().__init__(
            f"This needs the scope {scope}, which the client was not given. Who runs this service "
            "can give it (mo-access client change)."
        )
        self.scope = scope

    @property
    def headers(self) -> dict[str, str]:
        """The challenge that names the scope."""
        return {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{self.scope}"'}


class TryLater(WebError):
    """Something that we lean on is down: 503 with Retry-After, never a guess (fail closed)."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    @property
    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(RETRY_SECONDS)}


class TooMany(WebError):
    """More than the documented rate: 429 with Retry-After."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, seconds: int, why: str = "Too many requests") -> None:
        """Say of what there was too much, and in how many seconds there is room again."""
        super().__init__(f"{why}; try again in {seconds} s.")
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.seconds)}


@dataclass(frozen=True, slots=True)
class Problem:
    """A failed request, ready to be drawn by a door: nothing in it is secret."""

    status: int
    message: str
    request_id: str
    cause: Exception
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def phrase(self) -> str:
        """The standard name of the status."""
        return HTTPStatus(self.status).phrase


# From the special to the general: the first class that fits decides.
_STATUS: Final[tuple[tuple[type[errors.AccessError], HTTPStatus], ...]] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.Sensitive, HTTPStatus.FORBIDDEN),
    (errors.Invalid, HTTPStatus.BAD_REQUEST),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.LastBeheerder, HTTPStatus.CONFLICT),
    (errors.Stale, HTTPStatus.PRECONDITION_FAILED),
    (errors.Forbidden, HTTPStatus.FORBIDDEN),
    (errors.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.Refused, HTTPStatus.FORBIDDEN),
)


def problem_of(cause: Exception, request_id: str) -> Problem:
    """Return what to answer to ``cause``; what nobody foresaw is 500 and says nothing."""
    if isinstance(cause, errors.Overtaken):
        return problem_of(TryLater(cause.message), request_id)
    if isinstance(cause, errors.AccessError):
        return Problem(_core_status(cause), cause.message, request_id, cause)
    if isinstance(cause, WebError):
        return Problem(cause.status, str(cause), request_id, cause, cause.headers)
    if isinstance(cause, DatabaseDown):
        told = TryLater("The database does not answer; try again.")
        return Problem(told.status, str(told), request_id, cause, told.headers)
    if isinstance(cause, HTTPException) and cause.code is not None:
        return _http_problem(cause, cause.code, request_id)
    message = "Something went wrong here; the request id leads to the cause in our log."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, message, request_id, cause)


def _core_status(cause: errors.AccessError) -> HTTPStatus:
    fitting = (status for kind, status in _STATUS if isinstance(cause, kind))
    return next(fitting, HTTPStatus.BAD_REQUEST)


def _http_problem(cause: HTTPException, code: int, request_id: str) -> Problem:
    kept = {name: value for name, value in cause.get_headers() if name in {"Allow", "Retry-After"}}
    return Problem(code, cause.description or "", request_id, cause, kept)
