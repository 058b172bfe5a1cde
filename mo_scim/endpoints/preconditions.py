"""If-Match and If-None-Match against the entity tag of a view (RFC 7644 section 3.14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from mo_access.domain.errors import Stale
from mo_access.domain.model import GroupView, PersonView
from mo_scim.mapping import render
from mo_web import exchange


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a write expects of the current version; None: it does not say. Tags compare weakly."""

    match: ETags | None = None
    none_match: ETags | None = None

    def require(self, view: PersonView | GroupView) -> None:
        """Raise ``Stale`` unless the conditions hold."""
        if self.match is None and self.none_match is None:
            return
        tag = render.etag(view)
        wrong = self.match is not None and not self.match.contains_raw(tag)
        known = self.none_match is not None and self.none_match.contains_raw(tag)
        if wrong or known:
            raise Stale("The resource has changed: read it again and repeat the change.")


UNCONDITIONAL: Final = Conditions()


def of_request() -> Conditions:
    """Return the conditions in the headers of this request."""
    now = exchange.current()
    return Conditions(
        now.if_match if "HTTP_IF_MATCH" in now.environ else None,
        now.if_none_match if "HTTP_IF_NONE_MATCH" in now.environ else None,
    )


def of_version(version: str | None) -> Conditions:
    """Return the condition that ``version`` of a Bulk operation is (RFC 7644 section 3.7)."""
    return Conditions(parse_etags(version) if version is not None else None)


def is_unchanged(tag: str) -> bool:
    """Tell whether the caller already holds what a read would answer."""
    now = exchange.current()
    return "HTTP_IF_NONE_MATCH" in now.environ and now.if_none_match.contains_raw(tag)
