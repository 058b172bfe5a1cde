"""What is registered about a person: INSZ, gender, birth date, identities (ruling 4).

Absence in a PUT keeps INSZ, gender and birth date; an explicit null or a PATCH remove clears.
The INSZ is never part of the document.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from mo_access.domain import insz
from mo_access.domain.errors import Invalid
from mo_access.domain.model import KEEP, Document, Json, Keep
from mo_scim.mapping.institutions import BRUSSELS, day
from mo_scim.resources import CORE_USER, USER_EXTENSION

_KEPT: Final = ("gender", "birthDate")
_GENDERS: Final = frozenset({"M", "F", "X"})


def cleared(body: Document, explicit: Collection[str]) -> frozenset[str]:
    """Name what an explicit null, or an explicit path, may clear: insz, gender, birthDate."""
    extension = next(
        (v for k, v in body.items() if k.casefold() == USER_EXTENSION.casefold()), None
    )
    parts = extension if isinstance(extension, dict) else {}
    nulls = {name.casefold() for name, value in parts.items() if value is None}
    return frozenset(
        name
        for name in ("insz", *_KEPT)
        if name.casefold() in nulls or is_named(f"{USER_EXTENSION}:{name}", explicit)
    )


def is_named(path: str, explicit: Collection[str]) -> bool:
    """Tell whether a PATCH path names this attribute, a part of it, or its whole extension.

    A path may carry the URN of the core schema, or a dot after the URN of an extension.
    """
    target = path.casefold()
    urn = target.rpartition(":")[0]
    return any(_names(_plain(given.casefold(), urn), target, urn) for given in explicit)


def _plain(name: str, urn: str) -> str:
    """Bring a folded path into the form that attributes have here."""
    if urn and name.startswith(f"{urn}."):
        return f"{urn}:{name[len(urn) + 1 :]}"
    return name.removeprefix(f"{CORE_USER.casefold()}:")


def _names(name: str, target: str, urn: str) -> bool:
    return (
        name == target or bool(urn and name == urn) or name.startswith((f"{target}.", f"{target}["))
    )


def kept(sent: Document, stored: Document, clear: Collection[str]) -> Document:
    """Return gender and birth date as they are to be stored, checked and in one spelling."""
    result: Document = {}
    for name in _KEPT:
        value = sent.get(name)
        if value is None and name not in clear:
            value = stored.get(name)
        if value is not None:
            result[name] = _checked(name, str(value))
    return result


def number(
    sent: Document, details: Document, clear: Collection[str]
) -> tuple[str | Keep | None, tuple[str, ...]]:
    """Return the INSZ (digits, None to clear, or KEEP) and the warnings that go with it.

    Raises ``Invalid`` when it is no number, or when the birth date says something else.
    """
    text = sent.get("insz")
    if text is None:
        return (None if "insz" in clear else KEEP), ()
    found = insz.parse(str(text), datetime.now(BRUSSELS).date())
    born = details.get("birthDate")
    if born is not None and not found.agrees(date.fromisoformat(str(born))):
        where = f"{USER_EXTENSION}:birthDate"
        message = f"{where}: does not agree with insz. Send the birth date that belongs to it."
        raise Invalid(message, attribute=where)
    gender = details.get("gender")
    disagrees = bool(found.gender) and gender in {"M", "F"} and gender != found.gender
    return found.digits, ("gender: does not agree with insz",) if disagrees else ()


def identities(entries: list[Json]) -> tuple[tuple[str, str], ...]:
    """Return the pairs (issuer, subject), each once."""
    pairs = ((str(e["issuer"]), str(e["subject"])) for e in entries if isinstance(e, dict))
    return tuple(dict.fromkeys(pairs))


def _checked(name: str, value: str) -> str:
    where = f"{USER_EXTENSION}:{name}"
    if name == "birthDate":
        return day(value, where).isoformat()
    if value.upper() not in _GENDERS:
        raise Invalid(f"{where}: is no gender. Send M, F or X.", attribute=where)
    return value.upper()
