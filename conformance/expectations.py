r"""The small language in which the lists say what must come back, one line each.

``status 200|204`` · ``text has "Germany"`` · ``header Content-Type has "scim+json"`` ·
``/emails/*/value has "x@y"``: a JSON Pointer (RFC 6901) in which ``*`` stands for every entry,
then one of ``is`` (all values equal), ``has``, ``lacks``, ``filled``, ``absent``, ``number``,
``count``, ``least``, and what it takes as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Values = list[Any]
Judge = Callable[[Values, Any], bool]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers and body as text and as JSON (None where it is none)."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is of any type
        """The body read as JSON; None when it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def unmet(line: str, answer: Answer) -> str:
    """Return what the answer lacks of one expectation; empty when it is met."""
    subject, _, rest = line.partition(" ")
    if subject == "status":
        met = str(answer.status) in rest.split("|")
        return "" if met else f"expected status {rest}, got {answer.status}: {_detail(answer)}"
    if subject == "header":
        name, _, rest = rest.partition(" ")
        values = [answer.headers[name]] if name in answer.headers else []
    else:
        values = [answer.text] if subject == "text" else found(answer.json, subject)
    operator, _, wanted = rest.partition(" ")
    if _JUDGES[operator](values, json.loads(wanted) if wanted else None):
        return ""
    shown = "a text" if subject == "text" else json.dumps(values)[:120]
    return f"expected {line}, got {shown}"


def found(document: object, pointer: str) -> Values:
    """Return every value at a JSON Pointer, in which ``*`` is every entry; empty when none."""
    values: Values = [document]
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        values = [inner for value in values for inner in _inside(value, key)]
    return values


def _inside(value: object, key: str) -> Iterable[object]:
    if isinstance(value, dict) and key in value:
        return [value[key]]
    if isinstance(value, list):
        if key == "*":
            return value
        return value[int(key) : int(key) + 1] if key.isdigit() else []
    return []


def _detail(answer: Answer) -> str:
    detail = answer.json.get("detail", "") if isinstance(answer.json, dict) else ""
    return str(detail)[:160] or "no detail"


def _is(values: Values, wanted: object) -> bool:
    # JSON's true is not 1.
    same = [value == wanted and type(value) is type(wanted) for value in values]
    return bool(same) and all(same)


def _has(values: Values, wanted: object) -> bool:
    return any(
        wanted in value if isinstance(value, list) or _texts(value, wanted) else value == wanted
        for value in values
    )


def _texts(value: object, wanted: object) -> bool:
    return isinstance(value, str) and isinstance(wanted, str)


def _filled(values: Values, _wanted: object) -> bool:
    return bool(values) and all(value not in (None, "", [], {}) for value in values)


def _absent(values: Values, _wanted: object) -> bool:
    return all(value in (None, "", [], {}) for value in values)


def _number(values: Values, _wanted: object) -> bool:
    return bool(values) and all(type(value) is int for value in values)


_JUDGES: Final[Mapping[str, Judge]] = {
    "is": _is,
    "has": _has,
    "lacks": lambda values, wanted: not _has(values, wanted),
    "filled": _filled,
    "absent": _absent,
    "number": _number,
    "count": lambda values, wanted: len(values) == wanted,
    "least": lambda values, wanted: _number(values, None) and min(values) >= wanted,
}
