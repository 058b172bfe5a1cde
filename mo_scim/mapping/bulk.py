"""The BulkRequest message (RFC 7644 section 3.7): which operations, and what is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from mo_access.domain.errors import AccessError, Invalid, NotFound, TooLarge
from mo_access.domain.model import Document, Json
from mo_scim.mapping import messages
from mo_scim.mapping.refusals import InvalidSyntax

MAX_OPERATIONS: Final = 1_000
_RESOURCES: Final = {"Users": "User", "Groups": "Group"}
_NAME: Final = re.compile(r"[A-Z]{1,20}")
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``target`` is an id, ``bulkId:…``, or "" for a POST.

    ``refusal`` is what is wrong with it in itself, which does not hinder the others; ``said``
    is the method as it was sent, which the result has to name, also where it is none.
    """

    method: str
    resource: str = ""
    target: str = ""
    bulk_id: str | None = None
    version: str | None = None
    data: Document = field(default_factory=dict)
    refusal: AccessError | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The operations in their order; ``fail_on_errors`` failures end the whole, None never."""

    operations: tuple[Operation, ...]
    fail_on_errors: int | None


def read(body: Document) -> Message:
    """Read a message whose operations may be wrong each for itself.

    Raises ``InvalidSyntax`` when it is no such message, ``TooLarge`` beyond 1,000 operations.
    """
    parts = messages.parts(body)
    items = parts.get("operations")
    if not isinstance(items, list) or not items:
        raise InvalidSyntax("Operations: is required. Send a list of operations.")
    if len(items) > MAX_OPERATIONS:
        message = f"Operations: a Bulk has at most {MAX_OPERATIONS}. Send it in parts."
        raise TooLarge(message, attribute="Operations")
    operations = [_operation(item) for item in items]
    return Message(tuple(_unique(operations)), _limit(parts.get("failonerrors")))


def _limit(value: Json) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = "failOnErrors: must be an integer of 1 or more. Leave it out to go on always."
        raise Invalid(message, attribute="failOnErrors")
    return value


def _operation(item: Json) -> Operation:
    try:
        parts = messages.parts(item) if isinstance(item, dict) else {}
    except InvalidSyntax as refusal:
        return Operation("", refusal=refusal)
    method = str(parts.get("method", "")).upper()
    known = method in _METHODS
    read_so_far = Operation(
        method if known else "",
        bulk_id=_text(parts.get("bulkid")),
        version=_text(parts.get("version")),
        said=method if known or _NAME.fullmatch(method) else None,
    )
    try:
        return _checked(read_so_far, parts)
    except AccessError as refusal:
        return replace(read_so_far, refusal=refusal)


def _checked(operation: Operation, parts: Document) -> Operation:
    """Complete an operation. Raises what is wrong with it."""
    if not operation.method:
        message = "method: is not one of a Bulk. Send POST, PUT, PATCH or DELETE."
        raise InvalidSyntax(message, attribute="method")
    resource, target = _place(parts.get("path"))
    if (operation.method == "POST") is not (target == ""):
        message = "path: is /Users or /Groups for a POST, and names one resource for any other."
        raise Invalid(message, attribute="path")
    if operation.method == "POST" and not operation.bulk_id:
        message = "bulkId: is required for a POST. Send a text that no other operation has."
        raise Invalid(message, attribute="bulkId")
    if not isinstance(parts.get("version", ""), str | None):
        raise Invalid("version: must be text, as an ETag is.", attribute="version")
    # A DELETE has none: what stands there counts as little as a body does (docs/profiles.md).
    data = {} if operation.method == "DELETE" else parts.get("data")
    if not isinstance(data, dict):
        raise InvalidSyntax("data: is required. Send the object that the request would have.")
    return replace(operation, resource=resource, target=target, data=data)


def _place(path: Json) -> tuple[str, str]:
    """Return the resource and the id of ``/Users/…``; without a slash in front is well too."""
    if not isinstance(path, str):
        raise Invalid("path: is required. Send it as in /Users.", attribute="path")
    collection, _, target = path.removeprefix("/").partition("/")
    if collection not in _RESOURCES or "/" in target:
        raise NotFound("path: is no endpoint of a Bulk; those are /Users and /Groups.")
    return _RESOURCES[collection], target


def _unique(operations: list[Operation]) -> list[Operation]:
    """Refuse creations that share a bulkId: nobody could tell which one is meant."""
    times = Counter(op.bulk_id for op in operations if op.method == "POST")
    refusal = Invalid("bulkId: stands at another POST too. Give each its own.", attribute="bulkId")
    return [
        replace(op, refusal=refusal)
        if op.method == "POST" and op.bulk_id and times[op.bulk_id] > 1
        else op
        for op in operations
    ]


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
