"""From a verified sign-in to a session: what the claims mean here, then the core decides."""

from __future__ import annotations

from typing import Final

from mo_access.domain.levels import level_of
from mo_access.domain.model import Event, Json
from mo_access.service import claimed_sign_in, sessions, sign_in
from mo_access.service.claimed_rights import OTHER_CAPACITY, UNKNOWN_RIGHT
from mo_access.service.sessions import Renewal
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_oidc import claims, provisioned
from mo_oidc.config import ProviderConfig
from mo_oidc.flow import Finished
from mo_oidc.id_token import VerifiedClaims
from mo_web import person_claims, unit, visitor
from mo_web.faults import TokenRefused
from mo_web.shared import shared
from mo_web.token_claims import instant

_MICRO: Final = 1_000_000
_MAX_SID: Final = 255
# Of an access token, in seconds.
_USUAL_LIFE: Final = 300
_SHORTEST_LIFE: Final = 60
_LONGEST_LIFE: Final = 86_400
_EARLY: Final = 60


def admit(config: ProviderConfig, finished: Finished) -> str:
    """Open a session and return its id; `Refused` or `ClaimsRefused` when it may not be.

    A session that this browser had ends: every sign-in gets a new id.
    """
    rules = config.rules
    person_claims.check_target_group(
        finished.claims, rules.target_group, rules.allowed_target_groups
    )
    uow = unit.current()
    old = visitor.session_id()
    said = read_sign_in(config, finished, uow.now)
    if config.mode == provisioned.SCIM:
        signed_in = sign_in.sign_in(uow, said)
        _note_ignored(uow, config, finished.claims, signed_in.person)
    else:
        claimed = provisioned.read(config, finished.claims, said.links)
        signed_in = claimed_sign_in.enter(uow, said, claimed)
    # Ended last: who signs in waits for no session that another sign-in, or a logout, ends.
    if old is not None:
        sessions.end(uow, old, visitor.idle())
    return signed_in.session_id


def read_sign_in(config: ProviderConfig, finished: Finished, now: int) -> SignIn:
    """Return what the core needs to know of a verified sign-in; `now` in microseconds."""
    said = finished.claims
    acr = said.get("acr")
    expires = expiry(said, now)
    if expires <= now:
        raise TokenRefused("session_over")
    return SignIn(
        provider=config.name,
        issuer=config.issuer,
        subject=str(said["sub"]),
        links=person_claims.linked(said, config.links, now),
        id_token=finished.id_token,
        expires=expires,
        acr=acr if isinstance(acr, str) else None,
        level=level_of(acr if isinstance(acr, str) else None, config.rules.acr_levels),
        capacity=claims.capacity(said, config.rules),
        sid=_sid(said),
        auth_time=_auth_time(said),
        renewal=_renewal(config, finished, now),
        issued=instant(said, "iat"),
        began=finished.began,
    )


def _sid(said: VerifiedClaims) -> str | None:
    """Return the provider's session; what no logout token can name is as if it were not told."""
    sid = said.get("sid")
    if not isinstance(sid, str) or not sid.isprintable() or not 0 < len(sid) <= _MAX_SID:
        return None
    return sid


def _auth_time(said: VerifiedClaims) -> int | None:
    """Return when the person signed in there; what is no time is as if it were not told."""
    try:
        return instant(said, "auth_time")
    except TokenRefused:
        return None


def _renewal(config: ProviderConfig, finished: Finished, now: int) -> Renewal | None:
    if not config.refresh or finished.refresh_token is None:
        return None
    return Renewal(finished.refresh_token, due(finished.expires_in, now))


def due(expires_in: int | None, now: int) -> int:
    """Return when a session is renewed: a little before its access token ends, at a bearable pace.

    Not later: there are providers whose refresh tokens last no longer (Canaille).
    """
    life = expires_in or _USUAL_LIFE
    seconds = min(max(life - min(life // 4, _EARLY), _SHORTEST_LIFE), _LONGEST_LIFE)
    return now + seconds * _MICRO


def expiry(said: VerifiedClaims, now: int) -> int:
    """Return when the session ends at the latest; the provider may ask for sooner."""
    ours = now + shared().settings.session_seconds * _MICRO
    if "session_expiry" not in said:
        return ours
    return min(ours, instant(said, "session_expiry"))


def _note_ignored(
    uow: UnitOfWork, config: ProviderConfig, said: VerifiedClaims, person: str
) -> None:
    """Write down the roles that do not count in this session, by reason, without their texts."""
    given = claims.roles(said, config.rules)
    _, ignored = claims.narrowed(given, claims.capacity(said, config.rules))
    numbers: list[Json] = [*sorted({role.institution for role in ignored})]
    unknown = claims.unknown_texts(said, config.rules)
    reasons: dict[str, Json] = {}
    if numbers:
        reasons[OTHER_CAPACITY] = numbers
    if unknown:
        reasons[UNKNOWN_RIGHT] = unknown
    if reasons:
        facts: dict[str, Json] = {"institutions": numbers, "reasons": reasons}
        uow.record(Event("sign_in", "roles_ignored", person, facts=facts))
