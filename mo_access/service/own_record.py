"""A person's own record, for the holder of that person's access token (RFC 7644 section 3.11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mo_access.domain.model import Actor, Event, PersonView
from mo_access.service import people, provider_people, sessions, sign_in, subjects
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients, contested
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
    wrote; all others what the platform sees, but for what clients say of whom the reader is
    perhaps not (``contested``), as in a session. Nobody is made. Raises ``Refused`` as a sign-in
    does. From here on the unit acts for the person.
    """
    identity = (issuer, subjects.known_as(uow, issuer, subject))
    live = sign_in.known(uow, *identity, links)
    if not live and made:
        live = provider_people.made_before(uow, identity, links)
    if not live:
        raise sign_in.refused("unknown_person")
    uow.caller = f"person:{live[0].person_id}"
    matched = frozenset(match.client_pk for match in live if match.client_pk is not None)
    stands_on = sign_in.stands_on(live)
    if not stands_on:
        return people.get(uow, clients.by_pk(uow.conn, min(matched)), live[0].person_id)
    return _read_everywhere(uow, live[0], stands_on, matched)


def record_refusal(uow: UnitOfWork, provider: str, code: str) -> None:
    """Write down who was refused: the provider's name and the code, nothing that it sent."""
    uow.record(Event("person.read_self", "refused", facts={"provider": provider, "code": code}))


def _read_everywhere(
    uow: UnitOfWork, who: Match, stands_on: int, matched: frozenset[int]
) -> PersonView:
    known = contested.of_matches(uow.conn, who.person_pk, stands_on, matched)
    others = frozenset(one.client_pk for one in known if one.contested)
    if not others:
        return people.get(uow, _PLATFORM, who.person_id)
    # The owner's words may be about somebody else; then those of the first who is sure are shown.
    sure = [one for one in known if not one.contested]
    first = min(sure, key=lambda one: not one.owner, default=None)
    if first is None:
        # What led here was withdrawn since it was found.
        raise sign_in.refused("unknown_person")
    view = people.get(uow, replace(_PLATFORM, client_pk=first.client_pk), who.person_id)
    apart = [(one.client_pk, one.platform) for one in known if one.contested]
    shut = sessions.closed(uow, matched, apart, lambda: [one.client_pk for one in sure])
    return _narrowed(uow, view, who.person_pk, shut, others)


def _narrowed(
    uow: UnitOfWork,
    view: PersonView,
    person_pk: int,
    closed: frozenset[str],
    others: frozenset[int],
) -> PersonView:
    """Leave out what a session could not use: affiliations and groups where it does not count."""
    hidden = contested.groups_at(uow.conn, person_pk, closed, others)
    return replace(
        view,
        affiliations=tuple(one for one in view.affiliations if one.institution not in closed),
        groups=tuple(one for one in view.groups if one.id not in hidden),
    )
