"""Many people and groups at once, stored as ``people.create`` and ``groups.create`` store each.

For filling a database: what the services ask the database about each is asked here of the caller,
and each table is written in one go. Events, totals and what follows for beheerders are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mo_access.domain.errors import Conflict
from mo_access.domain.model import Actor, GroupDraft, IndexedValue, PersonDraft, Role
from mo_access.domain.vouching import Says
from mo_access.service import beheerders, bounds, groups, person_rows, sealing
from mo_access.service.registration import Meant
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import bulk as stored
from mo_access.storage import groups as stored_groups
from mo_access.storage import links, people, rights, totals
from mo_access.storage.engine import Duplicate, Params
from mo_access.storage.groups import NewGroup
from mo_access.storage.reserving import reserve
from mo_access.storage.rights import AffiliationKey, Moved

NewId = Callable[[], str]
_TAKEN: Final = "A number, userName or externalId among these is taken; nothing of them was stored."


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a client says about somebody; ``known`` is the person, None for one that is new."""

    draft: PersonDraft
    known: Meant | None = None


@dataclass(frozen=True, slots=True)
class NewMembers:
    """A group that a client makes, with its members: people whom that client registered."""

    draft: GroupDraft
    members: tuple[Meant, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A newcomer with the keys of its rows, and what is stored of it."""

    draft: PersonDraft
    person: Meant
    link_pk: int
    searchable: tuple[IndexedValue, ...]
    said: tuple[AffiliationKey, ...]
    granted: tuple[tuple[str, str], ...]

    @property
    def moved(self) -> Moved:
        return rights.given(self.said, self.granted)


def is_empty(uow: UnitOfWork) -> bool:
    """Tell whether nobody was ever registered here."""
    return not stored.is_anybody(uow.conn)


def register(
    uow: UnitOfWork, actor: Actor, found: Sequence[Newcomer], new_id: NewId
) -> list[Meant]:
    """Register many people, and return them in the same order.

    Whom the caller does not name as known is made, with the next id of ``new_id``; the caller has
    made sure that nobody has the number. Raises ``Conflict`` when somebody has it after all, when
    a name is taken at this client, and while numbers are watched for: somebody is blocked, or the
    key of the index is being replaced.
    """
    conn = uow.write()
    if uow.keys.rotating or stored.is_anybody_blocked(conn):
        raise Conflict("somebody is blocked, or a key is being rotated: register one by one")
    lines = _lines(uow, found, new_id)
    moved = [line.moved for line in lines]
    bounds.keep(uow, actor, {number for one in moved for number in one.at})
    fresh = [line for line, one in zip(lines, found, strict=True) if one.known is None]
    try:
        conn.many(stored.PEOPLE, [_person(uow, actor, line) for line in fresh])
        conn.many(stored.LINKS, [_link(uow, actor, line) for line in lines])
        stored.write(conn, _tables(uow, lines))
    except Duplicate as error:
        raise Conflict(_TAKEN) from error
    for line, one in zip(lines, found, strict=True):
        totals.add(conn, "person", actor.client_pk, line.link_pk, 1)
        if one.known is not None and actor.platform and not line.draft.active:
            people.set_active(conn, line.person.pk, uow.now, active=False)
    beheerders.touched(uow, _where_beheerders(lines))
    uow.record_all(
        person_rows.event("person.create", line.person.id, told, line.draft)
        for line, told in zip(lines, moved, strict=True)
    )
    return [line.person for line in lines]


def make(uow: UnitOfWork, actor: Actor, found: Sequence[NewMembers], new_id: NewId) -> list[str]:
    """Make many groups with their members, and return their ids in the same order.

    Raises ``Conflict`` when an externalId is taken.
    """
    conn = uow.write()
    pks = reserve(conn, "group_", len(found))
    made = [
        NewGroup(pk, new_id(), one.draft, len(one.members))
        for pk, one in zip(pks, found, strict=True)
    ]
    try:
        stored_groups.new_all(conn, actor.client_pk, made, uow.now)
    except Duplicate as error:
        raise Conflict(_TAKEN) from error
    members: list[Params] = [
        {"group_pk": pk, "person_pk": member.pk, "created": uow.now}
        for pk, one in zip(pks, found, strict=True)
        for member in one.members
    ]
    conn.many(stored.MEMBERS, members)
    bounds.keep(uow, actor, {one.draft.institution for one in found if one.draft.institution})
    with_role = (one.draft for one in found if one.draft.role is Role.BEHEERDER)
    beheerders.touched(uow, {one.institution for one in with_role if one.institution})
    uow.record_all(
        groups.event("group.create", new.id, one.draft, {"members": new.size}, _joined(one))
        for new, one in zip(made, found, strict=True)
    )
    return [new.id for new in made]


def _joined(one: NewMembers) -> dict[str, tuple[str, ...]]:
    return {"added": tuple(member.id for member in one.members)} if one.members else {}


def _lines(uow: UnitOfWork, found: Sequence[Newcomer], new_id: NewId) -> list[_Line]:
    fresh = sum(one.known is None for one in found)
    people_pks = iter(reserve(uow.conn, "person", fresh))
    link_pks = reserve(uow.conn, "link", len(found))
    return [
        _Line(
            one.draft,
            one.known or Meant(next(people_pks), new_id(), fresh=True),
            link_pk,
            one.draft.index(one.draft.document),
            rights.keys_of(one.draft.affiliations),
            tuple(dict.fromkeys((g.theme, g.institution) for g in one.draft.grants)),
        )
        for one, link_pk in zip(found, link_pks, strict=True)
    ]


def _where_beheerders(lines: Sequence[_Line]) -> set[str]:
    said = (claim for line in lines for claim in line.draft.affiliations)
    return {claim.institution for claim in said if claim.role is Role.BEHEERDER}


def _person(uow: UnitOfWork, actor: Actor, line: _Line) -> Params:
    number, pk, known_as = line.draft.insz, line.person.pk, line.person.id
    told = isinstance(number, str)
    return {
        "pk": pk,
        "id": known_as,
        "owner_pk": actor.client_pk,
        "active": int(line.draft.active or not actor.platform),
        "insz_sealed": uow.keys.seal(sealing.of_person(known_as), str(number)) if told else None,
        "insz_index": uow.keys.index(str(number)) if told else None,
        "created": uow.now,
        "modified": uow.now,
    }


def _link(uow: UnitOfWork, actor: Actor, line: _Line) -> Params:
    says = Says.NUMBER if isinstance(line.draft.insz, str) else Says.NOTHING
    values = person_rows.columns(line.draft, line.searchable, says=says)
    return {
        **links.columns_of(values),
        "pk": line.link_pk,
        "client_pk": actor.client_pk,
        "person_pk": line.person.pk,
        "created": uow.now,
        "modified": uow.now,
    }


def _tables(uow: UnitOfWork, lines: Sequence[_Line]) -> Iterator[stored.Rows]:
    numbers, slugs = stored.places(uow.conn)
    yield stored.VALUES, [row for line in lines for row in _values(line)]
    yield stored.IDENTITIES, [row for line in lines for row in _identities(line)]
    yield (
        stored.AFFILIATIONS,
        [row for line in lines for row in _affiliations(line, numbers, uow.now)],
    )
    yield stored.GRANTS, [row for line in lines for row in _grants(line, numbers, slugs, uow.now)]


def _values(line: _Line) -> Iterator[Params]:
    for value in map(IndexedValue.cut, line.searchable):
        yield {"link_pk": line.link_pk, **value._asdict()}


def _identities(line: _Line) -> Iterator[Params]:
    for issuer, subject in dict.fromkeys(line.draft.identities):
        yield {"link_pk": line.link_pk, "issuer": issuer, "subject": subject}


def _affiliations(line: _Line, numbers: dict[str, int], now: int) -> Iterator[Params]:
    for form, number, role, start, end, primary in line.said:
        yield {
            "person_pk": line.person.pk,
            "link_pk": line.link_pk,
            "institution_pk": numbers[number],
            "form": form,
            "role": role,
            "start_day": start,
            "end_day": end,
            "is_primary": primary,
            "created": now,
        }


def _grants(
    line: _Line, numbers: dict[str, int], slugs: dict[str, int], now: int
) -> Iterator[Params]:
    for slug, number in line.granted:
        yield {
            "person_pk": line.person.pk,
            "link_pk": line.link_pk,
            "theme_pk": slugs[slug],
            "institution_pk": numbers[number],
            "created": now,
        }
