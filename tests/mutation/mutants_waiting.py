"""Bounds on waiting for a provider, and what keeps one provider's answer from another's.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_SLOW = "tests/oidc/test_slow_answers.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("mo_web/fetch.py", "        self.poolmanager.pool_classes_by_scheme = POOLS\n", "", _SLOW),
    ("mo_web/deadline.py", "        if left <= 0:\n", "        if False:\n", _SLOW),
)
