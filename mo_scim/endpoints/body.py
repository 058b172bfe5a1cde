"""The body of a request as one JSON object, or a refusal that says what is wrong with it."""

from __future__ import annotations

from codecs import BOM_UTF8
from itertools import chain
from typing import Final, cast

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from mo_access.domain.errors import TooLarge
from mo_access.domain.model import Document, Json
from mo_scim.endpoints import calling
from mo_scim.mapping.refusals import InvalidSyntax
from mo_scim.profiles import Deviation
from mo_web.strict_json import NotStrictJsonError, parse_object

MAX_DEPTH: Final = 32
GROUP_BYTES: Final = 32 * 1024 * 1024
_TYPES: Final = frozenset({"application/scim+json", "application/json", ""})


def raw(*, limit: int | None = None) -> bytes:
    """Return the bytes; ``limit`` of them at most, where it is not the application's own.

    Raises ``TooLarge`` (413) that says the limit (rule 12).
    """
    if limit is not None:
        request.max_content_length = limit
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        most = request.max_content_length
        raise TooLarge(f"The body has more than {most} bytes. Send it in parts.") from None


def read(*, limit: int | None = None) -> Document:
    """Return the object; ``limit`` as for ``raw``.

    Raises ``InvalidSyntax``, 413 or 415.
    """
    if request.mimetype not in _TYPES:
        raise UnsupportedMediaType(
            "Content-Type: is not that of SCIM. Send application/scim+json or application/json."
        )
    sent = _without_mark(raw(limit=limit))
    try:
        body = cast("Document", parse_object(sent))
    except NotStrictJsonError as fault:
        raise InvalidSyntax(f"The body: {fault}. Send one JSON object in UTF-8.") from None
    _check_depth(body)
    _check_text(body, sent)
    return body


def _without_mark(raw: bytes) -> bytes:
    """Take a byte order mark away, which may be ignored (RFC 8259 section 8.1)."""
    marked = raw.startswith(BOM_UTF8)
    tolerated = marked and calling.current().profile.allows(Deviation.BYTE_ORDER_MARK)
    return raw[len(BOM_UTF8) :] if tolerated else raw


def _check_depth(body: Document) -> None:
    level: list[Document | list[Json]] = [body]
    for _ in range(MAX_DEPTH - 1):
        inner = chain.from_iterable(
            each.values() if isinstance(each, dict) else each for each in level
        )
        # Texts and numbers, the most by far, are left behind at once.
        level = [value for value in inner if isinstance(value, (dict, list))]
        if not level:
            return
    if any(level):
        raise InvalidSyntax(f"The body is nested deeper than {MAX_DEPTH}. Send it flatter.")


def _check_text(body: Document, raw: bytes) -> None:
    """Refuse NUL and lone surrogates, which no database keeps; they only come escaped."""
    lowered = raw.lower()
    if b"\\u0000" not in lowered and b"\\ud" not in lowered:
        return
    level: list[Json] = [body]
    while level:
        value = level.pop()
        if isinstance(value, dict):
            level.extend(value)
            level.extend(value.values())
        elif isinstance(value, list):
            level.extend(value)
        elif isinstance(value, str) and not _is_storable(value):
            raise InvalidSyntax("The body holds a NUL or half of a surrogate pair. Leave it out.")


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
