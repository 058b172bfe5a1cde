"""Signing in where claims make people and give rights: modes ``jit`` and ``hybrid`` (ruling 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

from mo_access.service import claimed_rights, logouts, provider_people, sign_in, subjects
from mo_access.service.claimed_rights import ClaimedRights, Holder
from mo_access.service.provider_people import Described
from mo_access.service.sessions import Session
from mo_access.service.sign_in import SignedIn, SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import session_rights


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the claims of a sign-in make: a person and rights; ``mode`` is jit or hybrid."""

    mode: str
    described: Described
    rights: ClaimedRights


def enter(uow: UnitOfWork, said: SignIn, claimed: Claimed) -> SignedIn:
    """Open a session for who a verified sign-in belongs to, who is made when unknown.

    The rights of the claims hold in this session, and end with it or with newer claims. Raises
    ``Refused`` as ``sign_in.sign_in`` does, but for nobody with ``unknown_person``.
    """
    logouts.refuse(uow, said)
    said = replace(said, subject=subjects.kept_as(uow, said.issuer, said.subject))
    provider_people.take_turn(uow, said.issuer, said.subject)
    usual = sign_in.known(uow, said.issuer, said.subject, said.links)
    identity = (said.issuer, said.subject)
    live = provider_people.found_or_made(uow, said.provider, identity, claimed.described, usual)
    signed_in = sign_in.admitted(uow, said, live, claimed.mode)
    hashed = sha256(signed_in.session_id.encode()).digest()
    holder = Holder(
        session_rights.pk_of(uow.conn, hashed),
        signed_in.person_pk,
        signed_in.person,
        *(said.provider, said.issuer, said.subject),
        said.capacity,
    )
    claimed_rights.assign(uow, holder, claimed.rights)
    return signed_in


def renewed(
    uow: UnitOfWork, session: Session, keep: Callable[[], bool], rights: ClaimedRights
) -> None:
    """Let a renewed session hold what its new claims give, if ``keep`` keeps the renewal."""
    provider_people.take_turn(uow, session.issuer, session.stored_subject)
    if not keep():
        return
    person_pk = session_rights.person_of(uow.conn, session.pk)
    if person_pk is None:
        return
    capacity = session.policy.capacity
    holder = Holder(
        *(session.pk, person_pk, session.person),
        *(session.provider, session.issuer, session.stored_subject),
        None if capacity is None else tuple(sorted(capacity)),
    )
    claimed_rights.assign(uow, holder, rights)
