"""One exchange: the request, and what is found out about it while it is answered.

What every request needs stands here as attributes of one object, which is looked up once by whom
asks: each use of Flask's ``request`` and ``g`` is a look-up of its own.
"""

from __future__ import annotations

from typing import Final, cast

from flask import Request, request
from werkzeug.local import LocalProxy

from mo_access.domain.model import Actor
from mo_access.service.unit_of_work import UnitOfWork


class Exchange(Request):
    """A request of our application; ``requestid``, ``unit``, ``caller`` and ``log`` fill it in."""

    began = 0.0
    request_id = ""
    unit: UnitOfWork | None = None
    actor: Actor | None = None


_look_up: Final = cast("LocalProxy[Exchange]", request)._get_current_object  # noqa: SLF001 - documented by werkzeug for this use


def current() -> Exchange:
    """Return the exchange that this thread works on; only inside a request."""
    return _look_up()
