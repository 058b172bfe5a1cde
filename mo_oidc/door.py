"""The routes of this door (design section 4)."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Blueprint, Response, jsonify
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App

from mo_access.domain.errors import Refused
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_oidc import client_jwks, head, logout, me, own_sessions, providers, renewal, views
from mo_oidc.revocation import Revoker
from mo_web import pages, shared, visitor
from mo_web.app import Door
from mo_web.errors import Problem
from mo_web.faults import Fault
from mo_web.giving_back import GivingBack

NAME: Final = "oidc"
PREFIXES: Final = ("/oidc", "/me")
_MICRO: Final = 1_000_000


def door(settings: Settings) -> Door:
    """Return the door, ready to be put on an application; no provider is asked yet."""
    routes = Blueprint(NAME, __name__)
    both, post = ["GET", "POST"], ["POST"]
    routes.add_url_rule("/oidc/login", view_func=views.login, methods=both)
    callback = head.refused(views.callback)
    routes.add_url_rule("/oidc/callback", view_func=callback, methods=both)
    routes.add_url_rule("/oidc/callback/<provider>", view_func=callback, methods=both)
    routes.add_url_rule("/oidc/jwks", view_func=client_jwks.jwks)
    routes.add_url_rule("/oidc/logout", view_func=head.refused(logout.logout), methods=both)
    routes.add_url_rule("/oidc/signed-out", view_func=logout.signed_out)
    routes.add_url_rule("/oidc/backchannel-logout", view_func=logout.backchannel, methods=post)
    front = head.refused(logout.frontchannel)
    routes.add_url_rule("/oidc/frontchannel-logout", view_func=front)
    routes.add_url_rule("/me", view_func=me.me)
    routes.register_error_handler(Fault, views.refused)
    routes.register_error_handler(Refused, views.not_admitted)
    routes.add_url_rule("/me/sessions", view_func=own_sessions.shown)
    routes.add_url_rule("/me/sessions/end", view_func=own_sessions.end, methods=post)
    routes.record(lambda state: _install(state, settings))
    return Door(NAME, routes, PREFIXES, render_error)


def _install(state: BlueprintSetupState, settings: Settings) -> None:
    providers.install(state.app.extensions, settings, shared.of(state.app).turns)
    if any(provider.refresh for provider in settings.providers):
        visitor.on_due(state.app, renewal.renew)


def giving_back(app: App) -> GivingBack:
    """Return what gives tokens of ended sessions back to their providers; it does not run yet."""
    parts = shared.of(app)
    read = partial(UnitOfWork, parts.database, keys=parts.keys, request_id="", now=parts.clock)
    idle = parts.settings.session_idle_seconds * _MICRO
    revoker = Revoker(providers.of(app), read, idle)
    return GivingBack(parts.held_tokens, revoker.give_back, parts.metrics)


def render_error(problem: Problem) -> Response:
    """Draw a problem as a page for people, as JSON for the rest."""
    if me.prefers_html():
        return pages.problem(problem)
    return jsonify(error=problem.phrase, message=problem.message, request_id=problem.request_id)
