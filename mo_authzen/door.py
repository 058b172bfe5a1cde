"""The routes of this door (design section 4)."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from mo_authzen import evaluation, forward_auth, search
from mo_authzen.answers import render_error
from mo_web.app import Door
from mo_web.shared import absolute

NAME: Final = "authzen"
PREFIXES: Final = ("/access/v1", "/.well-known/authzen-configuration", "/forward-auth")


def door() -> Door:
    """Return the door, ready to be put on an application."""
    routes = Blueprint(NAME, __name__)
    routes.add_url_rule("/.well-known/authzen-configuration", view_func=_configuration)
    post = (
        ("/evaluation", evaluation.evaluate),
        ("/evaluations", evaluation.evaluate_all),
        ("/search/subject", search.subjects),
        ("/search/resource", search.resources),
        ("/search/action", search.actions),
    )
    for path, view in post:
        routes.add_url_rule(f"/access/v1{path}", view_func=view, methods=["POST"])
    routes.add_url_rule("/forward-auth", view_func=forward_auth.check)
    return Door(NAME, routes, PREFIXES, render_error)


def _configuration() -> Response:
    """GET the metadata of this decision point (Authorization API 1.0, section 9)."""
    return jsonify(
        policy_decision_point=absolute(""),
        access_evaluation_endpoint=absolute("/access/v1/evaluation"),
        access_evaluations_endpoint=absolute("/access/v1/evaluations"),
        search_subject_endpoint=absolute("/access/v1/search/subject"),
        search_resource_endpoint=absolute("/access/v1/search/resource"),
        search_action_endpoint=absolute("/access/v1/search/action"),
    )
