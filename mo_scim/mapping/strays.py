"""Numbers of the national register where they do not belong (domain.md, People; design 007).

``insz`` is sealed; every other text is stored, shown, listed and exported as it is. So a valid
number anywhere else is refused, in a group name as in a userName. Texts that were stored before
stay as they are: the PUT that deactivates a person must not fail on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from mo_access.domain import insz
from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, Json
from mo_access.domain.spelled import ascii_digits, elevens
from mo_scim.mapping.institutions import BRUSSELS
from mo_scim.mapping.request import part
from mo_scim.resources import ENTERPRISE, USER_EXTENSION

_SHORTEST: Final = 11
_ELSEWHERE: Final = frozenset(
    {
        "schemas",
        "password",
        "phoneNumbers",
        "photos",
        "x509Certificates",
        f"{USER_EXTENSION}:insz",
        f"{ENTERPRISE}:employeeNumber",
    }
)
"""What is judged or dropped by others, and where eleven digits are daily work: two in a hundred
Belgian telephone numbers, and the numbers of the staff register (a digit of sex, the birth date,
four digits), would be taken for one."""


def refuse(sent: Document, before: Document) -> None:
    """Raise ``Invalid`` for a number in a text that ``before``, the stored document, has not.

    ``sent`` is normalised. The refusal names the attribute, never the number. Digits that are no
    valid number pass, and so do telephone and employee numbers that are not the one sent as
    ``insz``.
    """
    own = ascii_digits(str(part(sent, USER_EXTENSION).get("insz", "")))
    for where, value, held in _attributes(sent, before):
        if value == held:
            continue
        for text in _texts(value):
            found = _numbers(text)
            if own in found or (found and where not in _ELSEWHERE):
                raise _refusal(where)


def _refusal(where: str) -> Invalid:
    message = f"{where}: holds a number of the national register. Send that as insz only."
    return Invalid(message, attribute=where)


def _attributes(sent: Document, before: Document) -> Iterator[tuple[str, Json, Json]]:
    """Give every attribute, those of extensions too, with what is stored of it."""
    for name, value in sent.items():
        if ":" in name and isinstance(value, dict):
            held = part(before, name)
            for inner, one in value.items():
                where = f"{name}:{inner}"
                if where != f"{USER_EXTENSION}:insz":
                    yield where, one, held.get(inner)
        else:
            yield name, value, before.get(name)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _SHORTEST:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _numbers(text: str) -> set[str]:
    return {digits for digits in elevens(text) if _is_valid(digits)}


def _is_valid(digits: str) -> bool:
    try:
        insz.parse(digits, datetime.now(BRUSSELS).date())
    except Invalid:
        return False
    return True
