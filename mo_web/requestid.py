"""The name of one request, in its answer, in the log and in the audit trail."""

from __future__ import annotations

import re
import secrets
from typing import Final

from mo_web import exchange

HEADER: Final = "X-Request-ID"
_VARIABLE: Final = "HTTP_X_REQUEST_ID"
_BYTES: Final = 16
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
# Eleven digits in a row, or grouped as people write them, might be somebody's INSZ.
_NUMBERED: Final = re.compile(r"(?<!\d)(?:\d[.:_-]?){10}\d(?!\d)")


def current() -> str:
    """Return the id of this request: the caller's own where it is well formed, else a new one."""
    now = exchange.current()
    if not now.request_id:
        offered = now.environ.get(_VARIABLE)
        now.request_id = offered if offered and _is_fit(offered) else _made()
    return now.request_id


def _made() -> str:
    """Draw until no digits look like somebody's number: the log would take them out."""
    while _NUMBERED.search(drawn := secrets.token_hex(_BYTES)):
        pass
    return drawn


def _is_fit(offered: str) -> bool:
    return _WELL_FORMED.fullmatch(offered) is not None and not _NUMBERED.search(offered)
