"""What a provider's claims say of who somebody is, at sign-in and in a person's access token."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from mo_access.domain import insz
from mo_access.domain.errors import Invalid
from mo_access.service.unit_of_work import BRUSSELS
from mo_web.faults import ClaimsRefused

Claims = Mapping[str, object]

_MAX_VALUES: Final = 1000
_MICRO: Final = 1_000_000


def value_of(claims: Claims, name: str) -> object:
    """Return a claim by its name, or by the one that differs in case only; None when unclear."""
    if name in claims:
        return claims[name]
    folded = name.casefold()
    found = [value for key, value in claims.items() if key.casefold() == folded]
    return found[0] if len(found) == 1 else None


def _spellings(claims: Claims, name: str) -> int:
    folded = name.casefold()
    return sum(value is not None and key.casefold() == folded for key, value in claims.items())


def texts_of(claims: Claims, name: str) -> tuple[str, ...] | None:
    """Return a claim that is a string or a list as its strings; None when it is absent.

    One that is there under several spellings is unclear: it says nothing, but is not absent.
    """
    value = value_of(claims, name)
    if value is None:
        return () if _spellings(claims, name) > 1 else None
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed[:_MAX_VALUES] if isinstance(item, str))


def links(claims: Claims, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return (value, attribute) for every configured pair whose claim is a non-empty string.

    One with a NUL leads to nobody: no database holds it.
    """
    values = ((value_of(claims, claim), attribute) for claim, attribute in pairs)
    return tuple(
        (value, attribute)
        for value, attribute in values
        if isinstance(value, str) and value and "\x00" not in value
    )


def linked(
    claims: Claims, pairs: Iterable[tuple[str, str]], now: int
) -> tuple[tuple[str, str], ...]:
    """Return the linked values as the core stores them; a number that is no INSZ links nobody.

    ``now`` is in microseconds.
    """
    return tuple(
        (told, attribute)
        for value, attribute in links(claims, pairs)
        if (told := _digits(value, now) if attribute == "insz" else value) is not None
    )


def _digits(value: str, now: int) -> str | None:
    try:
        return insz.parse(value, datetime.fromtimestamp(now // _MICRO, BRUSSELS).date()).digits
    except Invalid:
        return None


def check_target_group(claims: Claims, name: str, allowed: Collection[str]) -> None:
    """Refuse somebody who comes for a target group that is not let in."""
    said = texts_of(claims, name)
    let_in = {group.casefold() for group in allowed}
    if said is None or not let_in:
        return
    if not let_in & {group.strip().casefold() for group in said}:
        raise ClaimsRefused("target_group")
