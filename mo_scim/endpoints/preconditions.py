"""If-Match and If-None-Match against the entity tag of a view (RFC 7644 section 3.14)."""

from __future__ import annotations

from flask import request

from mo_access.domain.errors import Stale
from mo_access.domain.model import GroupView, PersonView
from mo_scim.mapping import render


def require(view: PersonView | GroupView) -> None:
    """Raise ``Stale`` unless the caller's conditions for a write hold; tags compare weakly."""
    tag = render.etag(view)
    wrong = "If-Match" in request.headers and not request.if_match.contains_raw(tag)
    known = "If-None-Match" in request.headers and request.if_none_match.contains_raw(tag)
    if wrong or known:
        raise Stale("The resource has changed: read it again and repeat the change.")


def is_unchanged(tag: str) -> bool:
    """Tell whether the caller already holds what a read would answer."""
    return "If-None-Match" in request.headers and request.if_none_match.contains_raw(tag)
