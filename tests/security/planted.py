"""Flaws to plant: each puts back a mistake that ruling 3 forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import pytest
from sqlalchemy import Select, bindparam, select

from mo_access.domain.model import Actor, PersonDraft
from mo_access.service import blocks, bounds, people, persons, registration, sessions, sign_in
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import identities, matching, memberships, rights
from mo_access.storage import people as stored_people
from mo_access.storage import sessions as stored_sessions
from mo_access.storage.schema import client, link, link_identity, person

Flaw = Callable[[pytest.MonkeyPatch], None]


def _links_of_anybody() -> Select[Any]:
    found = select(
        person.c.pk,
        person.c.id,
        link.c.pk,
        link.c.client_pk,
        client.c.platform,
        link.c.active,
        person.c.active == 1,
    ).select_from(link)
    return found.join(person, person.c.pk == link.c.person_pk).join(
        client, client.c.pk == link.c.client_pk
    )


def any_clients_external_id(patch: pytest.MonkeyPatch) -> None:
    """Look for externalId in the links of clients that the provider does not trust."""
    anybody = _links_of_anybody().where(link.c.external_id == bindparam("value"))
    patch.setattr(matching, "_BY_EXTERNAL", anybody)


def any_clients_subject(patch: pytest.MonkeyPatch) -> None:
    """Believe anybody about {issuer, subject} at sign-in."""
    anybody = (
        _links_of_anybody()
        .join(link_identity, link_identity.c.link_pk == link.c.pk)
        .where(link_identity.c.subject == bindparam("value"))
    )
    patch.setattr(matching, "_BY_IDENTITY", anybody)


def first_of_several(patch: pytest.MonkeyPatch) -> None:
    """Take the first where a sign-in leads to several people."""
    patch.setattr(sign_in, "_unambiguous", lambda matches: matches)
    patch.setattr(sign_in, "_one_person", lambda matches: matches or _nobody())


def _nobody() -> NoReturn:
    raise sign_in.refused("unknown_person")


def pins_stay(patch: pytest.MonkeyPatch) -> None:
    """Keep a pin, and the sessions, when the link that made it changes."""
    patch.setattr(identities, "unpin", lambda *_: None)
    patch.setattr(persons, "end_sessions", lambda *_, **__: None)


def reaches_everywhere(patch: pytest.MonkeyPatch) -> None:
    """Let a school's word count everywhere."""
    patch.setattr(sessions, "_reach", lambda *_: None)


def number_of_anybody(patch: pytest.MonkeyPatch) -> None:
    """Let a number count everywhere, whoever said it."""
    told = matching._PERSON.where(matching._numbered, matching._trusted_link)
    patch.setattr(matching, "_BY_INSZ", told)


def contested_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Let a platform client's link open what others gave to somebody else's number."""
    patch.setattr(stored_sessions, "contested", lambda *_: [])


def numbers_move_people(patch: pytest.MonkeyPatch) -> None:
    """Let any client change the number of a person (ruling 2)."""
    patch.setattr(registration, "_may_set", lambda *_: True)


def links_leave_rights_behind(patch: pytest.MonkeyPatch) -> None:
    """Leave what a link gave with the person that it moves away from."""
    patch.setattr(rights, "move", lambda *_: None)


def names_link(patch: pytest.MonkeyPatch) -> None:
    """Link to whoever has the same externalId, as others were taken over (CVE-2022-1680)."""
    real = registration.person_for
    same = (
        select(person.c.pk, person.c.id)
        .join(link, link.c.person_pk == person.c.pk)
        .where(link.c.external_id == bindparam("value"))
    )

    def meant(uow: UnitOfWork, actor: Actor, draft: PersonDraft) -> registration.Meant:
        found = uow.conn.one(same, {"value": draft.external_id})
        known = found and stored_people.own_link(uow.conn, found[0], actor.client_pk) is None
        return registration.Meant(*found) if found and known else real(uow, actor, draft)

    patch.setattr(registration, "person_for", meant)


def anybody_vouches_for_a_subject(patch: pytest.MonkeyPatch) -> None:
    """Link by {issuer, subject} what clients say that the provider does not trust (rule 5)."""
    said = (
        select(link.c.person_pk)
        .join(link_identity, link_identity.c.link_pk == link.c.pk)
        .where(link_identity.c.subject == bindparam("subject"))
    )
    anybody = select(person.c.pk, person.c.id).where(
        person.c.pk.in_(said), person.c.owner_pk.is_not(None)
    )
    patch.setattr(identities, "_VOUCHED", anybody)
    patch.setattr(
        identities, "_TRUSTS", select(client.c.pk).where(client.c.pk == bindparam("client"))
    )


def bounds_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Let a client give rights at any institution (rule 4)."""
    patch.setattr(bounds, "keep", lambda *_: None)


def anybody_turns_the_switch(patch: pytest.MonkeyPatch) -> None:
    """Let a school's deactivation be the person's (rule 5)."""
    real = people._write_link

    def written(uow: UnitOfWork, actor: Actor, new: people.Rewrite) -> None:
        real(uow, actor, new)
        stored_people.set_active(uow.conn, new.person_pk, uow.now, active=new.draft.active)

    patch.setattr(people, "_write_link", written)


def anybody_ends_the_person(patch: pytest.MonkeyPatch) -> None:
    """Let a school's DELETE be the whole person's (rule 5)."""
    real = persons.end_link

    def ended(uow: UnitOfWork, link_pk: int, client_pk: int, person_pk: int) -> None:
        real(uow, link_pk, client_pk, person_pk)
        for other, owner in stored_people.links_of(uow.conn, person_pk):
            real(uow, other, owner, person_pk)

    patch.setattr(persons, "end_link", ended)


def blocked_humans_come_in_anew(patch: pytest.MonkeyPatch) -> None:
    """Let in as somebody made anew whose number is that of a human under a block."""
    patch.setattr(sign_in, "_refuse_blocked_human", lambda *_: None)


def blocks_go_with_the_row(patch: pytest.MonkeyPatch) -> None:
    """Forget by what a blocked human is known when a client removes it."""
    patch.setattr(blocks, "remember", lambda *_: None)


def members_stay_behind(patch: pytest.MonkeyPatch) -> None:
    """Leave somebody in the groups of a client that withdrew or moved its link."""
    patch.setattr(memberships, "leave_all", lambda *_: None)
    patch.setattr(memberships, "move", lambda *_: None)


FLAWS: Final[Mapping[str, Flaw]] = {
    flaw.__name__: flaw
    for flaw in (
        any_clients_external_id,
        any_clients_subject,
        first_of_several,
        pins_stay,
        reaches_everywhere,
        number_of_anybody,
        contested_is_ignored,
        numbers_move_people,
        links_leave_rights_behind,
        names_link,
        anybody_vouches_for_a_subject,
        bounds_are_not_kept,
        anybody_turns_the_switch,
        anybody_ends_the_person,
        blocked_humans_come_in_anew,
        blocks_go_with_the_row,
        members_stay_behind,
    )
}
