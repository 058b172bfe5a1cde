"""``roles[]`` and ``entitlements[]``: what their texts mean, by the rules of the profile.

A right matches exactly and without case, never by prefix (domain.md: a public bug gave
``…BeheerderAssistent`` the role of beheerder). What maps to nothing is kept and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, Json, Role
from mo_scim.mapping.institutions import Catalogue, known, number
from mo_scim.mapping.themes import theme
from mo_scim.profiles import Rules

_LONG_DIGITS: Final = re.compile(r"[0-9]{7,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the entries give; ``qualified`` tells whether one named an institution for a role."""

    affiliations: tuple[AffiliationClaim, ...] = ()
    grants: tuple[GrantClaim, ...] = ()
    unmapped: tuple[str, ...] = ()
    qualified: bool = False


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
    return f"{where}: {_LONG_DIGITS.sub('…', value)[:80]}"


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
        return Meaning(unmapped=(text.shown,))
    numbers, missing = _numbers(text, place)
    grants = tuple(GrantClaim(right.theme, digits) for digits in numbers if right.theme)
    if right.role is None:
        return Meaning(grants=grants, unmapped=missing)
    claims = tuple(_claim(digits, right.role, text) for digits in numbers)
    return Meaning(claims, grants, missing, qualified=True)


def _flat(text: _Text, place: Place) -> Meaning:
    """Read a role without an institution; a right never counts without one."""
    role = place.rules.words.get(text.what.casefold())
    if role is None or place.home is None:
        return Meaning(unmapped=(text.shown,))
    return Meaning((_claim(place.home, role, text),))


def _entitlement(text: _Text, place: Place) -> Meaning:
    right = _right(text.what, place, words=False)
    slug = right.theme if right else theme(text.what, place.catalogue, place.rules)
    if slug is None or text.at is None:
        return Meaning(unmapped=(text.shown,))
    numbers, missing = _numbers(text, place)
    return Meaning(grants=tuple(GrantClaim(slug, digits) for digits in numbers), unmapped=missing)


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


def _numbers(text: _Text, place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the usable numbers and, when one is not usable, the entry as unmapped."""
    found = [known(item, place.catalogue, place.rules.institutions) for item in text.at or ()]
    missing = (text.shown,) if None in found else ()
    return tuple(digits for digits in found if digits), missing


def _claim(digits: str, role: Role, text: _Text) -> AffiliationClaim:
    return AffiliationClaim(Form.ROLES, digits, role, primary=text.primary)
