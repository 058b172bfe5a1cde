"""Institution numbers, days and ``affiliations[]``: what they mean, or why they are refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from itertools import combinations
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from mo_access.domain.errors import Invalid
from mo_access.domain.model import AffiliationClaim, Document, Form, Json, Role
from mo_scim.profiles import Rules
from mo_scim.resources import USER_EXTENSION

AFFILIATIONS: Final = f"{USER_EXTENSION}:affiliations"
NO_INSTITUTION: Final = (
    "this is no institution that you may use. GET /Institutions lists those that you may."
)
BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_NUMBER: Final = re.compile(r"[0-9]{5,6}", re.ASCII)
_NO_CODES: Final[Mapping[str, str]] = {}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Catalogue(Protocol):
    """What mapping asks of the core's catalogue, inside the caller's scope (rule 4)."""

    def institution(self, number: str) -> bool:
        """Tell whether this number (6 digits) is known and the caller may act for it."""

    def theme(self, text: str) -> str | None:
        """Return the slug of the theme with this slug or name, without regard to case."""


def number(text: str, codes: Mapping[str, str] = _NO_CODES) -> str | None:
    """Return the institution number of 6 digits that this text is, padded; None if it is none.

    ``codes`` are those of the rules, case-folded; a code matches whole.
    """
    stripped = text.strip(" ")
    if _NUMBER.fullmatch(stripped):
        return stripped.zfill(6)
    return codes.get(stripped.casefold()) if codes else None


def known(text: str, catalogue: Catalogue, codes: Mapping[str, str] = _NO_CODES) -> str | None:
    """Return the number when it is one that the caller may use; None says no more (rule 4)."""
    digits = number(text, codes)
    return digits if digits and catalogue.institution(digits) else None


def required(
    text: str, catalogue: Catalogue, where: str, codes: Mapping[str, str] = _NO_CODES
) -> str:
    """Return the number; raises ``Invalid``, in one text for unknown and foreign ones."""
    digits = known(text, catalogue, codes)
    if digits is None:
        raise Invalid(f"{where}: {NO_INSTITUTION}", attribute=where)
    return digits


def day(text: str, where: str) -> date:
    """Read a day; a time is taken as the day that it is in Europe/Brussels."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(BRUSSELS) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError) as error:
        message = f"{where}: is no day. Send it as YYYY-MM-DD."
        raise Invalid(message, attribute=where) from error


def pairs(entries: list[Json], rules: Rules) -> list[tuple[Document, AffiliationClaim]]:
    """Read ``affiliations[]``, each entry beside its claim, without looking anything up."""
    return [
        (item, _claim(item, f"{AFFILIATIONS}[{place}]", rules))
        for place, item in enumerate(entries)
        if isinstance(item, dict)
    ]


def claims(entries: list[Json], rules: Rules) -> tuple[AffiliationClaim, ...]:
    """Read ``affiliations[]``; equal entries count once."""
    return tuple(dict.fromkeys(claim for _, claim in pairs(entries, rules)))


def check(
    said: tuple[AffiliationClaim, ...], fresh: Collection[AffiliationClaim], catalogue: Catalogue
) -> None:
    """Refuse fresh claims on unknown and foreign institutions, and claims that contradict."""
    for claim in fresh:
        required(claim.institution, catalogue, f"{AFFILIATIONS}.value")
    if sum(claim.primary for claim in said) > 1:
        message = f"{AFFILIATIONS}: has more than one primary entry. Mark one at most."
        raise Invalid(message, attribute=AFFILIATIONS)
    for one, other in combinations(said, 2):
        if one.institution == other.institution and _overlap(one, other):
            message = f"{AFFILIATIONS}: says two things of {one.institution} at once. Send one."
            raise Invalid(message, attribute=AFFILIATIONS)


def entry(claim: AffiliationClaim) -> Document:
    """Write a claim as the client reads it back."""
    written: Document = {"value": claim.institution, "role": claim.role.value}
    if claim.start:
        written["start"] = claim.start.isoformat()
    if claim.end:
        written["end"] = claim.end.isoformat()
    if claim.primary:
        written["primary"] = True
    return written


def _claim(item: Document, where: str, rules: Rules) -> AffiliationClaim:
    value = str(item.get("value", ""))
    digits = number(value, rules.institutions)
    if digits is None:
        message = f"{where}.value: must be the number of an institution. Send its 6 digits."
        raise Invalid(message, attribute=f"{where}.value")
    start, end = (_optional_day(item.get(name), f"{where}.{name}") for name in ("start", "end"))
    if start and end and end < start:
        message = f"{where}.end: lies before start. Send an end that is not earlier."
        raise Invalid(message, attribute=f"{where}.end")
    role = _role(item.get("role"), f"{where}.role", rules)
    return AffiliationClaim(
        Form.AFFILIATIONS, digits, role, start, end, item.get("primary") is True
    )


def _optional_day(value: Json, where: str) -> date | None:
    return None if value is None else day(str(value), where)


def _role(value: Json, where: str, rules: Rules) -> Role:
    if value is None:
        return Role.GEBRUIKER
    role = rules.words.get(str(value).strip().casefold())
    if role is None:
        message = f"{where}: is no role. Send beheerder or gebruiker."
        raise Invalid(message, attribute=where)
    return role


def _overlap(one: AffiliationClaim, other: AffiliationClaim) -> bool:
    starts = max(one.start or date.min, other.start or date.min)
    ends = min(one.end or date.max, other.end or date.max)
    return starts <= ends
