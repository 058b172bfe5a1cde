"""``roles[]`` and ``entitlements[]``: what their texts mean, by the rules of the profile.

A right matches exactly and without case, never by prefix (domain.md: a public bug gave
``…BeheerderAssistent`` the role of beheerder). What maps to nothing is kept and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, Json, Role
from mo_access.domain.text import without_numbers
from mo_scim.mapping.institutions import Catalogue, known, number
from mo_scim.mapping.themes import theme
from mo_scim.profiles import Rules

_NO_PLACE: Final = "names an institution that there is not or that the client may not use"
_NOWHERE: Final = "says no institution, and the client has no default"
_UNSAID: Final = "says no institution; a right counts at one"
_NO_THEME: Final = "is no theme, nor a name or a right that means one"
_NO_CONTEXT: Final = "has a context that is no theme; a context narrows its right"
_NO_RIGHT: Final = "is no right or role that is known; a text matches whole"
_LONG_DIGITS: Final = re.compile(r"[0-9]{7,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the entries give; ``qualified`` tells whether one named an institution for a role.

    ``reasons`` tells why each of ``unmapped`` gives nothing, or not all that it names.
    """

    affiliations: tuple[AffiliationClaim, ...] = ()
    grants: tuple[GrantClaim, ...] = ()
    unmapped: tuple[str, ...] = ()
    qualified: bool = False
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where texts are read: the rules, what exists, and where a role without place counts."""

    rules: Rules
    catalogue: Catalogue
    home: str | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    """One entry: ``what`` is said of the institutions ``at``; ``at`` is None when none is said."""

    shown: str
    what: str
    at: tuple[str, ...] | None
    primary: bool


@dataclass(frozen=True, slots=True)
class _Right:
    """A right as the rules know it; ``theme`` is the slug that its context maps to."""

    role: Role | None
    theme: str | None


def roles(entries: list[Json], place: Place) -> Meaning:
    """Read ``roles[]``: ``beheerder``, ``beheerder:900001``, ``Right[-Context]:900001[,…]``."""
    parts = [_role(text, place) for text in _texts(entries, "roles", place)]
    return _joined(parts)


def entitlements(entries: list[Json], place: Place) -> Meaning:
    """Read ``entitlements[]``: ``900001:theme``, ``theme:900001``, ``Right-Context:900001``."""
    parts = [_entitlement(text, place) for text in _texts(entries, "entitlements", place)]
    return _joined(parts)


def _joined(parts: list[Meaning]) -> Meaning:
    return Meaning(
        tuple(dict.fromkeys(claim for part in parts for claim in part.affiliations)),
        tuple(dict.fromkeys(grant for part in parts for grant in part.grants)),
        tuple(text for part in parts for text in part.unmapped),
        any(part.qualified for part in parts),
        tuple(pair for part in parts for pair in part.reasons),
    )


def _texts(entries: list[Json], attribute: str, place: Place) -> Iterator[_Text]:
    codes = place.rules.institutions
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or "value" not in entry:
            continue
        where = f"{attribute}[{index}]"
        value = str(entry["value"])
        what, at = _split(value, codes)
        kind = number(str(entry.get("type", "")), codes)
        if at is None and kind:
            at = (kind,)
        elif kind and at and {number(text, codes) for text in at} != {kind}:
            message = f"{where}: value and type name two institutions. Send one of them."
            raise Invalid(message, attribute=where)
        yield _Text(told(where, value), what, at, entry.get("primary") is True)


def told(where: str, value: str) -> str:
    """Name what maps to nothing for ``sync report``, without what may be a person's number."""
    return f"{where}: {without_numbers(_LONG_DIGITS.sub('…', value))[:80]}"


def _split(value: str, codes: Mapping[str, str]) -> tuple[str, tuple[str, ...] | None]:
    """Part a text at its colon into what is said and the institutions, in either order."""
    left, colon, right = (part.strip() for part in value.partition(":"))
    if not colon:
        return left, None
    if number(left.split(",")[0], codes) and not number(right.split(",")[0], codes):
        left, right = right, left
    return left, tuple(text.strip() for text in right.split(","))


def _role(text: _Text, place: Place) -> Meaning:
    if text.at is None:
        return _flat(text, place)
    right = _right(text.what, place, words=True)
    if right is None:
        return _nothing(text, _unknown(text.what, place))
    numbers, part = _numbers(text, place)
    grants = tuple(GrantClaim(right.theme, digits) for digits in numbers if right.theme)
    if right.role is None:
        return replace(part, grants=grants)
    claims = tuple(_claim(digits, right.role, text) for digits in numbers)
    return replace(part, affiliations=claims, grants=grants, qualified=True)


def _nothing(text: _Text, why: str) -> Meaning:
    return Meaning(unmapped=(text.shown,), reasons=((text.shown, why),))


def _unknown(text: str, place: Place) -> str:
    """Tell why a text is no right: what stands before its context may be one."""
    name, dash, _ = text.partition("-")
    narrowed = dash and name.strip().casefold() in place.rules.rights
    return _NO_CONTEXT if narrowed else _NO_RIGHT


def _flat(text: _Text, place: Place) -> Meaning:
    """Read a role without an institution; a right never counts without one."""
    role = place.rules.words.get(text.what.casefold())
    if role is None:
        known_right = _right(text.what, place, words=False) is not None
        return _nothing(text, _UNSAID if known_right else _unknown(text.what, place))
    if place.home is None:
        return _nothing(text, _NOWHERE)
    return Meaning((_claim(place.home, role, text),))


def _entitlement(text: _Text, place: Place) -> Meaning:
    right = _right(text.what, place, words=False)
    slug = right.theme if right else theme(text.what, place.catalogue, place.rules)
    if slug is None:
        return _nothing(text, _NO_THEME)
    if text.at is None:
        return _nothing(text, _UNSAID)
    numbers, part = _numbers(text, place)
    return replace(part, grants=tuple(GrantClaim(slug, digits) for digits in numbers))


def _right(text: str, place: Place, *, words: bool) -> _Right | None:
    """Match the whole right; one with a context counts only when the context maps to a theme.

    A context narrows a right, so a beheerder with one is not simply a beheerder.
    """
    rules, key = place.rules, text.casefold()
    role = rules.rights.get(key) or (rules.words.get(key) if words else None)
    if role is not None:
        return _Right(role, None)
    name, dash, context = text.partition("-")
    narrowed = rules.rights.get(name.strip().casefold())
    text_of_theme = rules.theme_rights.get(key) or (context.strip() if dash and narrowed else "")
    slug = theme(text_of_theme, place.catalogue, rules) if text_of_theme else None
    if slug is None:
        return None
    return _Right(narrowed if narrowed is Role.GEBRUIKER else None, slug)


def _numbers(text: _Text, place: Place) -> tuple[tuple[str, ...], Meaning]:
    """Return the usable numbers and, when one is not usable, the entry as unmapped."""
    found = [known(item, place.catalogue, place.rules.institutions) for item in text.at or ()]
    missing = _nothing(text, _NO_PLACE) if None in found else Meaning()
    return tuple(digits for digits in found if digits), missing


def _claim(digits: str, role: Role, text: _Text) -> AffiliationClaim:
    return AffiliationClaim(Form.ROLES, digits, role, primary=text.primary)
