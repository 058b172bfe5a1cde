"""Whose words about a person are shown to the platform, and who decides on its number (rule 5)."""

from __future__ import annotations

from dataclasses import dataclass

from mo_access.domain.errors import Invalid, NotFound
from mo_access.domain.model import Event
from mo_access.domain.text import without_numbers
from mo_access.service import clients
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import ownership, people


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owned a person before, by client id (None: nobody), and who does now."""

    before: str | None
    now: str


def hand_over(uow: UnitOfWork, person_id: str, client: str, reason: str) -> Owned:
    """Make another client the owner of a person that it has registered itself.

    Every link stays as it is, and so does every right. From then on a platform client without a
    link sees the new owner's attributes, and only the new owner may give the person a number that
    has none. Raises ``NotFound`` for an unknown person or client, ``Invalid`` for a client that is
    revoked, has not registered the person, or owns it already, and for an empty reason.
    """
    client_pk, client_id, name, revoked = clients.found(uow, client)
    if not reason.strip():
        raise Invalid("say a reason: it stands in the audit trail")
    if revoked is not None:
        raise Invalid(f"client {name!r} is revoked; it can own nobody")
    conn = uow.write()
    held = ownership.owner(conn, person_id)
    if held is None:
        raise NotFound(f"there is no person {person_id}")
    person_pk, before = held
    if people.own_link(conn, person_pk, client_pk) is None:
        raise Invalid(f"client {name!r} has not registered this person; let it do so first")
    if before == client_id:
        raise Invalid(f"client {name!r} owns this person already")
    ownership.set_owner(conn, person_pk, client_pk, uow.now)
    facts = {"before": before, "now": client_id, "reason": without_numbers(reason.strip())}
    uow.record(Event("person.hand_over", "ok", person=person_id, facts=facts))
    return Owned(before, client_id)
