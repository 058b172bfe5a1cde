"""Bounds on waiting for a provider, and what keeps one provider's answer from another's.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_STALL, _TURN_TESTS = "tests/oidc/test_stalling_provider.py", "tests/web/test_turnstile.py"
_TOKEN, _TURNSTILE = "mo_oidc/token_endpoint.py", "mo_web/turnstile.py"
_KEYS = "tests/oidc/test_keys.py"
_MIX_UP = "tests/oidc/test_mix_up.py"
_SLOW = "tests/oidc/test_slow_answers.py"
_LOOKUP = "tests/oidc/test_name_lookup.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("mo_web/fetch.py", "        self.poolmanager.pool_classes_by_scheme = POOLS\n", "", _SLOW),
    ("mo_web/deadline.py", "        if left <= 0:\n", "        if False:\n", _SLOW),
    ("mo_web/deadline.py", "            if left < _LEAST:\n", "            if False:\n", _LOOKUP),
    ("mo_web/deadline.py", "left / (len(found) - tried)", "left", _LOOKUP),
    ("mo_web/deadline.py", "made.settimeout(", "float(", _LOOKUP),
    ("mo_web/lookup.py", ".result(seconds)", ".result()", _LOOKUP),
    ("mo_web/lookup.py", "if answer is None:", "if True:", _LOOKUP),
    ("mo_web/lookup.py", "self._under_way.pop(host)", "self._under_way[host]", _LOOKUP),
    ("mo_oidc/flow.py", "if here != pending.redirect_uri:", "if False:", _MIX_UP),
    ("mo_oidc/views.py", "if config.own_callback else CALLBACK", "if False else CALLBACK", _MIX_UP),
    ("mo_oidc/head.py", 'if request.method == "HEAD":', "if False:", "tests/oidc/test_head.py"),
    ("mo_web/discovery.py", '_is_host(urlsplit(url).hostname or "")', "True", _KEYS),
    ("mo_web/keys.py", ' in (None, "sig")', ' in (None, "sig", "enc")', _KEYS),
    (
        "mo_authzen/forward_auth.py",
        "ISSUER_HEADER: found.issuer}",
        "ISSUER_HEADER: found.subject}",
        "tests/authzen/test_search.py",
    ),
    (_TOKEN, "with provider.turn(), only_fetch", "with only_fetch", _STALL),
    (_TOKEN, "        with provider.turn():\n", "        if True:\n", _STALL),
    ("mo_oidc/pushed.py", "        with provider.turn():\n", "        if True:\n", _STALL),
    ("mo_oidc/provider.py", "METADATA_STALE, clock, self.turn)", "METADATA_STALE, clock)", _STALL),
    ("mo_oidc/provider.py", "fetch, clock, self.turn)", "fetch, clock)", _STALL),
    (
        "mo_web/introspection.py",
        "                with self._turns.passed(provider.name):\n",
        "                if True:\n",
        "tests/web/test_introspection_time.py",
    ),
    (
        "mo_web/issuer.py",
        "partial(self._turns.passed, issuer)",
        "nullcontext",
        "tests/web/test_introspection_time.py",
    ),
    (_TURNSTILE, " and inside < self._together", "", _TURN_TESTS),
    (_TURNSTILE, " or peer in self._slow", "", _TURN_TESTS),
    (_TURNSTILE, "if any(me in", "if any(peer and False and me in", _TURN_TESTS),
    (_TURNSTILE, "*self._inside[peer].values()", "", _TURN_TESTS),
    ("mo_web/kept.py", "if value is None or self._is_over():", "if True:", _TURN_TESTS),
    ("mo_web/kept.py", "if value is None or self._is_over():", "if value is None:", _TURN_TESTS),
)
