"""``/Groups``: members are changed as a delta, a large group is never loaded (design section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response

from mo_access.domain.model import Document, GroupDraft, GroupView
from mo_access.service import groups as service
from mo_scim.endpoints import answer, asking, body, calling, preconditions
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.reporting import done, reported
from mo_scim.mapping import groups, members, operations, patches, render
from mo_scim.mapping.operations import Operation
from mo_scim.mapping.render import Selection
from mo_scim.profiles import Deviation

SHOWN_MEMBERS: Final = 100
"""A PATCH answers 200 with the group up to this many members, 204 above (ruling 6)."""


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    for method, view in (("GET", listed), ("POST", created)):
        blueprint.add_url_rule("/Groups", f"groups_{method}", view, methods=[method])
    for method, view_of_one in (
        ("GET", shown),
        ("PUT", replaced),
        ("PATCH", patched),
        ("DELETE", deleted),
    ):
        rule, name = "/Groups/<resource_id>", f"group_{method}"
        blueprint.add_url_rule(rule, name, view_of_one, methods=[method])


@reported("Group")
def listed() -> Response:
    """List and filter."""
    return page(asking.from_url())


def page(asked: Asked) -> Response:
    """Answer a query with a page of groups."""
    call, chosen = calling.current(), asked.selection("Group")
    query = asked.query("Group", chosen)
    found = service.find(call.uow, call.actor, query)
    base = answer.base_url()
    items = [render.group(view, base, chosen) for view in found.items]
    return answer.document(render.page(found.total, query.start, items))


@reported("Group")
def shown(resource_id: str) -> Response:
    """Read one group; 304 when the caller's copy is current."""
    call, chosen = calling.current(), asking.from_url().selection("Group")
    view = service.get(call.uow, call.actor, resource_id, members=False)
    if preconditions.is_unchanged(render.etag(view)):
        return answer.not_modified(render.etag(view))
    if chosen.shows("members"):
        view = service.get(call.uow, call.actor, resource_id)
    return _answer(view, chosen)


@reported("Group")
def created() -> Response:
    """Make a group with its members."""
    call, chosen = calling.current(), asking.from_url().selection("Group")
    sent = body.read(limit=body.GROUP_BYTES)
    draft = _read(sent, None)
    view = service.create(call.uow, call.actor, draft, groups.members(sent, call.profile))
    done("Group", view.id, 201, _unmapped(draft))
    return _answer(view, chosen, 201)


@reported("Group")
def replaced(resource_id: str) -> Response:
    """Replace a group; no members in the body means none (brokers.md, section 3)."""
    call, chosen = calling.current(), asking.from_url().selection("Group")
    sent = body.read(limit=body.GROUP_BYTES)
    step = groups.members(sent, call.profile)

    def change(view: GroupView) -> GroupDraft:
        preconditions.require(view)
        return _read(sent, view)

    loaded = chosen.shows("members")
    view = service.update(
        call.uow, call.actor, resource_id, change, (step,), skip_unknown=False, members=loaded
    )
    done("Group", view.id, 200, _unmapped(view))
    return _answer(view, chosen)


@reported("Group")
def patched(resource_id: str) -> Response:
    """Apply all operations, members in SQL; who is unknown is skipped where tolerated."""
    call, chosen = calling.current(), asking.from_url().selection("Group")
    wanted = operations.read(body.read(limit=body.GROUP_BYTES), "Group", call.profile)
    steps, rest = members.split(wanted, call.profile)

    def change(view: GroupView) -> GroupDraft | None:
        preconditions.require(view)
        return _patched(view, rest)

    skip = Deviation.UNKNOWN_MEMBERS in call.profile.tolerated
    skipped = service.unknown_members(call.uow, call.actor, steps) if skip else []
    if skipped:
        call.profile.allows(Deviation.UNKNOWN_MEMBERS)
    view = service.update(
        call.uow, call.actor, resource_id, change, steps, skip_unknown=skip, members=False
    )
    told = (f"members: {len(skipped)} unknown, skipped",) if skipped else ()
    small = service.size(call.uow, call.actor, view.id) <= SHOWN_MEMBERS
    done("Group", view.id, 200 if small else 204, (*_unmapped(view), *told))
    if not small:
        return answer.empty(render.etag(view))
    if chosen.shows("members"):
        view = service.get(call.uow, call.actor, view.id)
    return _answer(view, chosen)


@reported("Group")
def deleted(resource_id: str) -> Response:
    """Delete a group; a body is ignored, as some brokers send one."""
    call = calling.current()
    service.delete(call.uow, call.actor, resource_id, preconditions.require)
    done("Group", resource_id, 204)
    return answer.empty()


def _read(
    sent: Document, view: GroupView | None, explicit: frozenset[str] | None = None
) -> GroupDraft:
    call = calling.current()
    return groups.read(
        sent,
        profile=call.profile,
        catalogue=call.catalogue,
        actor=call.actor,
        shown=view,
        explicit=explicit,
    )


def _patched(view: GroupView, rest: tuple[Operation, ...]) -> GroupDraft | None:
    """Apply what is not about members; None when nothing is left of it."""
    whole = render.full_group(view, answer.base_url())
    outcome, named = patches.apply(whole, rest, "Group", calling.current().profile)
    if outcome == whole and not named:
        return None
    return _read(outcome, view, named)


def _unmapped(group: GroupDraft | GroupView) -> tuple[str, ...]:
    gives = group.theme is not None or group.role is not None
    return () if gives else (f"displayName: {group.display_name}",)


def _answer(view: GroupView, chosen: Selection, status: int = 200) -> Response:
    base = answer.base_url()
    tag, location = render.etag(view), f"{base}/Groups/{view.id}"
    hidden = replace(view, members=None) if not chosen.shows("members") else view
    return answer.resource(render.group(hidden, base, chosen), tag, location, status)
