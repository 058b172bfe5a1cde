"""One unit of work for each request (design section 2), opened when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from mo_access.service.unit_of_work import UnitOfWork
from mo_web import exchange, requestid
from mo_web.shared import shared

_FAILED: Final = 400


def current() -> UnitOfWork:
    """Return this request's unit.

    It is committed when the view answers below 400 and rolled back otherwise; a view whose 4xx
    must leave a trace commits by itself, or works in a unit ``apart``.
    """
    now = exchange.current()
    if now.unit is None:
        now.unit = _made().open()
    return now.unit


@contextmanager
def apart() -> Iterator[UnitOfWork]:
    """Undo this request's unit and open another, which the caller commits.

    For what must be kept although the request fails: the audit of a refusal.
    """
    held = exchange.current().unit
    caller = "anonymous" if held is None else held.caller
    close()
    with _made() as unit:
        unit.caller = caller
        yield unit


def afterwards() -> Callable[[], UnitOfWork]:
    """Return what opens a unit when the request is over: for an answer that is sent in pieces.

    The unit acts for whoever made the request and must be opened and closed by the sender.
    """
    parts, request_id, caller = shared(), requestid.current(), current().caller
    return partial(
        UnitOfWork,
        parts.database,
        keys=parts.keys,
        request_id=request_id,
        caller=caller,
        now=parts.clock,
    )


def settle(status: int) -> None:
    """Commit or roll back, by the status that the view answered."""
    held = exchange.current().unit
    if held is None:
        return
    if status < _FAILED:
        held.commit()
    else:
        close()


def close() -> None:
    """Undo what was not committed and give the connection back; harmless when there is none."""
    now = exchange.current()
    held, now.unit = now.unit, None
    if held is not None:
        held.close()


def _made() -> UnitOfWork:
    parts = shared()
    return UnitOfWork(
        parts.database,
        keys=parts.keys,
        request_id=requestid.current(),
        now=parts.clock,
        terms=parts.settings.terms,
        hand_on=parts.held_tokens.put,
    )
