"""From AuthZEN's information model to a question of ours (Authorization API 1.0, section 5).

What is malformed raises ``Invalid``; what is well formed and unknown here is asked all the same,
so that the answer is the same no as for everything else that is unknown (ruling 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.levels import level_of
from mo_access.domain.numbers import institution_number
from mo_access.domain.policy import Session

JsonObject = Mapping[str, object]
USER: Final = "user"
READ: Final = "read"
THEME: Final = "theme"
DOCUMENT: Final = "document"
MAX_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource: its type, and its id where one is asked for."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One evaluation request, read and checked for form."""

    subject: Entity
    action: str
    resource: Entity
    session: Session


def asked(body: JsonObject, levels: Mapping[str, int]) -> Asked:
    """Read a full evaluation request (section 6.1)."""
    return Asked(
        subject=entity(body, "subject"),
        action=action(body),
        resource=entity(body, "resource"),
        session=session(body, levels),
    )


def entity(body: JsonObject, name: str, *, with_id: bool = True) -> Entity:
    """Read a subject or resource; without ``with_id`` any id is ignored (section 8.4)."""
    told = _object(body, name)
    return Entity(_text(told, "type", name), _text(told, "id", name) if with_id else "")


def action(body: JsonObject) -> str:
    """Read the name of the action."""
    return _text(_object(body, "action"), "name", "action")


def session(body: JsonObject, levels: Mapping[str, int]) -> Session:
    """Read ``context`` {acr, orgcode} as the session of the person would have them.

    An ``orgcode`` that is no institution's number counts nowhere.
    """
    context = _object(body, "context") if body.get("context") is not None else {}
    acr, code = _optional(context, "acr"), _optional(context, "orgcode")
    if code is None:
        return Session(level=level_of(acr, levels))
    return Session(level=level_of(acr, levels), capacity=_capacity(code))


def theme_at(resource: Entity) -> tuple[str, str] | None:
    """Return (institution, theme) of ``900001:leerlingen-openbaar``; None when it has no such form.

    The order does not matter, as on ``entitlements``.
    """
    left, colon, right = resource.id.partition(":")
    if not colon:
        return None
    for code, theme in ((left, right), (right, left)):
        if (found := number(code)) is not None:
            return found, theme.strip()
    return None


def _capacity(code: str) -> frozenset[str]:
    found = number(code)
    return frozenset({found}) if found is not None else frozenset()


def number(text: str) -> str | None:
    """Return the institution number that the text writes, or None (domain.md, Institutions)."""
    try:
        return institution_number(text.strip())
    except Invalid:
        return None


def _object(body: JsonObject, name: str) -> JsonObject:
    told = body.get(name)
    if not isinstance(told, Mapping):
        raise Invalid(f"{name} must be an object.", attribute=name)
    return told


def _text(told: JsonObject, member: str, owner: str) -> str:
    value = told.get(member)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not is_storable(value):
        name = f"{owner}.{member}"
        raise Invalid(f"{name} must be text of 1 to {MAX_TEXT} characters.", attribute=name)
    return value


def is_storable(text: str) -> bool:
    """Tell whether a database could hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _optional(context: JsonObject, member: str) -> str | None:
    return None if context.get(member) is None else _text(context, member, "context")
