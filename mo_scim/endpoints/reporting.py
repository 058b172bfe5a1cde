"""What each client sent and what became of it, for ``sync report``; refusals are kept too."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, ParamSpec, TypeVar

from flask import Response, request
from werkzeug.exceptions import HTTPException

from mo_access.domain.errors import AccessError, NotFound
from mo_access.service import activity
from mo_access.service.activity import Activity
from mo_access.service.tally import Kind
from mo_scim.endpoints.answer import PREFIX
from mo_web import caller, exchange, requestid, unit
from mo_web.errors import InsufficientScope, TooMany, problem_of
from mo_web.shared import shared

P = ParamSpec("P")
T = TypeVar("T")
SEARCH: Final = ".search"
_READS: Final = frozenset({"GET", "HEAD"})
_NOT_FOUND: Final = 404
_FAILED: Final = 400


def reported(asked: Callable[P, T]) -> Callable[P, T]:
    """Keep a refusal of a view, or of a question that comes before it.

    With its sentence, and only by its number where the request came too fast.
    """

    @wraps(asked)
    def watched(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return asked(*args, **kwargs)
        except (AccessError, HTTPException, InsufficientScope) as cause:
            # A look-up of what is not there is daily work of a broker and no refusal.
            if not (isinstance(cause, NotFound) and is_read()):
                _keep(cause)
            raise
        except TooMany:
            # Who is told to slow down does not make us write.
            _count(Kind.TOO_FAST)
            raise

    return watched


def is_read() -> bool:
    """Tell whether the request changes nothing."""
    now = exchange.current()
    return now.method in _READS or (now.method == "POST" and now.path.endswith(f"/{SEARCH}"))


def count_read(response: Response) -> Response:
    """Count a read that was answered, also with nothing."""
    if is_read() and (response.status_code < _FAILED or response.status_code == _NOT_FOUND):
        _count(Kind.READ)
    return response


def count_unchanged(method: str, resource: str) -> None:
    """Count a write that was taken and changed nothing: a row for each would be all it writes."""
    shared().tally.count(caller.actor().client_pk, Kind.UNCHANGED, f"{method} {resource}")


def _count(kind: Kind) -> None:
    known = caller.known()
    if known is not None:
        shared().tally.count(known.client_pk, kind, f"{request.method} {_resource()}")


def _resource() -> str:
    rule = exchange.current().url_rule
    return _named("" if rule is None else rule.rule)


@lru_cache(maxsize=64)
def _named(rule: str) -> str:
    """Name what a request is about, by its route: ``User``, ``User/.search``, ``Bulk``."""
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
