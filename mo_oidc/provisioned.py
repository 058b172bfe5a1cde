"""What claims make where the provider's mode says so: a person's names, and rights."""

from __future__ import annotations

from typing import Final

from mo_access.domain.model import Document
from mo_access.domain.spelled import may_hold_number
from mo_access.domain.text import without_numbers
from mo_access.service.claimed_rights import ClaimedRights, Given
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_oidc import claims
from mo_oidc.claims import ClaimedRole
from mo_oidc.config import ProviderConfig
from mo_oidc.id_token import VerifiedClaims
from mo_web import visitor
from mo_web.person_claims import Claims, value_of

SCIM: Final = "scim"
_LONGEST: Final = 255
_NAMES: Final = (("given_name", "givenName"), ("family_name", "familyName"))


def read(
    config: ProviderConfig, said: VerifiedClaims, links: tuple[tuple[str, str], ...]
) -> Claimed:
    """Return what verified claims make; ``links`` are the linked values, as the core takes them."""
    number = next((value for value, attribute in links if attribute == "insz"), None)
    user_name = _text(said, "preferred_username")
    described = Described(_document(said), user_name, number, links)
    return Claimed(
        config.mode, described, rights(config, said, claims.capacity(said, config.rules))
    )


def rights(
    config: ProviderConfig, said: VerifiedClaims, capacity: tuple[str, ...] | None
) -> ClaimedRights:
    """Return what the role claims give in this capacity."""
    counts, ignored = claims.narrowed(claims.roles(said, config.rules), capacity)
    return ClaimedRights(
        idle=visitor.idle(),
        given=tuple(map(_given, counts)),
        ignored=tuple(map(_given, ignored)),
        unknown=claims.unknown_texts(said, config.rules),
        institutions=config.institutions,
        beheerders=config.beheerders,
    )


def says_roles(config: ProviderConfig, said: Claims) -> bool:
    """Tell whether one of the role claims is there at all, be it empty."""
    return any(value_of(said, name) is not None for name in config.rules.roles)


def _given(role: ClaimedRole) -> Given:
    return Given(role.institution, role.role, role.theme)


def _document(said: VerifiedClaims) -> Document:
    """Write a User of what the claims say; what is no plain text is left out."""
    name: Document = {ours: text for theirs, ours in _NAMES if (text := _text(said, theirs))}
    shown, email = _text(said, "name"), _text(said, "email")
    document: Document = {}
    if shown or name:
        document["name"] = name | ({"formatted": shown} if shown else {})
    if email and "@" in email:
        document["emails"] = [{"value": email, "primary": True}]
    return document


def _text(said: VerifiedClaims, name: str) -> str | None:
    """Return a claim that is a plain text, without what may be a person's number."""
    value = said.get(name)
    if not isinstance(value, str):
        return None
    text = value.strip()
    fits = 0 < len(text) <= _LONGEST and text.isprintable()
    return text if fits and not _may_tell(text) else None


def _may_tell(text: str) -> bool:
    """Tell whether a text would be refused of a broker too (design 007), or is shaped like one."""
    return may_hold_number(text) or without_numbers(text) != text
