"""Groups: a theme or a role at an institution, and who belongs to it (rules 2, 4 and 6)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final

from mo_access.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from mo_access.domain.model import (
    MAX_MEMBERS,
    Actor,
    Event,
    GroupDraft,
    GroupView,
    MemberChange,
    Page,
    Query,
)
from mo_access.domain.text import without_numbers
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import groups
from mo_access.storage.engine import Duplicate
from mo_access.storage.groups import GroupRow

Change = Callable[[GroupView], GroupDraft | None]
Check = Callable[[GroupView], None]
NAMED_UNKNOWN: Final = 5


def create(uow: UnitOfWork, actor: Actor, draft: GroupDraft, members: MemberChange) -> GroupView:
    """Make a group and add these members.

    Raises ``Conflict`` for a taken externalId, ``Invalid`` for an unknown member.
    """
    conn, group_id = uow.write(), str(uuid.uuid4())
    try:
        pk = groups.new(conn, actor.client_pk, group_id, draft, uow.now)
    except Duplicate as error:
        raise _taken() from error
    groups.replace_values(conn, pk, [asdict(value) for value in draft.values])
    _apply(uow, actor, pk, members, skip_unknown=False)
    _record(uow, "group.create", group_id, draft, {"members": len(set(members.people))})
    return get(uow, actor, group_id)


def get(uow: UnitOfWork, actor: Actor, group_id: str, *, members: bool = True) -> GroupView:
    """Return the group as this client sees it. Raises ``NotFound``, foreign and absent alike."""
    return _views(uow, [_found(groups.get(uow.conn, actor, group_id))], members=members)[0]


def find(uow: UnitOfWork, actor: Actor, query: Query) -> Page[GroupView]:
    """Return a page of this client's groups; members only when the query asks for them."""
    total, rows = groups.find(uow.conn, actor, query)
    return Page(total, tuple(_views(uow, rows, members=query.members)))


def update(  # noqa: PLR0913 - one write: what changes, and how strictly
    uow: UnitOfWork,
    actor: Actor,
    group_id: str,
    change: Change,
    steps: tuple[MemberChange, ...] = (),
    *,
    skip_unknown: bool = False,
    members: bool = True,
) -> GroupView:
    """Change a group and its members; a change that alters nothing leaves its version alone.

    ``change`` is pure and sees the group without members under a lock; None means that only the
    members may change. ``skip_unknown`` leaves out members who are not people of this client
    instead of refusing (ruling 6). The cost does not depend on the size of the group.
    """
    row = _locked(uow, actor, group_id)
    draft = change(row.view)
    altered = _change(uow, row, draft)
    moved = sum(_apply(uow, actor, row.pk, step, skip_unknown=skip_unknown) for step in steps)
    if groups.count(uow.conn, row.pk) > MAX_MEMBERS:
        raise TooLarge(f"members: a group holds at most {MAX_MEMBERS}", attribute="members")
    if altered or moved:
        groups.bump(uow.conn, row.pk, uow.now)
        now = _found(groups.get(uow.conn, actor, group_id)).view
        facts = {"members_changed": moved, "renamed": altered}
        _record(uow, "group.update", group_id, now, facts)
        if draft is not None and row.view.institution not in {None, now.institution}:
            _record(uow, "group.update", group_id, row.view, facts)
    return get(uow, actor, group_id, members=members)


def size(uow: UnitOfWork, actor: Actor, group_id: str) -> int:
    """Return how many members the group has."""
    return groups.count(uow.conn, _found(groups.get(uow.conn, actor, group_id)).pk)


def delete(uow: UnitOfWork, actor: Actor, group_id: str, check: Check) -> None:
    """Delete a group; its members lose what it gave. ``check`` may refuse a stale version."""
    row = _locked(uow, actor, group_id)
    check(row.view)
    lost = groups.count(uow.conn, row.pk)
    groups.drop(uow.conn, row.pk)
    _record(uow, "group.delete", group_id, row.view, {"members": lost})


def unknown_members(uow: UnitOfWork, actor: Actor, steps: tuple[MemberChange, ...]) -> list[str]:
    """Return the members to be added that are no people of this client (for the report)."""
    wanted = tuple(i for step in steps if step.kind in {"add", "replace"} for i in step.people)
    return groups.unknown(uow.conn, actor, wanted) if wanted else []


def _locked(uow: UnitOfWork, actor: Actor, group_id: str) -> GroupRow:
    row = _found(groups.get(uow.write(), actor, group_id, lock=True))
    if row.client_pk != actor.client_pk:
        raise Forbidden("This group belongs to another client; change it there.")
    return row


def _found(row: GroupRow | None) -> GroupRow:
    if row is None:
        raise NotFound("There is no such group.")
    return row


def _views(uow: UnitOfWork, rows: list[GroupRow], *, members: bool) -> list[GroupView]:
    if not (members and rows):
        return [row.view for row in rows]
    found = groups.members(uow.conn, [row.pk for row in rows])
    return [replace(row.view, members=tuple(found[row.pk])) for row in rows]


def _change(uow: UnitOfWork, row: GroupRow, draft: GroupDraft | None) -> bool:
    if draft is None or not _differs(row.view, draft):
        return False
    try:
        groups.change(uow.conn, row.pk, draft, uow.now)
    except Duplicate as error:
        raise _taken() from error
    groups.replace_values(uow.conn, row.pk, [asdict(value) for value in draft.values])
    return True


def _differs(view: GroupView, draft: GroupDraft) -> bool:
    said = (draft.display_name, draft.external_id, draft.theme, draft.institution, draft.role)
    held = (view.display_name, view.external_id, view.theme, view.institution, view.role)
    return said != held or json.loads(view.document) != draft.document


def _apply(
    uow: UnitOfWork, actor: Actor, pk: int, step: MemberChange, *, skip_unknown: bool
) -> int:
    """Apply one step and return how many memberships it changed."""
    if step.kind == "clear":
        return groups.clear(uow.conn, pk)
    if step.kind == "remove":
        return groups.remove(uow.conn, pk, step.people)
    if len(step.people) > MAX_MEMBERS:
        raise TooLarge(f"members: a group holds at most {MAX_MEMBERS}", attribute="members")
    if not skip_unknown:
        _refuse_unknown(uow, actor, step.people)
    gone = groups.keep_only(uow.conn, actor, pk, step.people) if step.kind == "replace" else 0
    added = groups.add(uow.conn, actor, pk, step.people, uow.now)
    return gone + added + groups.label(uow.conn, pk, step.displays)


def _refuse_unknown(uow: UnitOfWork, actor: Actor, people: tuple[str, ...]) -> None:
    unknown = groups.unknown(uow.conn, actor, people) if people else []
    if unknown:
        shown = (without_numbers(value)[:64] for value in unknown[:NAMED_UNKNOWN])
        named = ", ".join(map(repr, shown))
        text = f"members: {len(unknown)} of the values are no users of yours: {named}. "
        raise Invalid(text + "Create the users first.", attribute="members")


def _taken() -> Conflict:
    return Conflict("externalId: another group of yours has this value", attribute="externalId")


def _record(
    uow: UnitOfWork, kind: str, group_id: str, group: GroupView | GroupDraft, facts: dict[str, int]
) -> None:
    at = (group.institution,) if group.institution else ()
    role = group.role.value if group.role else None
    told = {"group": group_id, "role": role, **facts}
    uow.record(Event(kind, "ok", institutions=at, theme=group.theme, facts=told))
