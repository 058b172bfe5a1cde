"""From a User's three views (extension, flat, enterprise) to claims on one table (design 3).

Echoes are taken out first, contradictions judged after; nothing is ever merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import (
    AffiliationClaim,
    Document,
    Form,
    GrantClaim,
    Json,
    Role,
)
from mo_scim.mapping import echo, institutions, roles
from mo_scim.mapping.institutions import AFFILIATIONS
from mo_scim.mapping.request import Request, objects, part
from mo_scim.resources import ENTERPRISE, USER_EXTENSION

NO_BEHEERDERS: Final = "as this client may make no beheerders"
ORGANIZATION: Final = f"{ENTERPRISE}:organization"


@dataclass(frozen=True, slots=True)
class Said:
    """What a link says once echoes are gone: in the extension, as organization, and all in all.

    ``echoed`` names the flat attributes that said nothing, so that they are not kept either:
    from the link's own document they would be assertions the next time. ``reasons`` tells why
    roles and entitlements among ``unmapped`` give nothing.
    """

    affiliations: tuple[AffiliationClaim, ...]
    organization: str | None
    claims: tuple[AffiliationClaim, ...]
    grants: tuple[GrantClaim, ...]
    unmapped: tuple[str, ...]
    echoed: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()


def read(body: Document, request: Request) -> Said:
    """Derive the claims of a normalised body, read-only parts included.

    Raises ``Invalid`` for unknown or foreign institutions in ``affiliations[]`` and for views
    that contradict each other.
    """
    echoed = _foreign(body, request)
    body = {name: value for name, value in body.items() if name not in echoed}
    own = _affiliations(objects(part(body, USER_EXTENSION).get("affiliations")), request)
    organization = _organization(body, request)
    rules = request.profile.rules
    known = institutions.known(organization or "", request.catalogue, rules.institutions)
    place = roles.Place(rules, request.catalogue, _home(organization, request))
    flat = roles.roles(objects(body.get("roles")), place)
    themes = roles.entitlements(objects(body.get("entitlements")), place)
    _judge(body, own, flat.affiliations, known, request)
    claims = [*own, *flat.affiliations]
    if known and not own and not flat.qualified:
        claims.append(AffiliationClaim(Form.ORGANIZATION, known, Role.GEBRUIKER, primary=True))
    unmapped = [*flat.unmapped, *themes.unmapped, *_over(claims, request)]
    if organization and not known:
        unmapped.append(roles.told("organization", organization))
    grants = tuple(dict.fromkeys((*flat.grants, *themes.grants)))
    reasons = (*flat.reasons, *themes.reasons)
    return Said(own, organization, tuple(claims), grants, tuple(unmapped), echoed, reasons)


def _over(claims: list[AffiliationClaim], request: Request) -> list[str]:
    """Name the roles that this client may not give; they are kept and count as gebruiker.

    A refusal would keep a broker from registering, and from deactivating, the whole person.
    """
    if request.actor.beheerders:
        return []
    told = {c.institution for c in claims if c.role is Role.BEHEERDER}
    return [
        f"beheerder at {number}: counts as gebruiker, {NO_BEHEERDERS}" for number in sorted(told)
    ]


def _foreign(body: Document, request: Request) -> frozenset[str]:
    """Name the flat rights that a platform client only read from the owner's document.

    It has no link yet, so what comes back unchanged asserts nothing (rule 11).
    """
    if request.shown is None or request.shown.own:
        return frozenset()
    return frozenset(
        name
        for name in ("roles", "entitlements")
        if body.get(name) == request.before.get(name) and not request.named(name)
    )


def _affiliations(entries: list[Json], request: Request) -> tuple[AffiliationClaim, ...]:
    """Return what ``affiliations[]`` asserts; refuses what it may not."""
    said = [
        (claim, _asserted(entry, request))
        for entry, claim in institutions.pairs(entries, request.profile.rules)
    ]
    own = request.held
    kept = tuple(claim for claim, _ in said)
    if request.shown is not None:
        kept = echo.assertions(said, own, request.shown)
    kept = tuple(dict.fromkeys(kept))
    facts = {echo.fact(claim) for claim in own}
    fresh = [claim for claim in kept if echo.fact(claim) not in facts]
    institutions.check(kept, fresh, request.catalogue)
    return kept


def _asserted(entry: Document, request: Request) -> bool:
    if request.shown is None:
        return True
    return request.named(AFFILIATIONS) and "origin" not in entry


def _organization(body: Document, request: Request) -> str | None:
    """Return the text of ``organization``, None when absent or an echo of the derived one."""
    value = part(body, ENTERPRISE).get("organization")
    if value is None:
        return None
    text = str(value)
    if request.shown is None:
        return text
    derived = echo.derived_organization(request.shown)
    is_echo = echo.is_echo(
        held=request.shown.own and "organization" in part(request.before, ENTERPRISE),
        shown=_shows(text, derived, request),
        asserted=request.named(ORGANIZATION),
    )
    return None if is_echo else text


def _shows(text: str, derived: str | None, request: Request) -> bool:
    """Tell whether this text is what the caller reads as ``organization`` now."""
    if part(request.before, ENTERPRISE).get("organization") == text:
        return True
    codes = request.profile.rules.institutions
    return derived is not None and institutions.number(text, codes) == derived


def _home(organization: str | None, request: Request) -> str | None:
    """Return where a role without an institution counts.

    A number that is not usable is not replaced by another institution; other text is no number.
    """
    codes = request.profile.rules.institutions
    if organization and institutions.number(organization, codes):
        return institutions.known(organization, request.catalogue, codes)
    home = request.actor.home
    return institutions.known(home, request.catalogue) if home else None


def _judge(
    body: Document,
    own: tuple[AffiliationClaim, ...],
    flat: tuple[AffiliationClaim, ...],
    organization: str | None,
    request: Request,
) -> None:
    """Refuse views that contradict each other, as far as they were said in this request."""
    facts = {echo.fact(claim) for claim in request.held}
    new = request.named(AFFILIATIONS) or any(echo.fact(claim) not in facts for claim in own)
    roles_new = request.named("roles") or body.get("roles") != request.before.get("roles")
    if request.judged(new, roles_new):
        _judge_roles(own, flat)
    was = str(part(request.before, ENTERPRISE).get("organization", ""))
    stood = institutions.number(was, request.profile.rules.institutions)
    place_new = request.named(ORGANIZATION) or organization != stood
    if organization and request.judged(new, place_new):
        _judge_primary(own, organization)


def _judge_roles(own: tuple[AffiliationClaim, ...], flat: tuple[AffiliationClaim, ...]) -> None:
    effective = _effective(flat)
    for number, role in _effective(own).items():
        if effective.get(number, role) is not role:
            message = (
                f"roles: say {effective[number].value} of {number} where affiliations say "
                f"{role.value}. Send the same in both, or one of them."
            )
            raise Invalid(message, attribute="roles")


def _judge_primary(own: tuple[AffiliationClaim, ...], organization: str) -> None:
    primary = next((claim.institution for claim in own if claim.primary), organization)
    if primary != organization:
        message = (
            f"{ORGANIZATION}: says {organization} where the primary affiliation is {primary}. "
            "Send the same in both, or one of them."
        )
        raise Invalid(message, attribute=ORGANIZATION)


def _effective(claims: tuple[AffiliationClaim, ...]) -> dict[str, Role]:
    """Return the role per institution: beheerder includes gebruiker."""
    found: dict[str, Role] = {}
    for claim in claims:
        if found.get(claim.institution) is not Role.BEHEERDER:
            found[claim.institution] = claim.role
    return found
