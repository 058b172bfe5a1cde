"""Searches: ``POST …/.search``, a query in no URL and no log, and all kinds at the root.

RFC 7644 sections 3.4.2.1 and 3.4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response

from mo_scim.endpoints import asking, body, catalogue, groups, listing, users
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.listing import Kind
from mo_scim.endpoints.reporting import reported
from mo_scim.mapping import filters
from mo_scim.resources import INSTITUTION, THEME

_KINDS: Final[dict[str, Kind]] = {
    "User": users.lists,
    "Group": groups.lists,
    "Institution": catalogue.institutions_asked,
    "Theme": catalogue.themes_asked,
}
_PROVISIONED: Final = ("User", "Group")
_BY_KIND: Final = ("meta.resourcetype", INSTITUTION.casefold(), THEME.casefold())
"""What a filter speaks of kinds with: their names, or the schemas of the short lists."""


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    for name, kind in _KINDS.items():
        rule, endpoint = f"/{name}s/.search", f"search_{name.casefold()}s"
        blueprint.add_url_rule(rule, endpoint, _searching(kind), methods=["POST"])
    blueprint.add_url_rule("/.search", view_func=search_all, methods=["POST"])
    blueprint.add_url_rule("/", view_func=list_all)
    blueprint.add_url_rule("", "list_all_bare", list_all)


@reported
def search_all() -> Response:
    """Search several kinds of resources."""
    return _everything(asking.from_body(body.read()))


@reported
def list_all() -> Response:
    """List several kinds of resources."""
    return _everything(asking.from_url())


def _everything(asked: Asked) -> Response:
    """Look at what clients provision, and at all there is where the filter speaks of its kind.

    A client that was not told of institutions and themes could not read them.
    """
    text = (asked.text("filter") or "").casefold()
    all_kinds = any(word in text for word in _BY_KIND)
    kinds = _placed(asked, tuple(_KINDS) if all_kinds else _PROVISIONED)
    return listing.everything(replace(asked, across=kinds), [_KINDS[name] for name in kinds])


def _placed(asked: Asked, kinds: Sequence[str]) -> Sequence[str]:
    """Return the kinds in their own order, or by what each kind says of itself where asked."""
    told = {kind: filters.common_to(asked.text("sortby") or "", kind) for kind in kinds}
    if any(text is None for text in told.values()):
        return kinds
    return sorted(kinds, key=lambda kind: told[kind] or "", reverse=asked.descending)


def _searching(kind: Kind) -> Callable[[], Response]:
    @reported
    def search() -> Response:
        return listing.page(asking.from_body(body.read()), kind)

    return search
