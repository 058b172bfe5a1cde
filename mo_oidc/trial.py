"""What the claims of one sign-in would mean, told without signing anybody in."""

from __future__ import annotations

from dataclasses import dataclass

from mo_oidc import claims
from mo_oidc.claims import ClaimedRole
from mo_oidc.config import ClaimRules
from mo_web.person_claims import Claims, check_target_group, texts_of

_NOTHING = "is no right of ours at an institution; a text matches whole"


@dataclass(frozen=True, slots=True)
class Tried:
    """The roles that count, those outside the capacity, and (claim, why) of what says nothing."""

    counts: tuple[ClaimedRole, ...]
    ignored: tuple[ClaimedRole, ...]
    capacity: tuple[str, ...] | None
    unmapped: tuple[tuple[str, str], ...]


def read(said: Claims, rules: ClaimRules) -> Tried:
    """Read claims as a sign-in does. Raises ``ClaimsRefused`` where that would be refused."""
    check_target_group(said, rules.target_group, rules.allowed_target_groups)
    capacity = claims.capacity(said, rules)
    counts, ignored = claims.narrowed(claims.roles(said, rules), capacity)
    unmapped = tuple(
        (f"{name}[{index}]: {text}", _NOTHING)
        for name in rules.roles
        for index, text in enumerate(texts_of(said, name) or ())
        if not claims.read_role(text, rules)
    )
    return Tried(counts, ignored, capacity, unmapped)
