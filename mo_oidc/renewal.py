"""Renewing a session with its refresh token (OpenID Connect Core §12), once its turn has come.

One request at a time renews a session, on whichever node; the others go on with it meanwhile. A
provider that refuses ends the session; one that is down does not.
"""

from __future__ import annotations

from typing import Final

import structlog

from mo_access.service import claimed_sign_in, renewals
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.renewals import Renewed, Turn
from mo_access.service.sessions import Session
from mo_access.service.unit_of_work import UnitOfWork
from mo_oidc import admission, dpop, id_token, provisioned, token_endpoint
from mo_oidc.errors import FlowRefused
from mo_oidc.id_token import Expectations, VerifiedClaims
from mo_oidc.provider import Provider
from mo_oidc.providers import providers
from mo_web import person_claims, requestid, unit
from mo_web.faults import Fault, ProviderTrouble
from mo_web.jws import unverified_claims
from mo_web.shared import shared

_MICRO: Final = 1_000_000


def renew(found: Session) -> None:
    """Renew a session that is due, unless another request does; it may end by that.

    Called without an open unit of work, and leaves none.
    """
    if _is_left_alone(found):
        return
    with unit.apart() as uow:
        turn = renewals.claim(uow, found)
        uow.commit()
    if turn is not None:
        _take(found, turn)


def _is_left_alone(found: Session) -> bool:
    """Tell whether the session's provider is one that is not, or no longer, asked for renewals."""
    known = [p.config for p in providers().all if p.config.name == found.provider]
    return bool(known) and not known[0].refresh


def _take(found: Session, turn: Turn) -> None:
    brought: str | None = None
    try:
        provider = _provider(found)
        refresh_token, key = dpop.opened(turn.refresh_token)
        given = token_endpoint.renew(provider, refresh_token, key)
        brought = given.refresh_token and dpop.kept(given.refresh_token, given.key)
        got = _read(provider, found, turn, given)
    except ProviderTrouble as trouble:
        _note(trouble.code, found)
        with unit.apart() as uow:
            renewals.postpone(uow, turn, brought)
            uow.commit()
    except Fault as refusal:
        _note(refusal.code, found)
        with unit.apart() as uow:
            renewals.end(uow, turn, refusal.code, brought)
            uow.commit()
    else:
        with unit.apart() as uow:
            _keep(uow, found, turn, got)
            uow.commit()
        _note("ok", found)


def _keep(uow: UnitOfWork, found: Session, turn: Turn, got: Renewed) -> None:
    if got.rights is None:
        renewals.keep(uow, turn, got)
    else:
        claimed_sign_in.renewed(uow, found, lambda: renewals.keep(uow, turn, got), got.rights)


def _provider(found: Session) -> Provider:
    """Return the session's provider; one that is configured no more cannot vouch for it."""
    provider = providers().named(found.provider)
    if provider.config.issuer != found.issuer:
        raise FlowRefused("provider_unknown")
    return provider


def _read(provider: Provider, found: Session, turn: Turn, got: token_endpoint.Renewal) -> Renewed:
    """Return what a renewal brought, once what it says is found to be sound."""
    refresh_token, _ = dpop.opened(turn.refresh_token)
    now = shared().clock()
    said = _claims(provider, turn, got)
    return Renewed(
        # A provider that rotates sends a new one; else the old one stays good (RFC 6749 §6).
        refresh_token=dpop.kept(got.refresh_token or refresh_token, got.key),
        id_token=got.id_token,
        due=admission.due(got.expires_in, now),
        expires=turn.expires if said is None else admission.expiry(said, now),
        rights=None if said is None else _rights(provider, found, turn, got, said),
    )


def _rights(
    provider: Provider,
    found: Session,
    turn: Turn,
    got: token_endpoint.Renewal,
    said: VerifiedClaims,
) -> ClaimedRights | None:
    """Return what the new claims give, None where they say nothing of rights.

    A provider that told roles in the ID token and tells none any more took them away; one that
    told none there is asked at UserInfo, where that is configured.
    """
    config = provider.config
    if found.mode == provisioned.SCIM or found.mode != config.mode:
        return None
    if config.userinfo:
        try:
            said = token_endpoint.with_userinfo(provider, said, got.access_token, got.key)
        except ProviderTrouble as trouble:
            # The refresh token is used up: what it brought is kept, and the rights stay.
            _note(trouble.code, found)
            return None
    rules = config.rules
    person_claims.check_target_group(said, rules.target_group, rules.allowed_target_groups)
    told = provisioned.says_roles(config, said) or config.userinfo
    if not told and not provisioned.says_roles(config, unverified_claims(turn.id_token)):
        return None
    capacity = found.policy.capacity
    return provisioned.rights(config, said, None if capacity is None else tuple(sorted(capacity)))


def _claims(provider: Provider, turn: Turn, got: token_endpoint.Renewal) -> VerifiedClaims | None:
    """Return what a new ID token says, once it is found to speak of the same sign-in."""
    if got.id_token is None:
        return None
    # The one that the session stands on, as verified then: a subject may be stored by a name.
    before = unverified_claims(turn.id_token)
    nonce, subject = before.get("nonce"), before.get("sub")
    expected = Expectations(
        nonce=nonce if isinstance(nonce, str) else "",
        now=shared().clock() // _MICRO,
        access_token=got.access_token,
        subject=subject if isinstance(subject, str) else "",
    )
    return id_token.verify_renewed(got.id_token, provider.config, provider, expected)


def _note(code: str, found: Session) -> None:
    shared().metrics.count_renewal(code)
    structlog.get_logger("mo_oidc").info(
        "session_renewal", code=code, session=found.pk, request_id=requestid.current()
    )
