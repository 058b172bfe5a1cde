"""What one body would mean, told without a write: the mapping itself, run for its answer only."""

from __future__ import annotations

from dataclasses import dataclass

from mo_access.domain.model import Actor, AffiliationClaim, Document, GrantClaim, GroupDraft
from mo_scim.mapping import claims, groups, users
from mo_scim.mapping.institutions import Catalogue
from mo_scim.mapping.normalise import normalise
from mo_scim.mapping.request import Request
from mo_scim.mapping.shape import shape
from mo_scim.profiles import Profile

_FREE = "is a free group: no pattern and no name of a theme reads it whole"


@dataclass(frozen=True, slots=True)
class Place:
    """Who sends, by which profile it is read, and what exists."""

    profile: Profile
    catalogue: Catalogue
    actor: Actor


@dataclass(frozen=True, slots=True)
class Tried:
    """What a body gives: to a User affiliations and themes, to a Group its one meaning.

    ``unmapped`` pairs what gives nothing with the reason.
    """

    affiliations: tuple[AffiliationClaim, ...] = ()
    themes: tuple[GrantClaim, ...] = ()
    group: GroupDraft | None = None
    unmapped: tuple[tuple[str, str], ...] = ()


def user(body: Document, place: Place) -> Tried:
    """Read a User as a POST would. Raises ``Invalid`` as the POST would."""
    draft = users.read(
        body, profile=place.profile, catalogue=place.catalogue, actor=place.actor, shown=None
    )
    whole = normalise(body, shape("User"), place.profile)
    said = claims.read(whole, Request(place.profile, place.catalogue, place.actor, None))
    reasons = dict(said.reasons)
    unmapped = tuple((text, reasons.get(text, "")) for text in draft.unmapped)
    return Tried(draft.affiliations, draft.grants, None, unmapped)


def group(body: Document, place: Place) -> Tried:
    """Read a Group and its members as a POST would. Raises ``Invalid`` as the POST would."""
    draft = groups.read(
        body, profile=place.profile, catalogue=place.catalogue, actor=place.actor, shown=None
    )
    groups.members(body, place.profile)
    free = draft.theme is None and draft.role is None
    return Tried(group=draft, unmapped=(("displayName", _FREE),) if free else ())
