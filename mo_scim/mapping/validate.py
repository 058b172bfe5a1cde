"""Judge a normalised resource by its schemas: what must be there, be one, and be well formed.

The rules are compiled once from the tree of ``shape`` into closures that look only where there
is a rule. Names, kinds and lists were judged by ``normalise``. scim2-models is the oracle: a test
holds that both accept and refuse the same (tests/scim/mapping/test_validate.py).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic_core import Url

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document
from mo_scim.mapping.shape import Attribute, shape

Judge: TypeAlias = Callable[[Any, str], None]
"""Refuses a value that breaks a rule; the text is the path of the value, for the refusal."""


def validate(body: Document, resource: str) -> None:
    """Raise ``Invalid`` that names the attribute, what is wrong and what to do.

    ``body`` is normalised and holds no read-only attribute; ``schemas`` was judged before. The
    text never holds the value, which may be sensitive.
    """
    judge = _rules(resource)
    if judge is not None:
        judge(body, "")


@cache
def _rules(resource: str) -> Judge | None:
    return _of(shape(resource))


def _of(attribute: Attribute) -> Judge | None:
    """Compile the rules for the value of an attribute; None where there are none."""
    if attribute.read_only:
        return None
    one = _object(attribute) if attribute.kind == "complex" else _FORMS[attribute.kind](attribute)
    return _entries(attribute, one) if attribute.multi else one


def _object(attribute: Attribute) -> Judge | None:
    parts = attribute.subs.values()
    needed = [part.name for part in parts if part.required and not part.read_only]
    judges = {part.name: judge for part in parts if (judge := _of(part)) is not None}
    joint = ":" if attribute.extension else "."

    def judge_object(value: Document, where: str) -> None:
        start = where and f"{where}{joint}"
        for name in needed:
            if name not in value:
                raise _refusal(f"{start}{name}", "is required. Send a value that is not empty")
        for name, inner in value.items():
            judge = judges.get(name)
            if judge is not None:
                judge(inner, f"{start}{name}")

    return judge_object if needed or judges else None


def _entries(attribute: Attribute, one: Judge | None) -> Judge | None:
    """Judge every entry; at most one is the primary one (RFC 7643 section 2.4)."""
    ranked = "primary" in attribute.subs

    def judge_entries(entries: list[Any], where: str) -> None:
        if ranked and sum(entry.get("primary") is True for entry in entries) > 1:
            raise _refusal(where, "has more than one primary entry. Mark one at most")
        if one is not None:
            for place, entry in enumerate(entries):
                one(entry, f"{where}[{place}]")

    return judge_entries if ranked or one is not None else None


def _plain(_attribute: Attribute) -> None:
    """Have no rule: ``normalise`` has seen to the form."""


def _reference(attribute: Attribute) -> Judge | None:
    return _judge_uri if attribute.uri else None


def _binary(_attribute: Attribute) -> Judge:
    return _judge_base64


_FORMS: Final[Mapping[str, Callable[[Attribute], Judge | None]]] = {
    "string": _plain,
    "boolean": _plain,
    "reference": _reference,
    "binary": _binary,
}
"""The kinds that clients write; one that is not here has no rules yet and fails at once."""


def _judge_uri(value: str, where: str) -> None:
    """Refuse what is neither a URI nor a relative one (RFC 7643 section 2.3.7)."""
    if value.startswith("/"):
        return
    try:
        Url(value)
    except ValueError:
        raise _refusal(where, "is no URI. Send one as in https://school.example") from None


def _judge_base64(value: str, where: str) -> None:
    try:
        base64.b64decode(value.encode())
    except ValueError:
        raise _refusal(where, "is not base64. Send it base64-encoded") from None


def _refusal(where: str, sentence: str) -> Invalid:
    return Invalid(f"{where}: {sentence}.", attribute=where)
