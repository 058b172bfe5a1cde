"""Checks of what goes back to a provider when a session ends, that must not go missing.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_TESTS, _REQUEST = "tests/oidc/test_revocation.py", "tests/oidc/test_revocation_request.py"
_REVOKER, _UNIT = "mo_oidc/revocation.py", "mo_access/service/unit_of_work.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_REVOKER, "(p.config.name, p.config.issuer) == asked", "p.config.name == asked[0]", _REQUEST),
    (_REVOKER, " and revoking.is_shared(uow, token, self._idle)", " and False", _TESTS),
    (_UNIT, "            del self._held[held:]\n", "", _TESTS),
    (
        _UNIT,
        "        self.beheerders = {}\n        self._held = []\n",
        "        self.beheerders = {}\n",
        _TESTS,
    ),
    (
        "mo_access/service/renewals.py",
        "if not kept and not ended.is_there(uow.conn, turn.hashed):",
        "if not kept:",
        _TESTS,
    ),
    (
        "mo_oidc/renewal.py",
        "renewals.end(uow, turn, refusal.code, brought)",
        "renewals.end(uow, turn, refusal.code)",
        _TESTS,
    ),
    ("mo_oidc/metadata.py", " and is_allowed_address(value, issuer) else", " else", _REQUEST),
)
