"""One way to write, whether a request of its own asks for it or an operation of a Bulk.

A writer judges what was sent and returns the change itself, which is run in the write
transaction: so nobody waits for a lock while a body is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from flask import Blueprint, Response, request

from mo_access.domain.model import Document
from mo_access.service import activity
from mo_access.service.activity import Activity
from mo_scim.endpoints import (
    answer,
    asking,
    body,
    calling,
    preconditions,
    reporting,
    retrying,
)
from mo_scim.endpoints.calling import Call
from mo_scim.endpoints.preconditions import UNCONDITIONAL, Conditions
from mo_scim.endpoints.reporting import reported
from mo_scim.mapping.render import Selection


@dataclass(frozen=True, slots=True)
class Write:
    """What is asked; ``resource_id`` is "" for a POST, ``body`` is {} for a DELETE.

    ``chosen`` is what the answer shows of the resource; None: no more than its address and tag.
    """

    resource_id: str
    body: Document
    conditions: Conditions = UNCONDITIONAL
    chosen: Selection | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write that was accepted; ``unmapped`` names what gives nothing.

    ``changed``: something is another than before.
    """

    status: int
    resource_id: str
    location: str
    etag: str | None = None
    body: bytes | None = None
    unmapped: tuple[str, ...] = ()
    changed: bool = True


Change: TypeAlias = Callable[[], Outcome]
Writer: TypeAlias = Callable[[Call, Write], Change]
Writers: TypeAlias = Mapping[str, Writer]
_NO_BODY: Final = "DELETE"
"""Its body is ignored, since some brokers send one."""


def add_to(blueprint: Blueprint, resource: str, writers: Writers, limit: int | None = None) -> None:
    """Route the writers of a resource by their methods; ``limit`` as for ``body.read``."""
    for method, writer in writers.items():
        rule = f"/{resource}s" if method == "POST" else f"/{resource}s/<id:resource_id>"
        view = _view(resource, writer, limit)
        blueprint.add_url_rule(rule, f"{resource}_{method}", view, methods=[method])


def lines(method: str, resource: str, outcome: Outcome) -> tuple[Activity, ...]:
    """Tell ``sync report`` of a write that was accepted; one that did nothing is only counted."""
    resource_id, status, unmapped = outcome.resource_id, outcome.status, outcome.unmapped
    if not (outcome.changed or unmapped):
        reporting.count_unchanged(method, resource)
        return ()
    return (Activity(method, resource, resource_id, status, None, unmapped),)


def _view(resource: str, writer: Writer, limit: int | None) -> Callable[..., Response]:
    @reported
    def answered(resource_id: str = "") -> Response:
        call = calling.current()

        def judged() -> Callable[[], Response]:
            change = writer(call, _sent(resource, resource_id, limit))
            return lambda: _answer(call, resource, change())

        return retrying.once(call, judged, limit)

    return answered


def _sent(resource: str, resource_id: str, limit: int | None) -> Write:
    conditions = preconditions.of_request()
    if request.method == _NO_BODY:
        return Write(resource_id, {}, conditions)
    chosen = asking.from_url().selection(resource)
    retrying.refuse_secrets(chosen)
    return Write(resource_id, body.read(limit=limit), conditions, chosen)


def _answer(call: Call, resource: str, outcome: Outcome) -> Response:
    activity.record(call.uow, call.actor, *lines(request.method, resource, outcome))
    if outcome.body is None:
        return answer.empty(outcome.etag)
    return answer.resource(outcome.body, outcome.etag or "", outcome.location, outcome.status)
