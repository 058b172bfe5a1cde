"""The login hint of the Flemish government's broker: in which capacity, and for whom, one comes.

ACM/IDM reads ``login_hint`` as base64 of a JSON object: ``cap_hint`` is the target group that is
chosen beforehand, ``code_hint`` the code of the organisation. A hint proves nothing: what counts is
what the claims say in the end.
"""

from __future__ import annotations

import json
from base64 import b64encode


def acm(cap_hint: str, code_hint: str) -> str:
    """Return the hint for a target group and an organisation, either may be ""; "" for neither."""
    said = {"cap_hint": cap_hint, "code_hint": code_hint}
    told = {name: value for name, value in said.items() if value}
    return b64encode(json.dumps(told, separators=(",", ":")).encode()).decode() if told else ""
