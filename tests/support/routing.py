"""Rules of the URL map, compiled once: every test makes an application, and each had its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from werkzeug.routing import Rule

Builder = Callable[..., Any]


def share_builders(patch: pytest.MonkeyPatch) -> None:
    """Let rules of one text share the function that builds their URL; it holds no state of a rule.

    Werkzeug compiles two Python functions for each of our seventy rules: a fifth of the time of a
    test that asks one thing. A rule with defaults has them written into its function: not shared.
    """
    compiled = Rule._compile_builder
    known: dict[tuple[str, bool], Builder] = {}

    @wraps(compiled)
    def shared(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults or rule.subdomain or rule.host:
            return compiled(rule, append_unknown)
        key = (rule.rule, append_unknown)
        if key not in known:
            known[key] = compiled(rule, append_unknown)
        return known[key]

    patch.setattr(Rule, "_compile_builder", shared)
