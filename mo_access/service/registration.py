"""Which person a client means: by INSZ or by {issuer, subject}, never by name (rule 5)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import NamedTuple

from mo_access.domain.errors import Conflict, Overtaken
from mo_access.domain.keys import Indexes
from mo_access.domain.model import Actor, Keep, PersonDraft
from mo_access.domain.text import fold
from mo_access.domain.vouching import Says
from mo_access.service import blocks, sealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import identities, people, registering, sessions, vouching
from mo_access.storage.bars import Record
from mo_access.storage.people import LinkRow


class Meant(NamedTuple):
    """The person that is meant, and whether it was made just now, so that nobody knows it yet."""

    pk: int
    id: str
    fresh: bool = False


def person_for(uow: UnitOfWork, actor: Actor, draft: PersonDraft) -> Meant:
    """Return the person that a new link belongs to, made when unknown.

    A number goes before identities; identities count only from clients that the provider
    trusts, on both sides.
    """
    number = draft.insz if isinstance(draft.insz, str) else None
    if number is not None:
        known = _known(uow, number)
        return Meant(*known) if known else _new(uow, actor, draft, number)
    for issuer, subject in draft.identities:
        known = identities.vouched(uow.conn, actor, issuer, subject)
        if known is not None:
            return Meant(*known)
    return _new(uow, actor, draft, None)


def person_after(
    uow: UnitOfWork, actor: Actor, row: LinkRow, draft: PersonDraft
) -> tuple[int, str]:
    """Return the person that the link belongs to after this change (ruling 2).

    Another number moves the link, never the person; only the platform, or the owner of a person
    that has none yet, sets a person's number. Raises ``Conflict`` when this client already has
    a link to the person that is meant.
    """
    here = (row.person_pk, row.id)
    if isinstance(draft.insz, Keep):
        return here
    if draft.insz is None:
        if actor.platform:
            _renumber(uow, actor, row, None)
        return here
    if row.said_insz == Says.NUMBER and row.insz_index in uow.keys.indexes(draft.insz):
        return here
    # Asked again under a lock of the person: who begins to vouch for a number must not do so for
    # another one that the platform writes at this moment.
    known = _known(uow, draft.insz)
    if known is not None and known[0] == row.person_pk:
        return here
    if known is None and _may_set(actor, row):
        blocks.keep_apart(uow, row.person_pk, draft.insz)
        sealed = uow.keys.seal(sealing.of_person(row.id), draft.insz)
        _renumber(uow, actor, row, (sealed, uow.keys.indexes(draft.insz)))
        return here
    if row.bar is not None:
        raise blocks.kept("insz")
    return _target(uow, actor, known, draft)


def says_insz(actor: Actor, row: LinkRow, draft: PersonDraft) -> Says:
    """Tell whether the link's client vouches for the number after this change (ruling 4).

    A platform client that clears it takes it from the person, so that there is none to speak of.
    """
    before = Says(row.said_insz)
    if isinstance(draft.insz, Keep):
        return before
    if draft.insz is not None:
        return Says.NUMBER
    return Says.NO_MORE if before is not Says.NOTHING and not actor.platform else Says.NOTHING


def _known(uow: UnitOfWork, number: str) -> tuple[int, str] | None:
    """Look for the person with this number, as who may give it to another in this transaction.

    While the key of the index is replaced, two writers may make two entries of one number, which
    the database cannot tell: then they take turns.
    """
    if uow.keys.rotating:
        people.take_turn(uow.conn, uow.keys.turn(number))
    return people.by_insz(uow.conn, uow.keys.indexes(number))


def _renumber(
    uow: UnitOfWork, actor: Actor, row: LinkRow, insz: tuple[bytes, Indexes] | None
) -> None:
    """Give the person another number, or none; who came in by the old one is out (rule 7).

    The other clients sent the old number and vouch for no other: the platform alone changes a
    person's number (ruling 2), and only who said it opens anything by it (ruling 3). Raises
    ``Overtaken`` for an owner whose person got a number meanwhile.
    """
    conn, number = uow.conn, insz or (None, None)
    if row.insz_index is None:
        done, bar = people.set_insz(conn, row.person_pk, *number, first=True)
        if done:
            blocks.follow(uow, row.person_pk, bar)
            return
    if not actor.platform:
        raise Overtaken("insz: this person got a number at this moment. Read it and send it again.")
    vouching.hold(conn, row.person_pk)
    blocks.follow(uow, row.person_pk, people.set_insz(conn, row.person_pk, *number)[1])
    vouching.take_back(conn, row.person_pk, but=row.pk, now=uow.now)
    uow.ended(sessions.end_of_person(conn, row.person_pk))


def _may_set(actor: Actor, row: LinkRow) -> bool:
    return actor.platform or (row.insz_index is None and row.owner_pk == actor.client_pk)


def _target(
    uow: UnitOfWork, actor: Actor, known: tuple[int, str] | None, draft: PersonDraft
) -> tuple[int, str]:
    number = draft.insz if isinstance(draft.insz, str) else None
    target = Meant(*known) if known else _new(uow, actor, draft, number)
    taken = people.own_link(uow.conn, target.pk, actor.client_pk) is not None
    if actor.platform or taken:
        raise Conflict(
            "insz: another user of yours has this number. Change that user instead.",
            attribute="insz",
        )
    return target.pk, target.id


def _new(uow: UnitOfWork, actor: Actor, draft: PersonDraft, number: str | None) -> Meant:
    person_id = str(uuid.uuid4())
    record, insz = _record(actor, draft), None
    if number is not None:
        known_as = uow.keys.indexes(number)
        record = replace(record, insz=known_as)
        insz = (uow.keys.seal(sealing.of_person(person_id), number), known_as[0])
    made = registering.new_person(uow.conn, person_id, actor.client_pk, insz, uow.now, record)
    if made is None:
        # Another client registered the same number since we looked: that person it is.
        return _raced(uow, number or "")
    blocks.settle(uow, *made)
    return Meant(made[0], person_id, fresh=True)


def _record(actor: Actor, draft: PersonDraft) -> Record:
    external = None if draft.external_id is None else fold(draft.external_id)
    return Record(actor.client_pk, fold(draft.user_name), external, draft.identities)


def _raced(uow: UnitOfWork, number: str) -> Meant:
    known = people.by_insz(uow.conn, uow.keys.indexes(number))
    if known is None:
        raise Conflict(
            "insz: is being registered by another request. Send this one again.", attribute="insz"
        )
    return Meant(*known)
