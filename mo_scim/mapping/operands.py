"""The value of a comparison as the core compares it: text, or an integer for times and flags."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from mo_access.domain.criteria import Op
from mo_access.domain.text import fold
from mo_scim.mapping.addressing import Place
from mo_scim.mapping.refusals import InvalidFilter

_TIMES: Final = frozenset({"meta.created", "meta.lastModified"})
_ORDER: Final = frozenset({Op.GT, Op.GE, Op.LT, Op.LE})
_PARTS: Final = frozenset({Op.CO, Op.SW, Op.EW})
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def operand(place: Place, op: Op, value: object) -> str | int:
    """Return the value for this attribute; raises ``InvalidFilter`` when the two do not go."""
    text = _text(value)
    if place.target.kind == "boolean":
        return _flag(place, op, text)
    if place.full_name in _TIMES:
        return _moment(place, op, text)
    if place.target.kind == "binary" and op is not Op.EQ and op is not Op.NE:
        raise InvalidFilter(f"filter: {op.value} cannot be used with {place.name}.")
    if place.target.name == "insz" and op not in {Op.EQ, Op.NE}:
        raise InvalidFilter("filter: insz can only be compared with eq.")
    if place.target.name == "insz":
        return "".join(re.findall(r"[0-9]", text))
    return text


def holds(constant: str, op: Op, value: object) -> bool:
    """Compare a value that every resource has, without case."""
    if value is None:
        return op is Op.NE
    return stands(fold(constant), op, fold(_text(value)))


def stands(known: str, op: Op, asked: str) -> bool:
    """Compare two texts by code point."""
    return {
        Op.EQ: known == asked,
        Op.NE: known != asked,
        Op.CO: asked in known,
        Op.SW: known.startswith(asked),
        Op.EW: known.endswith(asked),
        Op.GT: known > asked,
        Op.GE: known >= asked,
        Op.LT: known < asked,
        Op.LE: known <= asked,
    }[op]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidFilter("filter: holds a character that no value can have.")
    return text


def _flag(place: Place, op: Op, text: str) -> str | int:
    """Return 1 or 0 for the person's own flag, the word for one in the value index."""
    if op in _ORDER | _PARTS:
        raise InvalidFilter(f"filter: {op.value} cannot be used with {place.name}.")
    word = fold(text)
    if word not in {"true", "false"}:
        raise InvalidFilter(f"filter: {place.name} is true or false.")
    return int(word == "true") if place.key == "active" else word


def _moment(place: Place, op: Op, text: str) -> int:
    """Return a time as microseconds; digits past the sixth are cut off, as Entra sends seven."""
    if op in _PARTS:
        raise InvalidFilter(f"filter: {op.value} cannot be used with a time.")
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - _EPOCH) // (aware.resolution)
    except (ValueError, OverflowError):
        message = f"filter: {place.full_name} is a time. Write it as in: 2026-11-24T08:00:00Z."
        raise InvalidFilter(message) from None
