"""Signing in: `/oidc/login` and `/oidc/callback` (design section 3, ruling 13).

The one-time state is used up, and committed, before anything is sent to the provider: no
transaction and no connection is held while we wait for somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import structlog
from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from mo_access.domain.errors import Refused
from mo_access.service import one_time, sign_in
from mo_oidc import admission, flow, session
from mo_oidc.flow import LoginRequest, Pending
from mo_oidc.provider import Provider
from mo_oidc.providers import providers
from mo_web import pages, requestid, unit
from mo_web.errors import TooMany
from mo_web.faults import Fault, ProviderTrouble
from mo_web.pages import Choice
from mo_web.shared import absolute, shared

CALLBACK: Final = "/oidc/callback"
_STATE: Final = "oidc-state"
# The provider would sign the same person in again at once.
_AS_SOMEBODY_ELSE: Final = "/oidc/login?prompt=login"
_MICRO: Final = 1_000_000
_FORBIDDEN: Final = 403
_SERVER_FAULT: Final = 500


def login() -> BaseResponse:
    """GET or POST: send the browser to the provider, or let the person choose one (Core §4)."""
    asked = flow.read_answer(_parameters())
    provider = providers().chosen(asked.get("provider"), asked.get("iss"))
    wish = flow.read_request({**asked, "next": _local(asked)})
    if provider is None:
        return pages.choose_provider(_choices(wish))
    g.oidc_provider = provider.config.name
    browser = session.browser()
    started = flow.start(provider, wish, _callback_of(provider), session.browser_hash(browser))
    _remember(started)
    response = redirect(started.url)
    session.bind(response, browser, cross_site_post=provider.config.response_mode == "form_post")
    return response


def _callback_of(provider: Provider) -> str:
    """Return where a provider's answers come: at the shared address, or at one of its own."""
    config = provider.config
    return absolute(f"{CALLBACK}/{config.name}" if config.own_callback else CALLBACK)


def _parameters() -> Iterator[tuple[str, str]]:
    """Yield what came in the query and in the form, repetitions included."""
    yield from request.args.items(multi=True)
    yield from request.form.items(multi=True)


def _remember(started: flow.Start) -> None:
    uow = unit.current()
    one_time.put(
        uow,
        _STATE,
        started.state,
        replace(started.pending, began=uow.now).to_payload(),
        uow.now + flow.PENDING_SECONDS * _MICRO,
        owner=started.pending.browser,
        most=flow.MAX_PENDING,
    )


def _local(asked: dict[str, str]) -> str:
    """Return where to go afterwards; a whole address of this very site is read as its path."""
    wanted = asked.get("next") or asked.get("target_link_uri") or ""
    return wanted.removeprefix(absolute(""))


def _choices(wish: LoginRequest) -> list[Choice]:
    """Return a way to each provider, with what was understood of the link and nothing else."""
    return [
        Choice(told.shown, f"/oidc/login?{urlencode({**wish.parameters(), 'provider': told.name})}")
        for told in shared().settings.providers
    ]


def callback(provider: str | None = None) -> BaseResponse:
    """GET or form POST: judge what the provider answered and open a session.

    ``provider`` is the end of an address that is one provider's own.
    """
    if wait := shared().limits.failures.wait(_address()):
        raise TooMany(wait)
    answer = flow.read_answer(_parameters())
    here = absolute(CALLBACK if provider is None else f"{CALLBACK}/{provider}")
    pending = flow.open_pending(_take(flow.state_of(answer)), session.known_browser(), here)
    g.oidc_provider = pending.provider
    return _signed_in(providers().named(pending.provider), pending, answer)


def _take(state: str) -> dict[str, object] | None:
    """Use the state up for good, whatever comes next."""
    uow = unit.current()
    payload = one_time.take(uow, _STATE, state)
    uow.commit()
    unit.close()
    return None if payload is None else dict(payload)


def _signed_in(provider: Provider, pending: Pending, answer: dict[str, str]) -> BaseResponse:
    """Finish a sign-in that was begun here; its refusal goes into the audit trail."""
    now = shared().clock() // _MICRO
    try:
        finished = flow.finish(provider, pending, answer, now)
        admitted = admission.admit(provider.config, finished)
    except ProviderTrouble:
        # Nobody decided anything: the provider could not be asked.
        raise
    except Refused as refusal:
        _record(provider.config.name, refusal.code, refusal.person)
        raise
    except Fault as refusal:
        _record(provider.config.name, refusal.code)
        raise
    response = redirect(finished.next_url)
    session.put(response, admitted)
    _succeeded(provider.config.name)
    return response


def _succeeded(provider: str) -> None:
    shared().metrics.count_sign_in("ok")
    log = structlog.get_logger("mo_oidc")
    log.info("signed_in", provider=provider, request_id=requestid.current())


def _record(provider: str, code: str, person: str | None = None) -> None:
    """Write the refusal of a sign-in that was begun here into the audit trail."""
    with unit.apart() as uow:
        sign_in.record_refusal(uow, provider, code, person)
        uow.commit()


def refused(refusal: Fault) -> Response:
    """Draw a sign-in that stops: 4xx for a refusal, 502 to 504 for the provider's trouble."""
    _note(refusal.code, refusal.status)
    if isinstance(refusal, ProviderTrouble):
        return pages.provider_trouble(refusal.code, refusal.status)
    return pages.refused(refusal.code, refusal.status)


def not_admitted(refusal: Refused) -> Response:
    """Draw the refusal of the core: unknown, inactive or ambiguous people."""
    _note(refusal.code, _FORBIDDEN)
    return pages.refused(refusal.code, _FORBIDDEN, again=_AS_SOMEBODY_ELSE)


def _note(code: str, status: int) -> None:
    unit.close()
    shared().metrics.count_sign_in(code)
    if status < _SERVER_FAULT:
        shared().limits.failures.take(_address())
    told = {"provider": g.get("oidc_provider"), "code": code, "status": status}
    log = structlog.get_logger("mo_oidc")
    log.warning("sign_in_refused", request_id=requestid.current(), **told)


def _address() -> str:
    return request.remote_addr or ""
