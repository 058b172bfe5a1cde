"""`/me/sessions`: where a person is signed in, and ending what is no longer wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from mo_access.domain.errors import NotFound
from mo_access.service import sessions
from mo_access.service.sessions import Session
from mo_access.service.unit_of_work import BRUSSELS
from mo_oidc import session
from mo_oidc.me import prefers_html, unauthenticated
from mo_web import csrf, pages, unit, visitor
from mo_web.shared import shared

PATH: Final = "/me/sessions"
_MICRO: Final = 1_000_000
_OTHERS: Final = "others"
_LONGEST_NUMBER: Final = 18


def shown() -> Response:
    """GET my live sessions, newest first: JSON, or a page; 401 without a session."""
    me = visitor.current()
    if me is None:
        return unauthenticated()
    found = sessions.own(unit.current(), me.person, visitor.idle())
    if prefers_html():
        return pages.page("sessions.html", sessions=[_line(s, me) for s in found])
    return jsonify(sessions=[_facts(s, me) for s in found], csrf_token=csrf.field_value())


def end() -> BaseResponse:
    """POST the number of one of my sessions, or ``others``; a form of our own only (CSRF).

    Somebody else's number is answered like one that does not exist: 404.
    """
    me = visitor.current()
    if me is None:
        return unauthenticated()
    csrf.check()
    wanted = request.form.get("session", "")
    uow = unit.current()
    ended = sessions.end_own(uow, me.person, _numbers(wanted, me))
    if not ended and wanted != _OTHERS:
        raise NotFound("You have no such session.")
    uow.commit()
    if not prefers_html():
        return jsonify(ended=ended)
    return _signed_out() if wanted == str(me.pk) else _back()


def _numbers(wanted: str, me: Session) -> list[int]:
    if wanted == _OTHERS:
        live = sessions.own(unit.current(), me.person, visitor.idle())
        return [found.pk for found in live if found.pk != me.pk]
    plain = wanted.isascii() and wanted.isdecimal() and len(wanted) <= _LONGEST_NUMBER
    return [int(wanted)] if plain else []


def _back() -> BaseResponse:
    return redirect(PATH, HTTPStatus.SEE_OTHER)


def _signed_out() -> BaseResponse:
    response = redirect("/oidc/signed-out", HTTPStatus.SEE_OTHER)
    session.remove(response)
    return response


def _facts(found: Session, me: Session) -> dict[str, object]:
    return {
        "session": found.pk,
        "this": found.pk == me.pk,
        "provider": found.provider,
        "acr": found.acr,
        "since": _moment(found.created, "UTC"),
        "used": _moment(found.seen, "UTC"),
        "expires": _moment(found.expires, "UTC"),
    }


def _line(found: Session, me: Session) -> dict[str, object]:
    """Return a session as the page shows it: times of Brussels, the provider by its label."""
    told = shared().settings.provider(found.provider)
    return {
        "number": found.pk,
        "this": found.pk == me.pk,
        "provider": told.shown if told else found.provider,
        "since": _moment(found.created, "Brussels"),
        "used": _moment(found.seen, "Brussels"),
        "until": _moment(found.expires, "Brussels"),
    }


def _moment(microseconds: int, zone: str) -> str:
    if zone == "UTC":
        return datetime.fromtimestamp(microseconds // _MICRO, UTC).isoformat()
    return f"{datetime.fromtimestamp(microseconds // _MICRO, BRUSSELS):%d/%m/%Y %H:%M}"
