"""Removing people whom only sign-ins made and who came no more (design 015).

Nobody provisions them, so nobody would ever withdraw them. Of several nodes the lease lets one do
it; the identity's turn and a second look keep in who signs in at that moment.
"""

from __future__ import annotations

from typing import Final

from mo_access.domain.model import Document, Event
from mo_access.service import people, provider_people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients, identities, leases
from mo_access.storage import lapsing as stored
from mo_access.storage import people as stored_people
from mo_access.storage.lapsing import Lapsed

LEASE: Final = "lapsed-people"
LEASE_MICROSECONDS: Final = 60_000_000
DAY: Final = 86_400_000_000


def due(uow: UnitOfWork, days: int, after: int = 0) -> list[Lapsed]:
    """List the next who had no session for so many days and whom no client registered.

    ``days`` 0: nobody. Go on after the last one's ``link_pk``, until the list is empty.
    """
    return stored.page(uow.conn, uow.now - days * DAY, uow.now, after) if days else []


def remove(uow: UnitOfWork, holder: str, one: Lapsed, days: int) -> bool:
    """Remove one of them, as the providers' clients would; False when another node does it.

    Nothing happens to who signed in, or was registered, meanwhile. A block stays with the human.
    The caller commits.
    """
    if not leases.take(uow.write(), LEASE, holder, uow.now, LEASE_MICROSECONDS):
        return False
    for link_pk, _ in stored_people.links_of(uow.conn, one.person_pk):
        for identity in sorted(identities.said_by(uow.conn, link_pk)):
            provider_people.take_turn(uow, *identity)
    if not stored.still(uow.conn, one.person_pk, uow.now - days * DAY, uow.now):
        return True
    facts: Document = {"days": days}
    uow.record(Event("person.lapse", "ok", person=one.person, facts=facts))
    for _, client_pk in stored_people.links_of(uow.conn, one.person_pk):
        people.delete(uow, clients.by_pk(uow.conn, client_pk), one.person, lambda _view: None)
    return True
