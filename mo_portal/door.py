"""The routes of the portal (design section 4)."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from mo_portal import reviews, views
from mo_web import pages
from mo_web.app import Door
from mo_web.errors import Problem

NAME: Final = "portal"
PREFIXES: Final = ("/", "/documents", "/contacts", "/review")


def door() -> Door:
    """Return the portal, ready to be put on an application."""
    routes = Blueprint(NAME, __name__, template_folder="templates")
    routes.add_url_rule("/", view_func=views.home)
    routes.add_url_rule("/contacts", view_func=views.contacts)
    routes.add_url_rule("/documents/<document_id>", view_func=views.document)
    routes.add_url_rule("/review/<institution>", view_func=reviews.look)
    routes.add_url_rule("/review/<institution>/export", view_func=reviews.take)
    routes.add_url_rule("/review/<institution>/done", view_func=reviews.done, methods=["POST"])
    return Door(NAME, routes, PREFIXES, _render)


def _render(problem: Problem) -> Response:
    """Draw a problem as a page for people."""
    return pages.problem(problem)
