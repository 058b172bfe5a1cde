"""The name of one request, in its answer, in the log and in the audit trail."""

from __future__ import annotations

import re
import uuid
from typing import Final

from flask import g, request

HEADER: Final = "X-Request-ID"
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
# Eleven digits in a row, or grouped as people write them, might be somebody's INSZ.
_NUMBERED: Final = re.compile(r"(?<!\d)(?:\d[.:_-]?){10}\d(?!\d)")


def current() -> str:
    """Return the id of this request: the caller's own where it is well formed, else a new one."""
    if "request_id" not in g:
        offered = request.headers.get(HEADER, "")
        g.request_id = offered if _is_fit(offered) else _made()
    found: str = g.request_id
    return found


def _made() -> str:
    """Draw until no digits look like somebody's number: the log would take them out."""
    while not _is_fit(drawn := uuid.uuid4().hex):
        pass
    return drawn


def _is_fit(offered: str) -> bool:
    return _WELL_FORMED.fullmatch(offered) is not None and not _NUMBERED.search(offered)
