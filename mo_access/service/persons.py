"""What ends with a link or a person: memberships, sessions, pins, the number itself."""

from __future__ import annotations

from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import (
    last_sign_ins,
    links,
    memberships,
    people,
    rights,
    sessions,
)
from mo_access.storage.people import LinkRow


def end_link(uow: UnitOfWork, link_pk: int, client_pk: int, person_pk: int) -> None:
    """Delete a link with the affiliations, grants and memberships that it gave."""
    memberships.leave_all(uow.conn, client_pk, person_pk, uow.now)
    end_sessions(uow, person_pk, client_pk, platform=False)
    links.drop_link(uow.conn, link_pk, client_pk)


def entomb(uow: UnitOfWork, person_pk: int) -> None:
    """Leave of a person nobody knows any more only the id: the number is destroyed (ruling 1)."""
    memberships.leave_every(uow.conn, person_pk, uow.now)
    people.set_insz(uow.conn, person_pk, None, None)
    people.set_active(uow.conn, person_pk, uow.now, active=False)
    last_sign_ins.forget(uow.conn, person_pk)
    uow.ended(sessions.end_of_person(uow.conn, person_pk))


def move_link(uow: UnitOfWork, row: LinkRow, person_pk: int) -> None:
    """Take what a link gave to another person (ruling 2); the one left behind may be a tomb."""
    rights.move(uow.conn, row.pk, person_pk)
    memberships.move(uow.conn, row.client_pk, row.person_pk, person_pk)
    end_sessions(uow, row.person_pk, row.client_pk, platform=False)
    if not people.pass_ownership(uow.conn, row.person_pk):
        entomb(uow, row.person_pk)


def end_sessions(uow: UnitOfWork, person_pk: int, client_pk: int, *, platform: bool) -> None:
    """End the sessions that this client's word opened; a platform client's word opens all."""
    if platform:
        uow.ended(sessions.end_of_person(uow.conn, person_pk))
    else:
        uow.ended(sessions.end_of_reach(uow.conn, person_pk, client_pk))
        uow.ended(sessions.end_without_link(uow.conn, person_pk))
