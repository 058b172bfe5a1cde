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
from mo_scim.endpoints import leeway
from mo_web import caller, requestid, unit
from mo_web.errors import problem_of

P = ParamSpec("P")
_READS: Final = frozenset({"GET", "HEAD"})


def reported(resource: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Keep the refusals of a view about this kind of resource."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def watched(*args: P.args, **kwargs: P.kwargs) -> Response:
            with _refusals(resource):
                return view(*args, **kwargs)

        return watched

    return decorate


def done(resource: str, resource_id: str, status: int, unmapped: tuple[str, ...] = ()) -> None:
    """Keep a write that was accepted, in its own transaction, with what gives nothing."""
    activity.record(
        unit.current(),
        caller.actor(),
        Activity(request.method, resource, resource_id, status, None, unmapped, leeway.taken()),
    )


@contextmanager
def _refusals(resource: str) -> Iterator[None]:
    try:
        yield
    except (AccessError, HTTPException) as cause:
        # A look-up of what is not there is daily work of a broker and no refusal.
        if not (isinstance(cause, NotFound) and request.method in _READS):
            _keep(resource, cause)
        raise


def _keep(resource: str, cause: Exception) -> None:
    problem = problem_of(cause, requestid.current())
    actor = caller.actor()
    named = (request.view_args or {}).get("resource_id")
    refused = Activity(request.method, resource, named, problem.status, problem.message, ())
    with unit.apart() as apart:
        activity.record(apart, actor, refused)
        apart.commit()
