"""``POST …/.search`` (RFC 7644 section 3.4.3): a query that stands in no URL and no log."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from mo_access.service import groups as group_service
from mo_access.service import people
from mo_scim.endpoints import answer, asking, body, calling, groups, users
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.reporting import reported
from mo_scim.mapping import render
from mo_scim.mapping.refusals import InvalidFilter


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Users/.search", "search_users", search_users, methods=["POST"])
    blueprint.add_url_rule("/Groups/.search", "search_groups", search_groups, methods=["POST"])
    blueprint.add_url_rule("/.search", "search_all", search_all, methods=["POST"])


@reported
def search_users() -> Response:
    """Search users."""
    return users.page(asking.from_body(body.read()))


@reported
def search_groups() -> Response:
    """Search groups."""
    return groups.page(asking.from_body(body.read()))


@reported
def search_all() -> Response:
    """Search users, then groups; an attribute that one kind lacks holds for none of it."""
    asked = asking.from_body(body.read())
    kinds = [kind for kind in ("User", "Group") if _is_searchable(asked, kind)]
    if not kinds:
        raise InvalidFilter("filter: fits neither users nor groups. See GET /Schemas.")
    total, items = _users(asked) if "User" in kinds else (0, [])
    if "Group" in kinds:
        more, groups_found = _groups(asked, asked.start - total, asked.count - len(items))
        total, items = total + more, [*items, *groups_found]
    return answer.document(render.page(total, asked.start, items))


def _is_searchable(asked: Asked, kind: str) -> bool:
    try:
        asked.query(kind, asked.selection(kind))
    except InvalidFilter:
        return False
    return True


def _users(asked: Asked) -> tuple[int, list[bytes]]:
    call, chosen = calling.current(), asked.selection("User")
    found = people.find(call.uow, call.actor, asked.query("User", chosen), insz=chosen.asks_insz)
    base = answer.base_url()
    return found.total, [render.user(view, base, chosen) for view in found.items]


def _groups(asked: Asked, start: int, count: int) -> tuple[int, list[bytes]]:
    call, chosen = calling.current(), asked.selection("Group")
    query = replace(asked.query("Group", chosen), start=max(1, start), count=count)
    found = group_service.find(call.uow, call.actor, query)
    base = answer.base_url()
    return found.total, [render.group(view, base, chosen) for view in found.items]
