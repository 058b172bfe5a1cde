"""A person's own record, for the holder of that person's access token (RFC 7644 section 3.11)."""

from __future__ import annotations

from typing import Final

from mo_access.domain.model import Actor, Event, PersonView
from mo_access.service import people, provider_people, sign_in, subjects
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients
from mo_access.storage.matching import Match

_PLATFORM: Final = Actor(
    client_pk=0,
    client_id="",
    name="",
    platform=True,
    institutions=frozenset(),
    default_institution=None,
    profile="",
    scopes=frozenset(),
    credential="person",
)
"""The platform's eyes, which belong to no client; they only read."""


def read(
    uow: UnitOfWork,
    issuer: str,
    subject: str,
    links: tuple[tuple[str, str], ...],
    *,
    made: bool = False,
) -> PersonView:
    """Return the one person that a verified identity leads to, never with the INSZ.

    Whom only the word of a school's client leads to sees what that client sees (ruling 3: such a
    word counts nowhere else); whom only a sign-in made, where ``made`` lets them in, what that
    wrote; all others what the platform sees. Nobody is made. Raises ``Refused`` as a sign-in
    does. From here on the unit acts for the person.
    """
    identity = (issuer, subjects.known_as(uow, issuer, subject))
    live = sign_in.known(uow, *identity, links)
    if not live and made:
        live = provider_people.made_before(uow, identity, links)
    if not live:
        raise sign_in.refused("unknown_person")
    uow.caller = f"person:{live[0].person_id}"
    return people.get(uow, _eyes(uow, live), live[0].person_id)


def record_refusal(uow: UnitOfWork, provider: str, code: str) -> None:
    """Write down who was refused: the provider's name and the code, nothing that it sent."""
    uow.record(Event("person.read_self", "refused", facts={"provider": provider, "code": code}))


def _eyes(uow: UnitOfWork, live: list[Match]) -> Actor:
    if any(match.everywhere for match in live):
        return _PLATFORM
    vouching = min(match.client_pk for match in live if match.client_pk is not None)
    return clients.by_pk(uow.conn, vouching)
