"""What claims mean here (domain.md, "Roles, rights and claims"), as pure functions.

Claims that are absent neither narrow nor refuse; claims that are there and say nothing known give
nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mo_oidc.config import ClaimRules
from mo_web.person_claims import Claims, texts_of

_INSTITUTION = re.compile(r"[0-9]{5,6}\Z")


@dataclass(frozen=True, slots=True)
class ClaimedRole:
    """A role at an institution that a claim gives, with the theme of its context if any.

    ``role`` is None where a right gives the theme alone.
    """

    institution: str
    role: str | None
    theme: str | None = None


def institution_number(text: str, rules: ClaimRules) -> str | None:
    """Return six digits for a number of five or six or a known code, None for anything else."""
    number = text.strip(" ")
    if _INSTITUTION.match(number):
        return number.zfill(6)
    return rules.institutions.get(number.casefold())


def capacity(claims: Claims, rules: ClaimRules) -> tuple[str, ...] | None:
    """Return the institutions in whose capacity somebody signs in; None for no capacity at all.

    A capacity that is no institution of ours is empty: nothing counts in that session.
    """
    said = texts_of(claims, rules.capacity)
    if said is None:
        return None
    return _numbers(said, rules)


def _numbers(texts: Iterable[str], rules: ClaimRules) -> tuple[str, ...]:
    numbers = (institution_number(text, rules) for text in texts)
    return tuple(dict.fromkeys(number for number in numbers if number))


def roles(claims: Claims, rules: ClaimRules) -> tuple[ClaimedRole, ...]:
    """Return every role that the role claims give, in order, each once."""
    said = (text for name in rules.roles for text in texts_of(claims, name) or ())
    return tuple(dict.fromkeys(role for text in said for role in read_role(text, rules)))


def unknown_texts(claims: Claims, rules: ClaimRules) -> int:
    """Return how many texts of the role claims give no role at all."""
    said = (text for name in rules.roles for text in texts_of(claims, name) or ())
    return sum(not read_role(text, rules) for text in said)


def read_role(text: str, rules: ClaimRules) -> tuple[ClaimedRole, ...]:
    """Return the roles of one value `Right[-Context]:ORG[, ORG…]`; none when it is not known.

    The right matches exactly, without case, never in part; a context that the table does not
    know gives nothing, since it would narrow the right to something that is not known here. With
    one that it knows a gebruiker stays a gebruiker; of any other right the theme alone is left,
    as in what a broker provisions (``roles[]``).
    """
    right, colon, organisations = text.partition(":")
    known = _right(right.strip(), rules) if colon else None
    if known is None:
        return ()
    role, theme = known
    numbers = _numbers(organisations.split(","), rules)
    return tuple(ClaimedRole(number, role, theme) for number in numbers)


def _right(text: str, rules: ClaimRules) -> tuple[str | None, str | None] | None:
    if (role := _lookup(rules.rights, text)) is not None:
        return role, None
    plain, dash, context = text.partition("-")
    narrowed = _lookup(rules.rights, plain.strip()) if dash else None
    theme = _lookup(rules.theme_rights, text)
    if theme is None and narrowed is not None:
        theme = _lookup(rules.themes, context.strip())
    if theme is None:
        return None
    # A context narrows a right: a beheerder with one is not simply a beheerder.
    return (narrowed if narrowed == "gebruiker" else None), theme


def _lookup(table: Mapping[str, str], text: str) -> str | None:
    wanted = text.casefold()
    return next((value for key, value in table.items() if key.casefold() == wanted), None)


def narrowed(
    given: Iterable[ClaimedRole], session_capacity: tuple[str, ...] | None
) -> tuple[tuple[ClaimedRole, ...], tuple[ClaimedRole, ...]]:
    """Return the roles that count in this capacity, and those that are ignored (to be audited)."""
    listed = tuple(given)
    if session_capacity is None:
        return listed, ()
    counts = tuple(role for role in listed if role.institution in session_capacity)
    return counts, tuple(role for role in listed if role.institution not in session_capacity)
