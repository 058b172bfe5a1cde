"""Is it alive, is it ready: for whoever restarts or feeds this node."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from mo_access.service import health
from mo_web.shared import shared

UP, DOWN = 200, 503


def blueprint() -> Blueprint:
    """Return the two routes of design section 4; they tell states, never reasons."""
    routes = Blueprint("health", __name__, url_prefix="/health")
    routes.add_url_rule("/live", "live", _live)
    routes.add_url_rule("/ready", "ready", _ready)
    return routes


def _live() -> Response:
    return jsonify(status="up")


def _ready() -> tuple[Response, int]:
    parts = shared()
    checks: dict[str, Callable[[], bool]] = {
        "database": lambda: health.database_answers(parts.database),
        "migrations": lambda: health.schema_is_current(parts.database),
        "keys": lambda: health.keys_work(parts.keys),
    }
    states = {name: "up" if check() else "down" for name, check in checks.items()}
    ready = all(state == "up" for state in states.values())
    return jsonify(status="up" if ready else "down", checks=states), UP if ready else DOWN
