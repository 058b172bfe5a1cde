"""Registering, reading, changing and removing people, as one client sees them (rules 4 to 6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mo_access.domain import affiliations
from mo_access.domain.errors import Conflict, NotFound, Stale
from mo_access.domain.model import (
    Actor,
    Document,
    Event,
    IndexedValue,
    Page,
    PersonDraft,
    PersonView,
    Query,
    Role,
    ShownAffiliation,
    ShownGroup,
)
from mo_access.domain.vouching import Says
from mo_access.service import (
    beheerders,
    blocks,
    bounds,
    person_rows,
    persons,
    registration,
    sealing,
    subjects,
    theme_ends,
)
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import (
    derived,
    identities,
    links,
    people,
    people_lists,
    rights,
    values,
)
from mo_access.storage.derived import Derived
from mo_access.storage.engine import Duplicate
from mo_access.storage.links import LinkValues
from mo_access.storage.people import LinkRow
from mo_access.storage.rights import Moved

Change = Callable[[PersonView], PersonDraft | None]
Check = Callable[[PersonView], None]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A link that is written anew: the row, what it said (None: made just now), what it says.

    ``person_pk`` is the person that it belongs to from now on, ``searchable`` what its document
    can be found by, None where that is as it was.
    """

    row: LinkRow
    was: Document | None
    person_pk: int
    draft: PersonDraft
    columns: LinkValues
    searchable: tuple[IndexedValue, ...] | None


def create(uow: UnitOfWork, actor: Actor, draft: PersonDraft) -> PersonView:
    """Register a person; one who is already registered gets a link of this client (ruling 1).

    Raises ``Conflict`` when this client already uses the INSZ, userName or externalId.
    """
    conn = uow.write()
    draft = subjects.named(uow, draft)
    person = registration.person_for(uow, actor, draft)
    if not person.fresh and people.own_link(conn, person.pk, actor.client_pk) is not None:
        raise _registered()
    searchable = draft.index(draft.document)
    says = Says.NUMBER if isinstance(draft.insz, str) else Says.NOTHING
    columns = person_rows.columns(draft, searchable, says=says)
    try:
        link_pk = links.new_link(
            conn, actor.client_pk, person.pk, columns, uow.now, draft.identities
        )
    except Duplicate as error:
        raise _taken(error, draft) from error
    if link_pk is None:
        raise blocks.kept("userName, externalId or identities")
    if actor.platform and not draft.active:
        people.set_active(conn, person.pk, uow.now, active=False)
    moved = _write_rights(uow, actor, link_pk, person.pk, draft, fresh=True)
    values.add(conn, link_pk, searchable)
    links.add_identities(conn, link_pk, draft.identities)
    beheerders.touched(uow, _made_beheerder(draft) & moved.at)
    uow.record(person_rows.event("person.create", person.id, moved, draft))
    if person.fresh or not actor.platform:
        # To this client the person is new, so it is in none of its groups: reading it back would
        # tell nothing, but take longer where others knew the number (rule 4).
        view = _created(uow, person.id, columns)
        return _with_rights(uow, actor, view, person.pk) if draft.affiliations else view
    return get(uow, actor, person.id)


def get(uow: UnitOfWork, actor: Actor, person_id: str, *, insz: bool = False) -> PersonView:
    """Return the person as this client sees it; ``insz`` adds the number that it said itself.

    Raises ``NotFound`` for an unknown and a foreign id alike (rule 4). A clear reading of a
    number is audited.
    """
    row = _found(people.get(uow.conn, actor, person_id))
    return _views(uow, actor, [row], insz=insz)[0]


def find(uow: UnitOfWork, actor: Actor, query: Query, *, insz: bool = False) -> Page[PersonView]:
    """Return a page of the people that this client sees and that meet the query."""
    found = people_lists.find(uow.conn, actor, query, lambda text: b"".join(uow.keys.indexes(text)))
    items = tuple(_views(uow, actor, found.items, insz=insz))
    return Page(found.total, items, found.last)


def update(uow: UnitOfWork, actor: Actor, person_id: str, change: Change) -> PersonView:
    """Replace what this client says about a person by what ``change`` makes of it.

    ``change`` is pure and sees the current state under a lock; None means that nothing changes.
    A change that alters nothing leaves version and audit trail alone. Raises what ``change``
    raises, ``NotFound`` and ``Conflict``.
    """
    conn = uow.write()
    row = _found(people.get(conn, actor, person_id, lock=True))
    before = _views(uow, actor, [row], insz=False)[0]
    draft = change(before)
    if draft is None:
        return before
    draft = subjects.named(uow, draft)
    was = _said(row) if before.own else None
    row = row._replace(bar=blocks.remember(uow, row.person_pk, row.bar))
    stood = theme_ends.standing(uow, row)
    if row.client_pk != actor.client_pk:
        row = _platform_link(uow, actor, row, draft)
    person_pk, new_id = registration.person_after(uow, actor, row, draft)
    moved = _write_rights(uow, actor, row.pk, row.person_pk, draft)
    touched = moved.at
    if (
        touched
        or was != draft.document
        or person_pk != row.person_pk
        or _differs(actor, row, draft)
    ):
        searchable = None if was == draft.document else draft.index(draft.document)
        columns = person_rows.columns(
            draft, searchable, says=registration.says_insz(actor, row, draft)
        )
        _write_link(uow, actor, Rewrite(row, was, person_pk, draft, columns, searchable))
        before_at = {shown.institution for shown in before.affiliations}
        touched |= before_at if draft.active != before.active else frozenset()
        _judge_beheerders(uow, row, before, draft, touched)
        theme_ends.end_withdrawn(uow, person_id, stood, actor.name)
        uow.record(person_rows.event("person.update", new_id, replace(moved, at=touched), draft))
        if person_pk != row.person_pk:
            beheerders.touched(uow, beheerders.is_at(before, now=False))
            beheerders.touched_by(uow, row)
        if person_pk != row.person_pk or not before.own:
            return get(uow, actor, new_id)
        view = _updated(uow, before, columns)
        return _with_rights(uow, actor, view, person_pk) if touched else view
    return before


def delete(
    uow: UnitOfWork, actor: Actor, person_id: str, check: Check, *, told: Document | None = None
) -> None:
    """End everything that this client gave the person (ruling 5); others keep theirs.

    A platform client ends the whole person. ``check`` may refuse (a stale version), ``told`` is
    what else stands in the trail. Raises ``NotFound``.
    """
    conn = uow.write()
    row = _found(people.get(conn, actor, person_id, lock=True))
    view = _views(uow, actor, [row], insz=False)[0]
    check(view)
    blocks.remember(uow, row.person_pk, row.bar)
    stood = theme_ends.standing(uow, row)
    every = people.links_of(conn, row.person_pk)
    ended = every if actor.platform else [(row.pk, row.client_pk)]
    for link_pk, client_pk in ended:
        persons.end_link(uow, link_pk, client_pk, row.person_pk)
    if not people.pass_ownership(conn, row.person_pk):
        persons.entomb(uow, row.person_pk)
    beheerders.touched(uow, beheerders.is_at(view, now=False))
    beheerders.touched_by(uow, row)
    at = tuple(sorted({shown.institution for shown in view.affiliations}))
    theme_ends.end_withdrawn(uow, person_id, stood, actor.name)
    uow.record(Event("person.delete", "ok", person=person_id, institutions=at, facts=told or {}))


def _created(uow: UnitOfWork, person_id: str, columns: LinkValues) -> PersonView:
    """Show a person that was made just now, apart from its rights."""
    return PersonView(
        id=person_id,
        user_name=columns.user_name,
        external_id=columns.external_id,
        active=columns.active,
        document=columns.document,
        version=1,
        created=uow.now,
        modified=uow.now,
    )


def _updated(uow: UnitOfWork, before: PersonView, columns: LinkValues) -> PersonView:
    """Show a person after a change, with the rights of before."""
    return replace(
        before,
        user_name=columns.user_name,
        external_id=columns.external_id,
        active=columns.active,
        document=columns.document,
        version=before.version + 1,
        modified=uow.now,
    )


def _with_rights(uow: UnitOfWork, actor: Actor, view: PersonView, person_pk: int) -> PersonView:
    said, groups = _rights(derived.of(uow.conn, actor, [person_pk])[person_pk], uow.today)
    return replace(view, affiliations=said, groups=groups)


def _found(row: LinkRow | None) -> LinkRow:
    if row is None:
        raise NotFound("There is no such user. Look for it with a filter, or create it.")
    return row


def _views(
    uow: UnitOfWork, actor: Actor, rows: Sequence[LinkRow], *, insz: bool
) -> list[PersonView]:
    """Add what is derived: one statement for the whole page, none for an empty one."""
    if not rows:
        return []
    found = derived.of(uow.conn, actor, [row.person_pk for row in rows])
    numbers = {row.pk: _number(uow, actor, row) for row in rows} if insz else {}
    today = uow.today
    return [
        row.view(actor, *_rights(found[row.person_pk], today), numbers.get(row.pk)) for row in rows
    ]


def _rights(
    found: Derived, today: str
) -> tuple[tuple[ShownAffiliation, ...], tuple[ShownGroup, ...]]:
    return affiliations.shown(tuple(found.said), today), tuple(found.groups)


def _number(uow: UnitOfWork, actor: Actor, row: LinkRow) -> str | None:
    """Open the number for who said it, or for the platform, and write that down."""
    if row.insz_sealed is None or not (row.said_insz == Says.NUMBER or actor.platform):
        return None
    uow.record(Event("person.insz.read", "ok", person=row.id))
    return uow.keys.open(sealing.of_person(row.id), row.insz_sealed)


def _platform_link(uow: UnitOfWork, actor: Actor, seen: LinkRow, draft: PersonDraft) -> LinkRow:
    """Give a platform client a link of its own before it writes (design section 2).

    It sees the number of the person that it adopts, and so vouches for it. The link is named as
    the client says, since what the owner calls the person may be another's name here.
    """
    active = bool(seen.active)
    numbered = Says.NOTHING if seen.insz_index is None else Says.NUMBER
    names = (draft.user_name, draft.external_id)
    columns = LinkValues(*names, active, numbered, seen.document, "")
    try:
        made = links.new_link(uow.conn, actor.client_pk, seen.person_pk, columns, uow.now)
    except Duplicate as error:
        raise _taken(error, draft) from error
    if made is None:
        raise blocks.kept("userName or externalId")
    return _found(people.get(uow.conn, actor, seen.id, lock=True))


def _write_rights(
    uow: UnitOfWork,
    actor: Actor,
    link_pk: int,
    person_pk: int,
    draft: PersonDraft,
    *,
    fresh: bool = False,
) -> Moved:
    conn, now = uow.conn, uow.now
    said, granted = draft.affiliations, draft.grants
    before = rights.Held() if fresh else rights.held(conn, link_pk)
    moved = rights.set_affiliations(conn, link_pk, person_pk, said, now, before)
    moved |= rights.set_grants(conn, link_pk, person_pk, granted, now, before)
    wanted = {claim.institution for claim in said} | {claim.institution for claim in granted}
    bounds.keep(uow, actor, moved.at & wanted)
    return moved


def _judge_beheerders(
    uow: UnitOfWork, row: LinkRow, before: PersonView, draft: PersonDraft, touched: frozenset[str]
) -> None:
    """Tell rule 8 what changed: a role alone may be kept or refused, a deactivation never."""
    changed = _made_beheerder(draft) | beheerders.is_at(before, now=False)
    beheerders.touched(uow, changed & touched)
    if draft.active != before.active:
        beheerders.touched_by(uow, row)
    if draft.active:
        beheerders.lost(uow, beheerders.is_at(before, now=True) & touched, [row.pk])


def _made_beheerder(draft: PersonDraft) -> frozenset[str]:
    return frozenset(c.institution for c in draft.affiliations if c.role is Role.BEHEERDER)


def _write_link(uow: UnitOfWork, actor: Actor, new: Rewrite) -> None:
    row, person_pk, draft = new.row, new.person_pk, new.draft
    renamed = (row.user_name, row.external_id) != (draft.user_name, draft.external_id)
    try:
        changed = links.change_link(uow.conn, row, person_pk, new.columns, uow.now)
    except Duplicate as error:
        raise _taken(error, draft) from error
    if not changed and links.is_barred(uow.conn, row, person_pk, new.columns):
        raise blocks.kept("userName or externalId")
    if not changed:
        raise Stale("The user was changed by another request: read it again and repeat the change.")
    if actor.platform:
        people.set_active(uow.conn, person_pk, uow.now, active=draft.active)
    if person_pk != row.person_pk:
        persons.move_link(uow, row, person_pk)
    after = frozenset(draft.identities)
    before = after if new.searchable is None else _write_parts(uow, new, new.searchable)
    if renamed or person_pk != row.person_pk or before != after:
        identities.unpin(uow.conn, row.pk)
    if renamed or not draft.active or before - after:
        persons.end_sessions(uow, row.person_pk, row.client_pk, platform=actor.platform)


def _write_parts(
    uow: UnitOfWork, new: Rewrite, searchable: tuple[IndexedValue, ...]
) -> frozenset[tuple[str, str]]:
    """Write what is kept of a document beside it; returns the identities of before."""
    conn, link_pk, draft = uow.conn, new.row.pk, new.draft
    held = draft.index(new.was) if new.was is not None else ()
    values.change(conn, link_pk, held, searchable)
    before = identities.said_by(conn, link_pk)
    if before != frozenset(draft.identities):
        if links.is_barred(conn, new.row, new.person_pk, new.columns, draft.identities):
            raise blocks.kept("identities")
        links.replace_identities(conn, link_pk, draft.identities)
    return before


def _said(row: LinkRow) -> Document:
    """Return the document of a link."""
    said: Document = json.loads(row.document)
    return said


def _differs(actor: Actor, row: LinkRow, draft: PersonDraft) -> bool:
    """Tell whether something of a link changes besides its document."""
    said_insz = registration.says_insz(actor, row, draft)
    return (row.user_name, row.external_id, row.active, row.said_insz) != (
        draft.user_name,
        draft.external_id,
        draft.active,
        said_insz,
    )


def _registered() -> Conflict:
    message = "insz: you registered this person before. Change that user instead."
    return Conflict(message, attribute="insz")


def _taken(error: Duplicate, draft: PersonDraft) -> Conflict:
    if "person_pk" in error.columns:
        # Another request of this client registered the same person since we looked.
        return _registered()
    by_name = "user_key" in error.columns or draft.external_id is None
    name = "userName" if by_name else "externalId"
    message = (
        f"{name}: another user of yours has this value. Find it by that and change it instead."
    )
    return Conflict(message, attribute=name)
