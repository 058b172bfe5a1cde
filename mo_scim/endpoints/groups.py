"""``/Groups``: members are changed as a delta, a large group is never loaded (design section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, Response

from mo_access.domain.model import Document, GroupDraft, GroupView, Role
from mo_access.service import groups as service
from mo_scim.endpoints import answer, asking, body, calling, listing, preconditions, writing
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.calling import Call
from mo_scim.endpoints.listing import Found, List, Window
from mo_scim.endpoints.reporting import reported
from mo_scim.endpoints.writing import Change, Outcome, Write, Writers
from mo_scim.mapping import groups, members, operations, patches, render
from mo_scim.mapping.claims import NO_BEHEERDERS
from mo_scim.mapping.operations import Operation
from mo_scim.profiles import Deviation

NO_CONTENT: Final = 204
SHOWN_MEMBERS: Final = 100
"""A PATCH answers 200 with the group up to this many members, 204 above (ruling 6).

But 200 with what ``attributes`` names, whatever the size (RFC 7644 section 3.5.2).
"""


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Groups", "groups", listed)
    blueprint.add_url_rule("/Groups/<id:resource_id>", "group", shown)
    writing.add_to(blueprint, "Group", WRITERS, body.GROUP_BYTES)


@reported
def listed() -> Response:
    """List and filter."""
    return listing.page(asking.from_url(), lists)


def lists(call: Call, asked: Asked) -> List:
    """Read what is asked of groups."""
    chosen = asked.selection("Group")
    query = asked.query("Group", chosen)

    def found(window: Window) -> Found:
        page = service.find(call.uow, call.actor, window.of(query))
        items = [render.group(view, call.base, chosen) for view in page.items]
        return Found(page.total, items, page.last)

    return found


@reported
def shown(resource_id: str) -> Response:
    """Read one group; 304 when the caller's copy is current."""
    call, chosen = calling.current(), asking.from_url().selection("Group")
    view = service.get(call.uow, call.actor, resource_id, members=False)
    tag = render.etag(view)
    if preconditions.is_unchanged(tag):
        return answer.not_modified(tag)
    if chosen.shows("members"):
        view = service.with_members(call.uow, view)
    location = f"{call.base}/Groups/{view.id}"
    if view.size <= render.PIECE:
        return answer.resource(render.group(view, call.base, chosen), tag, location)
    return answer.streamed(render.group_pieces(view, call.base, chosen), tag, location)


def created(call: Call, write: Write) -> Change:
    """Make a group with its members."""
    draft = _read(call, write.body, None)
    people = groups.members(write.body, call.profile)

    def change() -> Outcome:
        view = service.create(call.uow, call.actor, draft, people)
        return _outcome(call, write, view, _unmapped(call, view), 201)

    return change


def replaced(call: Call, write: Write) -> Change:
    """Replace a group; no members in the body means none (brokers.md, section 3)."""
    step = groups.members(write.body, call.profile)

    def drafted(view: GroupView) -> GroupDraft:
        write.conditions.require(view)
        return _read(call, write.body, view)

    def change() -> Outcome:
        done = service.update(call.uow, call.actor, write.resource_id, drafted, (step,))
        outcome = _outcome(call, write, done.view, _unmapped(call, done.view), 200)
        return replace(outcome, changed=done.changed)

    return change


def patched(call: Call, write: Write) -> Change:
    """Apply all operations, members in SQL; who is unknown is skipped where tolerated."""
    wanted = operations.read(write.body, "Group", call.profile)
    steps, rest = members.split(wanted, call.profile)
    skip = Deviation.UNKNOWN_MEMBERS in call.profile.tolerated

    def drafted(view: GroupView) -> GroupDraft | None:
        write.conditions.require(view)
        return _patched(call, view, rest)

    def change() -> Outcome:
        done = service.update(
            call.uow, call.actor, write.resource_id, drafted, steps, skip_unknown=skip
        )
        skipped = done.skipped and call.profile.allows(Deviation.UNKNOWN_MEMBERS)
        told = (f"members: {done.skipped} unknown, skipped",) if skipped else ()
        shown = done.view.size <= SHOWN_MEMBERS or _asks(write)
        status = 200 if shown else NO_CONTENT
        outcome = _outcome(call, write, done.view, (*_unmapped(call, done.view), *told), status)
        return replace(outcome, changed=done.changed)

    return change


def deleted(call: Call, write: Write) -> Change:
    """Delete a group."""

    def change() -> Outcome:
        service.delete(call.uow, call.actor, write.resource_id, write.conditions.require)
        return Outcome(204, write.resource_id, f"{call.base}/Groups/{write.resource_id}")

    return change


WRITERS: Final[Writers] = {
    "POST": created,
    "PUT": replaced,
    "PATCH": patched,
    "DELETE": deleted,
}


def _read(
    call: Call, sent: Document, view: GroupView | None, explicit: frozenset[str] | None = None
) -> GroupDraft:
    return groups.read(
        sent,
        profile=call.profile,
        catalogue=call.catalogue,
        actor=call.actor,
        shown=view,
        explicit=explicit,
    )


def _patched(call: Call, view: GroupView, rest: tuple[Operation, ...]) -> GroupDraft | None:
    """Apply what is not about members; None when there is nothing of it, or nothing left."""
    if not rest:
        return None
    whole = render.full_group(view, call.base)
    outcome, named = patches.apply(whole, rest, "Group", call.profile)
    if outcome == whole and not named:
        return None
    return _read(call, outcome, view, named)


def _asks(write: Write) -> bool:
    return write.chosen is not None and write.chosen.included is not None


def _unmapped(call: Call, group: GroupView) -> tuple[str, ...]:
    if group.role is Role.BEHEERDER and not call.actor.beheerders:
        return (f"displayName: {group.display_name} gives gebruiker, {NO_BEHEERDERS}",)
    gives = group.theme is not None or group.role is not None
    return () if gives else (f"displayName: {group.display_name}",)


def _outcome(
    call: Call, write: Write, view: GroupView, unmapped: tuple[str, ...], status: int
) -> Outcome:
    location, tag = f"{call.base}/Groups/{view.id}", render.etag(view)
    if write.chosen is None or status == NO_CONTENT:
        return Outcome(status, view.id, location, tag, None, unmapped)
    if write.chosen.shows("members"):
        view = service.with_members(call.uow, view)
    body = render.group(view, call.base, write.chosen)
    return Outcome(status, view.id, location, tag, body, unmapped)
