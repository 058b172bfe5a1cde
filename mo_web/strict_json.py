"""JSON from outside, read strictly: one meaning only, and a refusal for everything else."""

import json
import math
from collections.abc import Mapping

JsonObject = Mapping[str, object]


class NotStrictJsonError(ValueError):
    """The text is not one JSON object with a single meaning (RFC 8259 §4, I-JSON RFC 7493).

    Its message says what is wrong, to stand behind what the text is; it quotes none of it.
    """


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
    except NotStrictJsonError:
        raise
    except (ValueError, RecursionError) as error:
        # The cause is dropped: its message can quote the text, and the text can be a token.
        raise NotStrictJsonError(_told(error, raw)) from None
    if not isinstance(value, dict):
        raise NotStrictJsonError("is JSON, but no object")
    return value


def _told(error: Exception, raw: bytes | str) -> str:
    """Say what is wrong, and where that is known, without a word of the text."""
    if not raw.strip():
        return "is empty"
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON from line {error.lineno}, column {error.colno} on"
    if isinstance(error, UnicodeError):
        return "holds what is no UTF-8, or half of a surrogate pair"
    return "is nested too deep, or holds a number that is too long"


def _refuse_half_characters(text: str, value: object) -> None:
    """Raise ``ValueError`` when a text in `value` has no UTF-8 (RFC 7493 §2.1)."""
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode("utf-8")


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJsonError("has a name twice in one object")
    return members


def _refuse_constant(name: str) -> object:
    raise NotStrictJsonError(f"holds {name}, which is no JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictJsonError("holds a number out of range")
    return number
