"""What each client sent and what became of it, for ``sync report``; refusals are kept too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, ParamSpec

from flask import Response, request
from werkzeug.exceptions import HTTPException

from mo_access.domain.errors import AccessError, NotFound
from mo_access.service import activity
from mo_access.service.activity import Activity
from mo_access.service.tally import Kind
from mo_scim.endpoints.answer import PREFIX
from mo_web import caller, requestid, unit
from mo_web.errors import InsufficientScope, TooMany, problem_of
from mo_web.shared import shared

P = ParamSpec("P")
SEARCH: Final = ".search"
_READS: Final = frozenset({"GET", "HEAD"})
_NOT_FOUND: Final = 404
_FAILED: Final = 400


def reported(view: Callable[P, Response]) -> Callable[P, Response]:
    """Keep the refusals of a view."""

    @wraps(view)
    def watched(*args: P.args, **kwargs: P.kwargs) -> Response:
        with refusals():
            return view(*args, **kwargs)

    return watched


@contextmanager
def refusals() -> Iterator[None]:
    """Keep a refusal of the block: with its sentence, and by its number where it came too fast."""
    try:
        yield
    except (AccessError, HTTPException, InsufficientScope) as cause:
        # A look-up of what is not there is daily work of a broker and no refusal.
        if not (isinstance(cause, NotFound) and is_read()):
            _keep(cause)
        raise
    except TooMany:
        # Who is told to slow down does not make us write.
        _count(Kind.TOO_FAST)
        raise


def is_read() -> bool:
    """Tell whether the request changes nothing."""
    searches = request.method == "POST" and request.path.endswith(f"/{SEARCH}")
    return searches or request.method in _READS


def count_read(response: Response) -> Response:
    """Count a read that was answered, also with nothing."""
    if is_read() and (response.status_code < _FAILED or response.status_code == _NOT_FOUND):
        _count(Kind.READ)
    return response


def _count(kind: Kind) -> None:
    known = caller.known()
    if known is not None:
        shared().tally.count(known.client_pk, kind, f"{request.method} {_resource()}")


def _resource() -> str:
    """Name what the request is about, by its route: ``User``, ``User/.search``, ``Bulk``."""
    rule = "" if request.url_rule is None else request.url_rule.rule
    kind, _, rest = rule.removeprefix(f"{PREFIX}/").partition("/")
    return f"{kind.removesuffix('s')}/{SEARCH}" if rest == SEARCH else kind.removesuffix("s")


def _keep(cause: Exception) -> None:
    problem = problem_of(cause, requestid.current())
    actor = caller.actor()
    named = (request.view_args or {}).get("resource_id")
    refused = Activity(request.method, _resource(), named, problem.status, problem.message, ())
    with unit.apart() as apart:
        activity.record(apart, actor, refused)
        apart.commit()
