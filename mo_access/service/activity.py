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
    """One request of a client: what it was, how it was answered, what gave nothing or deviated.

    ``detail`` is the sentence that the client was answered with; never an INSZ or a token.
    """

    method: str
    resource: str
    resource_id: str | None
    status: int
    detail: str | None = None
    unmapped: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()


def record(uow: UnitOfWork, actor: Actor, activity: Activity) -> None:
    """Write one line of activity in this transaction."""
    unmapped = json.dumps(sorted(map(without_numbers, {*activity.unmapped})), ensure_ascii=False)
    detail = without_numbers(_told(activity))[:LONGEST_DETAIL]
    named = None if activity.resource_id is None else without_numbers(activity.resource_id)
    stored.add(
        uow.write(),
        {
            "client_pk": actor.client_pk,
            "at": uow.now,
            "method": activity.method,
            "resource": activity.resource,
            "resource_id": named,
            "status": activity.status,
            "detail": detail or None,
            "unmapped": unmapped if activity.unmapped else None,
            "request_id": uow.request_id,
        },
    )


def _told(activity: Activity) -> str:
    """Of a refusal its sentence, of what was taken the names of the deviations that passed."""
    return activity.detail or " ".join(activity.tolerated)


def sweep(uow: UnitOfWork) -> int:
    """Delete activity older than ninety days; the audit trail keeps what counts."""
    return stored.sweep(uow.write(), uow.now - KEPT_MICROSECONDS)
