"""Themes that end with the last affiliation at an institution that chose so (rule 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from mo_access.domain import ending
from mo_access.domain.model import Document, Event
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, endings, facts, memberships, theme_ends
from mo_access.storage.facts import PersonFacts
from mo_access.storage.groups import GroupRow
from mo_access.storage.people import LinkRow
from mo_access.storage.theme_ends import Held

AT_ONCE: Final = 1_000


def standing(uow: UnitOfWork, row: LinkRow) -> frozenset[str]:
    """Before something is written: return where a person has an affiliation that is not over.

    Ends what time ended and no sweep has seen yet. Empty, without a statement, where no theme of
    this person can end with an affiliation.
    """
    if not row.ends_themes:
        return frozenset()
    known, opted = facts.person_facts(uow.conn, row.id), endings.opted(uow.conn)
    if known is None or not opted:
        return frozenset()
    for at in sorted({fact.institution for fact in known.affiliations}):
        house = _house(uow, at)
        ends = [a.end for a in known.affiliations if a.institution in house and a.end is not None]
        if ends:
            before = ending.over_at(max(ends))
            end_where(uow, known, frozenset({at}), opted, before=before)
    return frozenset(a.institution for a in known.affiliations if not ending.is_over(a, uow.today))


def end_withdrawn(uow: UnitOfWork, person_id: str, stood: frozenset[str], client: str) -> None:
    """After something was written: end themes where a client took the last affiliation away.

    ``stood`` is what ``standing`` returned before.
    """
    known = facts.person_facts(uow.conn, person_id) if stood else None
    if known is not None:
        opted, by = endings.opted(uow.conn), frozenset({client})
        end_where(uow, known, stood, opted, before=uow.now + 1, by=by)


def role_holders(uow: UnitOfWork, row: GroupRow) -> tuple[str, ...]:
    """Before a group changes: return whom it makes something where themes end with that."""
    if not row.ends_themes:
        return ()
    return tuple(person for person, _ in memberships.members_of(uow.conn, row.view.id))


def end_left(uow: UnitOfWork, row: GroupRow, holders: tuple[str, ...], client: str) -> None:
    """After a group changed: end themes of those whom it made something and nothing does now."""
    number = row.view.institution
    if not holders or number is None:
        return
    by = dict.fromkeys(holders, frozenset({client}))
    _end_of_many(uow, number, endings.opted(uow.conn), by)


def held_by(uow: UnitOfWork, client_pk: int, lost: frozenset[str]) -> Held:
    """Before a client loses institutions: return whom it makes something there, and where.

    Empty, where no institution lets themes end.
    """
    if not lost or not endings.opted(uow.conn):
        return frozenset()
    return theme_ends.held_by(uow.conn, client_pk, lost, uow.today)


def end_lost(uow: UnitOfWork, held: Held) -> None:
    """After clients lost institutions: end themes of those whom nothing makes something now.

    As with any withdrawal, a theme does not come back when the institution does.
    """
    opted = endings.opted(uow.conn) if held else frozenset()
    for number in sorted({number for number, _, _ in held}):
        by: defaultdict[str, set[str]] = defaultdict(set)
        for _, person, client in (one for one in held if one[0] == number):
            by[person].add(client)
        _end_of_many(uow, number, opted, {who: frozenset(names) for who, names in by.items()})


def _end_of_many(
    uow: UnitOfWork, number: str, opted: frozenset[str], by: Mapping[str, frozenset[str]]
) -> None:
    """End themes at an institution of people from whom these clients took something there."""
    people, at = sorted(by), frozenset({number})
    for start in range(0, len(people), AT_ONCE):
        for known in facts.people_facts(uow.conn, people[start : start + AT_ONCE]):
            end_where(uow, known, at, opted, before=uow.now + 1, by=by[known.id])


def end_where(
    uow: UnitOfWork,
    known: PersonFacts,
    numbers: frozenset[str],
    opted: frozenset[str],
    *,
    before: int,
    by: frozenset[str] = frozenset(),
) -> None:
    """End themes given ``before`` a moment, at institutions where nothing of a person is left.

    An affiliation counts at what succeeded its institution too (ruling 10), so the choice of each
    successor is looked at. What is suspended or still to begin is left; ``by`` names clients whose
    affiliation was withdrawn.
    """
    chosen = {n for number in numbers for n in access.successors(uow.conn, number)} & opted
    for number in sorted(chosen):
        house = _house(uow, number)
        left = [a for a in known.affiliations if not ending.is_over(a, uow.today)]
        if not any(a.institution in house for a in left):
            here = {a.client for a in known.affiliations if a.institution in house} | by
            clients = frozenset(c for c in here - {a.client for a in left} if c is not None)
            _end(uow, known, number, clients, before)


def _end(
    uow: UnitOfWork, known: PersonFacts, number: str, clients: frozenset[str], before: int
) -> None:
    lineage = access.lineage(uow.conn, number)
    conn = uow.write()
    memberships, grants = theme_ends.end(
        conn, known.pk, lineage, clients, before=before, now=uow.now
    )
    if memberships or grants:
        told: Document = {"memberships": memberships, "grants": grants}
        event = Event("themes.ended", "ok", person=known.id, institutions=(number,), facts=told)
        uow.record(event)


def _house(uow: UnitOfWork, number: str) -> frozenset[str]:
    """Return an institution with all that it succeeded and that succeeded it."""
    return access.lineage(uow.conn, number) | access.successors(uow.conn, number)
