"""Ending all that a client gave, as if it had taken everything back itself (rules 5, 6 and 11).

Each page is a transaction of its own, and what is left to do is seen in the rows: an end that was
broken off goes on where it was. What others gave is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from mo_access.domain.errors import LastBeheerder
from mo_access.domain.model import Actor, Document, Event
from mo_access.domain.text import without_numbers
from mo_access.service import beheerders, clients, groups, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import client_rights as stored
from mo_access.storage import clients as stored_clients
from mo_access.storage import sessions
from mo_access.storage.client_rights import Given

PAGE: Final = 100
"""So many people or groups in one transaction: other writers of SQLite wait for it."""
MEMBERS: Final = 10_000
"""And groups of so many members together, or one larger group."""


@dataclass(frozen=True, slots=True)
class Step:
    """One page that ended: how many, and who of them nobody knows any more."""

    ended: int
    nobodys: int = 0


def begin(uow: UnitOfWork, client: str, left_without: str = "") -> tuple[str, int, Given]:
    """Revoke a client, unless it is, and say what is to end; returns (id, tokens ended, what).

    From the commit on it can do nothing, and whom it made beheerder is one no more: the last
    beheerder of an institution is judged here, once for all of them (rule 8). Nothing can be
    retained, since the registrations go too. Raises ``NotFound``, and ``LastBeheerder`` where the
    terms refuse that and ``left_without`` is no reason to go on; then nothing was stored.
    """
    pk, client_id, name, revoked = clients.found(uow, client)
    conn = uow.write()
    tokens = 0 if revoked is not None else clients.revoke(uow, client_id)
    given, at = stored.given(conn, pk), stored.beheerders_at(conn, pk)
    stored.forbid_beheerders(conn, pk)
    _judge(uow, at, left_without)
    facts: Document = {"client": client_id, "name": name, "ends": _counts(given)}
    if left_without:
        facts["left_without_beheerder"] = without_numbers(left_without)
    places = tuple(sorted({*given.institutions, *stored_clients.bound(conn, pk)}))
    uow.record(Event("client.end_rights", "ok", institutions=places, facts=facts))
    return client_id, tokens, given


def end_groups(uow: UnitOfWork, client_id: str) -> Step:
    """Delete the first groups that a client still has; the caller commits."""
    actor, told = _owner(uow, client_id)
    found = stored.groups(uow.write(), actor.client_pk, PAGE)
    few = _of_few_members(found)
    for group_id in few:
        groups.delete(uow, actor, group_id, lambda _: None, told=told)
    return Step(len(few))


def end_people(uow: UnitOfWork, client_id: str) -> Step:
    """End the first registrations that a client still has; the caller commits.

    Somebody whom no other client knows becomes a tombstone. A platform client's word opened
    everything, so who is signed in by it is out; its switch stays as it left it, and nobody whom
    it switched off comes in by its end.
    """
    actor, told = _owner(uow, client_id)
    platform = stored_clients.by_pk(uow.conn, actor.client_pk).platform
    found = stored.people(uow.write(), actor.client_pk, PAGE)
    for person_pk, person_id in found:
        people.delete(uow, actor, person_id, lambda _: None, told=told)
        if platform:
            uow.ended(sessions.end_of_person(uow.conn, person_pk))
    return Step(len(found), stored.nobodys(uow.conn, [person_id for _, person_id in found]))


def _judge(uow: UnitOfWork, at: tuple[str, ...], left_without: str) -> None:
    if left_without:
        return beheerders.touched(uow, at)
    try:
        return beheerders.lost(uow, at)
    except LastBeheerder as error:
        more = "Or give a reason to leave it without. To revoke the client alone is possible at"
        raise LastBeheerder(f"{error.message}\n{more} once.") from error


def _owner(uow: UnitOfWork, client_id: str) -> tuple[Actor, Document]:
    """Give the client as one that ends no more than its own, and what the trail tells of why."""
    pk, _, _, _ = clients.found(uow, client_id)
    actor = stored_clients.by_pk(uow.conn, pk)
    return replace(actor, platform=False), {"client": client_id, "because": "client.end_rights"}


def _of_few_members(found: list[tuple[str, int]]) -> list[str]:
    sizes = accumulate(size for _, size in found)
    few = [group_id for (group_id, _), total in zip(found, sizes, strict=True) if total <= MEMBERS]
    return few or [group_id for group_id, _ in found[:1]]


def _counts(given: Given) -> Document:
    return {
        "people": given.people,
        "groups": given.groups,
        "affiliations": given.affiliations,
        "grants": given.grants,
    }
