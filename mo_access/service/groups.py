"""Groups: a theme or a role at an institution, and who belongs to it (rules 2, 4 and 6)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mo_access.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from mo_access.domain.model import (
    MAX_MEMBERS,
    Actor,
    Document,
    Event,
    GroupDraft,
    GroupView,
    Json,
    MemberChange,
    Page,
    Query,
    Role,
)
from mo_access.domain.text import without_numbers
from mo_access.service import beheerders, bounds, theme_ends
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import beheerder_changes, groups, memberships
from mo_access.storage.engine import Duplicate
from mo_access.storage.groups import GroupRow

Change = Callable[[GroupView], GroupDraft | None]
Check = Callable[[GroupView], None]
NAMED_UNKNOWN: Final = 5


@dataclass(slots=True)
class _Moved:
    """What steps on members did so far: how many members there are, how many changes it took."""

    size: int = 0
    count: int = 0
    unknown: list[str] = field(default_factory=list)
    added: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)

    def gain(self, members: tuple[str, ...]) -> None:
        self.size += len(members)
        self.count += len(members)
        self.added |= dict.fromkeys(members)

    def lose(self, members: tuple[str, ...]) -> None:
        self.size -= len(members)
        self.count += len(members)
        self.removed |= dict.fromkeys(members)

    @property
    def subjects(self) -> dict[str, tuple[str, ...]]:
        """Who joined and who left, all steps taken together."""
        both = self.added.keys() & self.removed.keys()
        kinds = {"added": self.added, "removed": self.removed}
        told = {kind: tuple(p for p in who if p not in both) for kind, who in kinds.items()}
        return {kind: who for kind, who in told.items() if who}


@dataclass(frozen=True, slots=True)
class Updated:
    """A group after a change; how many members were skipped because nobody knows them.

    ``changed``: something is another than before.
    """

    view: GroupView
    skipped: int
    changed: bool


def create(uow: UnitOfWork, actor: Actor, draft: GroupDraft, members: MemberChange) -> GroupView:
    """Make a group and add these members; returns it without them (``with_members``).

    Raises ``Conflict`` for a taken externalId, ``Invalid`` for an unknown member.
    """
    conn, group_id = uow.write(), str(uuid.uuid4())
    try:
        pk = groups.new(conn, actor.client_pk, group_id, draft, uow.now)
    except Duplicate as error:
        raise _taken() from error
    groups.add_values(conn, pk, draft.values)
    bounds.keep(uow, actor, filter(None, [draft.institution]))
    moved = _Moved()
    if members.people:
        _apply(uow, actor, pk, replace(members, kind="add"), moved)
        _refuse(moved)
        groups.set_size(conn, pk, moved.size)
    _judge_beheerders(uow, None, draft, frozenset())
    _record(uow, "group.create", group_id, draft, {"members": moved.size}, moved.subjects)
    return replace(_drafted(group_id, draft, uow.now), size=moved.size)


def get(uow: UnitOfWork, actor: Actor, group_id: str, *, members: bool = True) -> GroupView:
    """Return the group as this client sees it. Raises ``NotFound``, foreign and absent alike."""
    return _views(uow, [_found(groups.get(uow.conn, actor, group_id))], members=members)[0]


def find(uow: UnitOfWork, actor: Actor, query: Query) -> Page[GroupView]:
    """Return a page of this client's groups; members only when the query asks for them."""
    found = groups.find(uow.conn, actor, query)
    items = tuple(_views(uow, found.items, members=query.members))
    return Page(found.total, items, found.last)


def with_members(uow: UnitOfWork, view: GroupView) -> GroupView:
    """Return a group that the caller was shown, with its members read."""
    return replace(view, members=memberships.members_of(uow.conn, view.id))


def update(
    uow: UnitOfWork,
    actor: Actor,
    group_id: str,
    change: Change,
    steps: tuple[MemberChange, ...] = (),
    *,
    skip_unknown: bool = False,
) -> Updated:
    """Change a group and its members; a change that alters nothing leaves its version alone.

    ``change`` is pure and sees the group without members under a lock; None means that only the
    members may change. ``skip_unknown`` leaves out members who are not people of this client
    instead of refusing (ruling 6), unless all who were to take others' places are. Neither the
    cost nor the answer, which holds no members, depends on the size of the group.
    """
    row = _locked(uow, actor, group_id)
    draft = change(row.view)
    altered = draft if draft is not None and _differs(row.view, draft) else None
    held = _held_links(uow, row)
    holders = theme_ends.role_holders(uow, row)
    moved = _Moved(row.view.size)
    for step in steps:
        _apply(uow, actor, row.pk, step, moved)
    if not skip_unknown:
        _refuse(moved)
    if altered is not None and altered.institution != row.view.institution:
        bounds.keep(uow, actor, filter(None, [altered.institution]))
    now = _written(uow, row, altered, moved)
    if now is not row.view:
        kept = _same_role(row.view, now)
        gone = held - _held_links(uow, row) if kept else held
        left = bool(moved.removed) or (row.view.size > 0 and not kept)
        _judge_beheerders(uow, row.view if left else None, now, gone)
        facts = {"members_changed": moved.count, "renamed": altered is not None}
        subjects = _subjects(uow, row.view, now, moved)
        _record(uow, "group.update", group_id, now, facts, subjects)
        if row.view.institution not in {None, now.institution}:
            _record(uow, "group.update", group_id, row.view, facts, subjects)
        theme_ends.end_left(uow, row, holders, actor.name)
    return Updated(now, len(set(moved.unknown)), now is not row.view)


def delete(
    uow: UnitOfWork, actor: Actor, group_id: str, check: Check, *, told: Document | None = None
) -> None:
    """Delete a group; its members lose what it gave. ``check`` may refuse a stale version.

    ``told`` is what else stands in the trail.
    """
    row = _locked(uow, actor, group_id)
    check(row.view)
    held = memberships.members_of(uow.conn, group_id) if row.view.size else ()
    links, holders = _held_links(uow, row), theme_ends.role_holders(uow, row)
    groups.drop(uow.conn, row.pk, row.client_pk)
    theme_ends.end_left(uow, row, holders, actor.name)
    _judge_beheerders(uow, row.view if held else None, None, links)
    left = {"removed": tuple(person for person, _ in held)} if held else {}
    facts = {"members": row.view.size, **(told or {})}
    _record(uow, "group.delete", group_id, row.view, facts, left)


def _held_links(uow: UnitOfWork, row: GroupRow) -> frozenset[int]:
    """Give the links of who is beheerder through the group, where their role may be kept."""
    if uow.terms.last_beheerder != "retain" or row.view.role is not Role.BEHEERDER:
        return frozenset()
    return beheerder_changes.member_links(uow.conn, row.pk)


def _same_role(before: GroupView, now: GroupView) -> bool:
    return (before.role, before.institution) == (now.role, now.institution)


def _judge_beheerders(
    uow: UnitOfWork,
    before: GroupView | None,
    now: GroupView | GroupDraft | None,
    gone: frozenset[int],
) -> None:
    """Tell rule 8 whose beheerders may be others now; ``gone`` lost the role by this change.

    ``before`` is None where nobody lost it: what the group was is then nobody's last role.
    """
    if now is not None and now.role is Role.BEHEERDER:
        beheerders.touched(uow, filter(None, [now.institution]))
    if before is not None and before.role is Role.BEHEERDER:
        beheerders.lost(uow, filter(None, [before.institution]), gone)


def _locked(uow: UnitOfWork, actor: Actor, group_id: str) -> GroupRow:
    row = _found(groups.get(uow.write(), actor, group_id, lock=True))
    if row.client_pk != actor.client_pk:
        raise Forbidden("This group belongs to another client; change it there.")
    return row


def _found(row: GroupRow | None) -> GroupRow:
    if row is None:
        raise NotFound("There is no such group. Look for it with a filter, or create it.")
    return row


def _views(uow: UnitOfWork, rows: Sequence[GroupRow], *, members: bool) -> list[GroupView]:
    if not (members and rows):
        return [row.view for row in rows]
    found = memberships.members(uow.conn, [row.pk for row in rows])
    return [replace(row.view, members=tuple(found[row.pk])) for row in rows]


def _written(
    uow: UnitOfWork, row: GroupRow, altered: GroupDraft | None, moved: _Moved
) -> GroupView:
    """Write what changed of the group's own row and return how it is now, without reading it."""
    if altered is not None:
        return _changed(uow, row, altered, moved)
    if not moved.count:
        return row.view
    groups.bump(uow.conn, row.pk, moved.size, uow.now)
    return replace(row.view, version=row.view.version + 1, modified=uow.now, size=moved.size)


def _changed(uow: UnitOfWork, row: GroupRow, draft: GroupDraft, moved: _Moved) -> GroupView:
    try:
        groups.change(uow.conn, row.pk, draft, moved.size, uow.now)
    except Duplicate as error:
        raise _taken() from error
    groups.replace_values(uow.conn, row.pk, draft.values)
    now = _drafted(row.view.id, draft, uow.now)
    version = row.view.version + 1
    return replace(now, version=version, created=row.view.created, size=moved.size)


def _drafted(group_id: str, draft: GroupDraft, now: int) -> GroupView:
    """Show a draft as it is read back once it is stored."""
    return GroupView(
        id=group_id,
        display_name=draft.display_name,
        external_id=draft.external_id,
        document=groups.text(draft),
        version=1,
        created=now,
        modified=now,
        theme=draft.theme,
        institution=draft.institution,
        role=draft.role,
    )


def _differs(view: GroupView, draft: GroupDraft) -> bool:
    said = (draft.display_name, draft.external_id, draft.theme, draft.institution, draft.role)
    held = (view.display_name, view.external_id, view.theme, view.institution, view.role)
    return said != held or json.loads(view.document) != draft.document


def _apply(uow: UnitOfWork, actor: Actor, pk: int, step: MemberChange, moved: _Moved) -> None:
    """Apply one step, in as many statements for one member as for a thousand."""
    if step.kind == "clear":
        moved.lose(memberships.clear(uow.conn, pk))
    elif step.kind == "remove":
        moved.lose(memberships.remove(uow.conn, pk, step.people))
    elif len(step.people) > MAX_MEMBERS:
        raise _too_many()
    elif step.kind == "replace":
        _replace(uow, actor, pk, step, moved)
    else:
        _add(uow, actor, pk, step, moved)
    if moved.size > MAX_MEMBERS:
        raise _too_many()


def _replace(uow: UnitOfWork, actor: Actor, pk: int, step: MemberChange, moved: _Moved) -> None:
    """Make these the members: the whole list was sent, so the whole list is read and compared."""
    held = memberships.held(uow.conn, pk)
    wanted = dict.fromkeys(step.people) | dict(step.displays)
    if gone := tuple(member for member in held if member not in wanted):
        moved.lose(memberships.remove(uow.conn, pk, gone))
    if new := {member: label for member, label in wanted.items() if member not in held}:
        added = memberships.add(uow.conn, actor, pk, new, uow.now)
        moved.gain(added)
        if len(added) < len(new):
            _miss(memberships.unknown(uow.conn, actor, tuple(new)), wanted, moved)
    said = {m: label for m, label in step.displays if m in held and held[m] != label}
    if said:
        moved.count += memberships.label(uow.conn, pk, said)


def _add(uow: UnitOfWork, actor: Actor, pk: int, step: MemberChange, moved: _Moved) -> None:
    labels = dict.fromkeys(step.people) | dict(step.displays)
    added = memberships.add(uow.conn, actor, pk, labels, uow.now)
    moved.gain(added)
    if len(added) == len(labels):
        return
    # Some were members before, or nobody knows them: only now is it worth asking. Adding is an
    # assertion where a whole list may be an echo (rule 11).
    moved.count += memberships.revive(uow.conn, pk, step.people, uow.now)
    if step.displays:
        moved.count += memberships.label(uow.conn, pk, dict(step.displays))
    unknown = memberships.unknown(uow.conn, actor, step.people)
    _miss(unknown, labels if step.instead else (), moved)


def _miss(unknown: list[str], wanted: Collection[str], moved: _Moved) -> None:
    """Note who is unknown. Of those who were to take others' places, somebody must be known.

    Else who was a member is lost for nobody: a broker that names ids of another system would
    empty its groups, and be told that all went well (ruling 6).
    """
    moved.unknown += unknown
    if wanted and len(set(unknown)) == len(wanted):
        _refuse(moved)


def _refuse(moved: _Moved) -> None:
    if moved.unknown:
        shown = (without_numbers(value)[:64] for value in moved.unknown[:NAMED_UNKNOWN])
        named = ", ".join(map(repr, shown))
        text = f"members: {len(moved.unknown)} of the values are no users of yours: {named}. "
        raise Invalid(text + "Create the users first.", attribute="members")


def _too_many() -> TooLarge:
    return TooLarge(f"members: a group holds at most {MAX_MEMBERS}", attribute="members")


def _taken() -> Conflict:
    message = (
        "externalId: another group of yours has this value. Find it by that and change it instead."
    )
    return Conflict(message, attribute="externalId")


def _subjects(
    uow: UnitOfWork, before: GroupView, now: GroupView, moved: _Moved
) -> dict[str, tuple[str, ...]]:
    """Tell whom a change touches: all members when the group comes to give something else."""
    subjects = moved.subjects
    gave, gives = ((v.theme, v.institution, v.role) for v in (before, now))
    if gave == gives or not now.size:
        return subjects
    joined = set(subjects.get("added", ()))
    held = (person for person, _ in memberships.members_of(uow.conn, now.id))
    stayed = tuple(person for person in held if person not in joined)
    return {**subjects, "moved": stayed} if stayed else subjects


def _record(
    uow: UnitOfWork,
    kind: str,
    group_id: str,
    group: GroupView | GroupDraft,
    facts: Mapping[str, Json],
    subjects: dict[str, tuple[str, ...]],
) -> None:
    uow.record(event(kind, group_id, group, facts, subjects))


def event(
    kind: str,
    group_id: str,
    group: GroupView | GroupDraft,
    facts: Mapping[str, Json],
    subjects: dict[str, tuple[str, ...]],
) -> Event:
    """Return what is written down of a change; ``subjects`` are people, by what happened to them.

    A change that touches one person names that person itself: the commonest one costs no more for
    being found.
    """
    at = (group.institution,) if group.institution else ()
    role = group.role.value if group.role else None
    told = {"group": group_id, "role": role, **facts}
    alone = [(what, who[0]) for what, who in subjects.items() if len(who) == 1]
    if len(alone) == len(subjects) == 1:
        ((what, person),) = alone
        return Event(kind, "ok", person, at, group.theme, {**told, "what": what})
    return Event(kind, "ok", institutions=at, theme=group.theme, facts=told, subjects=subjects)
