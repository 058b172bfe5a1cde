"""What a client sent and what became of it, for ``sync report`` (issue: brokers swallow errors)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from mo_access.domain.model import Actor
from mo_access.domain.text import without_numbers
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import activity as stored

LONGEST_DETAIL: Final = 500
KEPT_MICROSECONDS: Final = 90 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Activity:
    """One request of a client: what it was, how it was answered, what gave nothing.

    ``detail`` is the sentence that the client was answered with; never an INSZ or a token.
    """

    method: str
    resource: str
    resource_id: str | None
    status: int
    detail: str | None = None
    unmapped: tuple[str, ...] = ()


def record(uow: UnitOfWork, actor: Actor, *lines: Activity) -> None:
    """Write lines of activity in this transaction, however many there are in one statement."""
    if lines:
        stored.add(uow.write(), [_row(uow, actor, line) for line in lines])


def _row(uow: UnitOfWork, actor: Actor, line: Activity) -> dict[str, int | str | bytes | None]:
    unmapped = sorted(map(without_numbers, {*line.unmapped}))
    detail = without_numbers(line.detail or "")[:LONGEST_DETAIL]
    named = None if line.resource_id is None else without_numbers(line.resource_id)
    return {
        "client_pk": actor.client_pk,
        "at": uow.now,
        "method": line.method,
        "resource": line.resource,
        "resource_id": named,
        "status": line.status,
        "detail": detail or None,
        "unmapped": json.dumps(unmapped, ensure_ascii=False) if unmapped else None,
        "request_id": uow.request_id,
    }


def sweep(uow: UnitOfWork) -> int:
    """Delete activity older than ninety days; the audit trail keeps what counts."""
    return stored.sweep(uow.write(), uow.now - KEPT_MICROSECONDS)
