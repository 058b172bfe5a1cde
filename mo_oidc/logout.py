"""Signing out: here at once, then at the provider; and when the provider says so.

RP-Initiated Logout 1.0, Back-Channel Logout 1.0 and Front-Channel Logout 1.0.
"""

from __future__ import annotations

import json
import secrets
from typing import Final
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Response, jsonify, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from mo_access.domain.spelled import may_hold_number
from mo_access.service import logouts, one_time, sessions
from mo_access.service.sessions import Session
from mo_oidc import session
from mo_oidc.config import ProviderConfig
from mo_oidc.flow import PENDING_SECONDS, read_answer
from mo_oidc.logout_token import LogoutNotice, verify_logout
from mo_oidc.provider import BudgetedKeys, Provider
from mo_oidc.providers import providers
from mo_web import pages, requestid, unit, visitor
from mo_web.faults import Fault, TokenRefused
from mo_web.jws import unverified_claims
from mo_web.shared import absolute, shared

SIGNED_OUT: Final = "/oidc/signed-out"
_JTI: Final = "oidc-logout-jti"
_MICRO: Final = 1_000_000
_LONGEST_HINT: Final = 4096
_BAD_REQUEST: Final = 400


def logout() -> BaseResponse:
    """GET or POST: end our session at once, then let the provider end its own."""
    ended = _end_here()
    response = redirect(_provider_logout(*ended) if ended else SIGNED_OUT)
    session.remove(response)
    return response


def _end_here() -> tuple[Session, str] | None:
    """End the session for good before the provider is asked anything."""
    presented = visitor.session_id()
    if presented is None:
        return None
    uow = unit.current()
    ended = sessions.end(uow, presented, visitor.idle())
    uow.commit()
    unit.close()
    _note("logout", "ok")
    return ended


def _provider_logout(ended: Session, id_token: str) -> str:
    """Return where the browser goes next; our own page when the provider has no logout."""
    try:
        provider = providers().named(ended.provider)
        endpoint = provider.metadata().end_session_endpoint
    except Fault:
        return SIGNED_OUT
    if endpoint is None:
        return SIGNED_OUT
    query = {
        "client_id": provider.config.client_id,
        "post_logout_redirect_uri": absolute(SIGNED_OUT),
        "state": secrets.token_urlsafe(16),
        **_hint(provider.config, id_token),
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _hint(config: ProviderConfig, id_token: str) -> dict[str, str]:
    """Return the hint, unless it would carry somebody's INSZ into a URL, or be over-long."""
    sensitive = {claim.casefold() for claim, attribute in config.links if attribute == "insz"}
    said = unverified_claims(id_token)
    tells = any(n.casefold() in sensitive and value is not None for n, value in said.items())
    tells = tells or may_hold_number(json.dumps(said, ensure_ascii=False))
    return {} if tells or len(id_token) > _LONGEST_HINT else {"id_token_hint": id_token}


def signed_out() -> Response:
    """GET the public page after signing out; it starts nothing and minds no state."""
    return pages.signed_out()


def backchannel() -> Response:
    """POST a logout token: 200 when its sessions have ended, 400 for any defect (§2.8)."""
    try:
        notice = _notice(_posted().get("logout_token", ""))
        _use_up(notice)
    except Fault as refusal:
        _note("backchannel_logout_refused", refusal.code)
        return _bad_request()
    uow = unit.current()
    ended = sessions.end_by_provider(uow, notice.issuer, sid=notice.sid, subject=notice.subject)
    logouts.remember(
        uow,
        notice.issuer,
        sid=notice.sid,
        subject=notice.subject,
        issued=notice.issued,
        until=uow.now + PENDING_SECONDS * _MICRO,
    )
    _note("backchannel_logout", "ok", ended=ended)
    return Response(status=200)


def _posted() -> dict[str, str]:
    """Return the form; one that is larger than any token is a defect like another."""
    try:
        return read_answer(request.form.items(multi=True))
    except RequestEntityTooLarge:
        raise TokenRefused("token_form") from None


def _notice(token: str) -> LogoutNotice:
    """Choose the provider by what the token says of itself, then verify it with its keys."""
    provider: Provider = providers().with_issuer(unverified_claims(token).get("iss"))
    now = shared().clock() // _MICRO
    return verify_logout(token, provider.config, BudgetedKeys(provider), now)


def _use_up(notice: LogoutNotice) -> None:
    """Remember the token until it has expired, on every node; `TokenRefused` when it is known."""
    uow = unit.current()
    logouts.take_turns(uow, notice.issuer, notice.sid, notice.subject)
    if not one_time.put(uow, _JTI, f"{notice.issuer} {notice.jti}", {}, notice.expires * _MICRO):
        raise TokenRefused("logout_replayed")


def _bad_request() -> Response:
    response = jsonify(error="invalid_request")
    response.status_code = _BAD_REQUEST
    return response


def frontchannel() -> Response:
    """GET by the provider's page in the browser: end the session with this `iss` and `sid`."""
    try:
        asked = read_answer(request.args.items(multi=True))
        provider = providers().with_issuer(asked.get("iss"))
        sid = asked.get("sid", "")
        if not sid or not sid.isprintable():
            raise TokenRefused("logout_sid")
    except Fault as refusal:
        _note("frontchannel_logout_refused", refusal.code)
        return _bad_request()
    if not sessions.end_by_provider(unit.current(), provider.config.issuer, sid=sid):
        # Anybody can call this; what ended nothing leaves no trace in the audit trail.
        unit.close()
    _note("frontchannel_logout", "ok")
    return _framed(pages.signed_out(), provider)


def _framed(response: Response, provider: Provider) -> Response:
    """Let the provider's own page, and no other, hold this one in a frame (Front-Channel §2)."""
    issuer = urlsplit(provider.config.issuer)
    allowed = f"frame-ancestors {issuer.scheme}://{issuer.netloc}"
    response.headers["Content-Security-Policy"] = f"default-src 'none'; style-src 'self'; {allowed}"
    return response


def _note(event: str, code: str, **facts: int) -> None:
    """Count and log what came of a sign-out, by our own code."""
    shared().metrics.count_logout(event.removesuffix("_refused"), code)
    log = structlog.get_logger("mo_oidc")
    log.info(event, code=code, request_id=requestid.current(), **facts)
