"""``POST /Bulk`` (RFC 7644 section 3.7): many operations in one database transaction.

Each operation has a savepoint and runs the code that a request of its own would run. What
needs no id of another operation is judged before the transaction begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import Conflict, HTTPException

from mo_access.domain.errors import AccessError, Invalid
from mo_access.domain.model import Document, Json
from mo_access.domain.text import without_numbers
from mo_access.service import activity
from mo_access.service.activity import Activity
from mo_scim.discovery import BULK_BYTES
from mo_scim.endpoints import (
    answer,
    body,
    calling,
    errors,
    groups,
    leeway,
    preconditions,
    retrying,
    users,
    writing,
)
from mo_scim.endpoints.calling import Call
from mo_scim.endpoints.reporting import reported
from mo_scim.endpoints.writing import Change, Outcome, Write
from mo_scim.mapping import bulk as bulk_messages
from mo_scim.mapping import bulk_plan, messages
from mo_scim.mapping.bulk import Message, Operation
from mo_scim.mapping.bulk_plan import Step
from mo_web import requestid
from mo_web.errors import problem_of

RESPONSE: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_WRITERS: Final = {"User": users.WRITERS, "Group": groups.WRITERS}
_REFUSALS: Final = (AccessError, HTTPException)
_CREATED: Final = 201


def add_to(blueprint: Blueprint) -> None:
    """Put the view on the door."""
    blueprint.add_url_rule("/Bulk", view_func=bulk, methods=["POST"])


@reported
def bulk() -> Response:
    """Do all operations that can be done, and say of each what became of it."""
    call = calling.current()

    def judged() -> Callable[[], Response]:
        sent = body.read(limit=BULK_BYTES)
        messages.check(sent, messages.BULK, call.profile)
        return Work(call, bulk_messages.read(sent)).answered

    return retrying.once(call, judged, BULK_BYTES)


class Work:
    """One Bulk under way: what was created, and what became of each operation so far."""

    def __init__(self, call: Call, message: Message) -> None:
        """Judge what needs nothing of the others; nothing is written yet."""
        self._call = call
        self._message = message
        self._steps = bulk_plan.plan(message.operations)
        self._creations = {op.bulk_id for op in message.operations if op.method == "POST"}
        self._ids: dict[str, str] = {}
        self._lines: list[Activity] = []
        self._results: dict[int, Document] = {}
        self._failures = 0
        self._judged = [self._early(operation) for operation in message.operations]

    def answered(self) -> Response:
        """Do the steps in the write transaction and answer; the results stand as they were sent."""
        most = self._message.fail_on_errors
        for step in self._steps:
            if most is not None and self._failures >= most:
                break
            self._do(step)
        activity.record(self._call.uow, self._call.actor, *self._lines)
        told: list[Json] = [self._results[place] for place in sorted(self._results)]
        whole: Document = {"schemas": [RESPONSE], "Operations": told}
        return answer.document(json.dumps(whole, ensure_ascii=False).encode())

    def _early(self, operation: Operation) -> Change | None:
        """Judge an operation, unless it has to wait for an id."""
        change = None
        if not bulk_plan.references(operation):
            try:
                change = self._change(operation)
            except _REFUSALS as cause:
                change = _refused(cause)
        leeway.count()
        return change

    def _do(self, step: Step) -> None:
        """Do one step, or nothing of it: the savepoint takes back what was written."""
        done: dict[int, Outcome] = {}
        at = step.places[0]
        try:
            with self._call.uow.attempt():
                for at in step.places:
                    done[at] = self._made(at, step)
                for at in step.places if step.circular else ():
                    done[at] = self._linked(at, done[at])
        except _REFUSALS as cause:
            for place in done:
                self._ids.pop(self._message.operations[place].bulk_id or "", None)
            for place in step.places:
                self._failed(place, cause if place == at else _in_circle())
        else:
            for place, outcome in done.items():
                self._succeeded(place, outcome)
        leeway.count()

    def _made(self, place: int, step: Step) -> Outcome:
        """Do an operation; a creation in a circle without what is not there yet."""
        operation = self._message.operations[place]
        ready = self._judged[place]
        if ready is None:
            if step.circular:
                partners = {self._message.operations[p].bulk_id for p in step.places}
                later = [name for name in partners - self._ids.keys() if name]
                operation = bulk_plan.without(operation, later)
            ready = self._change(self._resolved(operation))
        outcome = ready()
        if operation.method == "POST" and operation.bulk_id:
            self._ids[operation.bulk_id] = outcome.resource_id
        return outcome

    def _linked(self, place: int, made: Outcome) -> Outcome:
        """Write a creation of a circle once more, with every reference (PUT)."""
        operation = self._resolved(self._message.operations[place])
        write = Write(made.resource_id, operation.data)
        linked = _WRITERS[operation.resource]["PUT"](self._call, write)()
        return Outcome(_CREATED, made.resource_id, made.location, linked.etag, None, made.unmapped)

    def _resolved(self, operation: Operation) -> Operation:
        """Replace references by ids. Raises for one that leads nowhere."""
        for name in bulk_plan.references(operation):
            shown = without_numbers(name)[:64]
            if name not in self._creations:
                message = f"bulkId:{shown}: no POST of this Bulk has this bulkId."
                raise Invalid(message, attribute="bulkId")
            if name not in self._ids:
                raise Conflict(f"bulkId:{shown}: was not created, so nothing can refer to it.")
        return bulk_plan.resolved(operation, self._ids)

    def _change(self, operation: Operation) -> Change:
        """Judge as the view of a single request would; raises what is wrong."""
        if operation.refusal is not None:
            raise operation.refusal
        write = Write(operation.target, operation.data, preconditions.of_version(operation.version))
        return _WRITERS[operation.resource][operation.method](self._call, write)

    def _succeeded(self, place: int, outcome: Outcome) -> None:
        operation = self._message.operations[place]
        self._lines += writing.lines(operation.method, operation.resource, outcome)
        told = _named(operation) | {"location": outcome.location, "status": str(outcome.status)}
        if outcome.etag is not None:
            told["version"] = outcome.etag
        self._results[place] = told

    def _failed(self, place: int, cause: Exception) -> None:
        """Tell the client, and ``sync report``, why nothing came of an operation."""
        operation = self._message.operations[place]
        problem = problem_of(cause, requestid.current())
        target = operation.target or None
        self._lines.append(
            Activity(
                operation.method or "?",
                operation.resource or "Bulk",
                target,
                problem.status,
                problem.message,
            )
        )
        told = _named(operation) | {"status": str(problem.status)}
        if target and not target.startswith(bulk_plan.PREFIX):
            told["location"] = f"{self._call.base}/{operation.resource}s/{target}"
        told["response"] = errors.document(problem)
        self._results[place] = told
        self._failures += 1


def _named(operation: Operation) -> Document:
    """Return what tells the client which operation a result belongs to."""
    told: Document = {"method": operation.said} if operation.said else {}
    return told | ({"bulkId": operation.bulk_id} if operation.bulk_id else {})


def _refused(cause: Exception) -> Change:
    """Return a change that ends in this refusal when its turn comes."""

    def change() -> Outcome:
        raise cause

    return change


def _in_circle() -> Conflict:
    return Conflict("Another operation in the circle of references failed; nothing of it is done.")
