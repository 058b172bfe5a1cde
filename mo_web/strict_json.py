"""JSON from outside, read strictly: one meaning only, and a refusal for everything else."""

import json
import math
from collections.abc import Mapping

JsonObject = Mapping[str, object]


class NotStrictJsonError(ValueError):
    """The text is not one JSON object with a single meaning (RFC 8259 §4, I-JSON RFC 7493)."""


def parse_object(raw: bytes | str) -> JsonObject:
    """Return the JSON object in `raw`.

    Refused are repeated members, NaN, numbers out of range, and half characters (lone surrogates),
    which no database and no header can hold.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        value: object = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
        _refuse_half_characters(text, value)
    except (ValueError, RecursionError) as error:
        # The cause is dropped: its message can quote the text, and the text can be a token.
        raise NotStrictJsonError(type(error).__name__) from None
    if not isinstance(value, dict):
        msg = "not an object"
        raise NotStrictJsonError(msg)
    return value


def _refuse_half_characters(text: str, value: object) -> None:
    """Raise ``ValueError`` when a text in `value` has no UTF-8 (RFC 7493 §2.1)."""
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode("utf-8")


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "repeated member"
        raise NotStrictJsonError(msg)
    return members


def _refuse_constant(name: str) -> object:
    msg = f"constant {name}"
    raise NotStrictJsonError(msg)


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = "number out of range"
        raise NotStrictJsonError(msg)
    return number
