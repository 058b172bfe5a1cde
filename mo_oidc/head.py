"""HEAD promises to change nothing (RFC 9110 §9.2.1), and our GETs that do are not asked by it.

Link checkers, previews and scanners send HEAD first. OpenID Connect has GET end a session or use
up a code; a HEAD that did the same would do it for somebody who only looked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request
from werkzeug.exceptions import MethodNotAllowed

P = ParamSpec("P")
R = TypeVar("R")


def refused(view: Callable[P, R]) -> Callable[P, R]:
    """Answer HEAD with 405 before the view is asked; ``Allow`` names the others."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method == "HEAD":
            rule = request.url_rule
            offered = set() if rule is None else set(rule.methods or ())
            raise MethodNotAllowed(sorted(offered - {"HEAD"}))
        return view(*args, **kwargs)

    return guarded
