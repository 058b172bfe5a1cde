"""Blocks by the platform on a person, what a person is at an institution, or an institution.

A block is stronger than anything provisioned: it is no attribute that a client writes, and it stays
with the human when clients remove every row of that human and make it anew. Set and lifted on the
command line, with a reason, in the audit trail.
"""

from __future__ import annotations

import uuid
from typing import Final

from mo_access.domain.errors import Conflict, Forbidden, Invalid, NotFound
from mo_access.domain.model import Document, Event, Role
from mo_access.domain.text import without_numbers
from mo_access.service import beheerders, sealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import blocks as stored
from mo_access.storage.bars import AFFILIATION, INSTITUTION, PERSON
from mo_access.storage.blocks import Block
from mo_access.storage.facts import people_facts

LONGEST_REASON: Final = 500


def block_person(uow: UnitOfWork, person_id: str, reason: str) -> Block:
    """Block a person everywhere; live sessions end. Raises ``NotFound``, ``Conflict``."""
    return _block_human(uow, PERSON, person_id, None, reason)


def block_affiliation(uow: UnitOfWork, person_id: str, number: str, reason: str) -> Block:
    """Block whatever a person is or becomes at an institution and what it succeeded or is by.

    Raises ``NotFound`` for nobody, ``Conflict`` where it is blocked.
    """
    return _block_human(uow, AFFILIATION, person_id, number, reason)


def block_institution(uow: UnitOfWork, number: str, reason: str) -> Block:
    """Block an institution: nobody reads anything of it. Raises ``Conflict``."""
    conn = uow.write()
    stored.lock_institution(conn, number)
    _refuse_second(stored.of_institution(conn, number))
    made = _made(uow, INSTITUTION, reason, number=number)
    stored.add(conn, made)
    stored.mark_institution(conn, number, made.id)
    beheerders.touched(uow, [number])
    return _told(uow, "block.set", made, made.reason)


def unblock_person(uow: UnitOfWork, person_id: str, reason: str) -> Block:
    """Lift the block on a person. Raises ``NotFound`` where there is none."""
    return _lift_human(uow, PERSON, person_id, None, reason)


def unblock_affiliation(uow: UnitOfWork, person_id: str, number: str, reason: str) -> Block:
    """Lift the block on what a person is at an institution. Raises ``NotFound``."""
    return _lift_human(uow, AFFILIATION, person_id, number, reason)


def unblock_institution(uow: UnitOfWork, number: str, reason: str) -> Block:
    """Lift the block on an institution. Raises ``NotFound`` where there is none."""
    conn = uow.write()
    stored.lock_institution(conn, number)
    found = _only(stored.of_institution(conn, number))
    stored.drop(conn, found.id)
    stored.mark_institution(conn, number, None)
    beheerders.touched(uow, [number])
    return _told(uow, "block.lifted", found, _checked(reason))


def listed(uow: UnitOfWork) -> tuple[Block, ...]:
    """List every block that stands, the oldest first."""
    return tuple(stored.every(uow.conn))


def remember(uow: UnitOfWork, person_pk: int, bar: str | None) -> str | None:
    """Keep by what a human under a block is known, before a client changes or removes it.

    Returns the bar, None where the last block was lifted since it was read.
    """
    if bar is None or not stored.stands(uow.conn, bar):
        return None
    stored.remember(uow.conn, person_pk, bar, _number(uow, person_pk, bar))
    return bar


def keep_apart(uow: UnitOfWork, person_pk: int, number: str) -> None:
    """Raise ``Forbidden`` where a human under one block gets the number of one under another.

    The two would be one, known by both: nobody could lift the one block or the other.
    """
    if stored.is_anothers(uow.conn, person_pk, uow.keys.indexes(number)):
        raise kept("insz")


def follow(uow: UnitOfWork, person_pk: int, bar: str | None) -> None:
    """Let a person whose number was set be under the blocks on whom it names from now on."""
    if bar is None:
        return
    if not stored.stands(uow.conn, bar):
        stored.settle(uow.conn, person_pk)
        return
    uow.ended(stored.mark_people(uow.conn, bar))
    _judge_beheerders(uow, bar)


def settle(uow: UnitOfWork, person_pk: int, bar: str | None) -> None:
    """Let a person who was made under a bar be under what stands of it, whoever changes it now."""
    if bar is not None:
        # Held first, in a statement of its own: the next one sees what was set or lifted meanwhile.
        stored.stands(uow.conn, bar)
        stored.settle(uow.conn, person_pk)


def _number(uow: UnitOfWork, person_pk: int, bar: str) -> tuple[bytes, bytes] | None:
    """Index the number of a person, and seal it for the bar: a new key needs it again."""
    found = stored.number_of(uow.conn, person_pk)
    if found is None:
        return None
    number = uow.keys.open(sealing.of_person(found[0]), found[1])
    return uow.keys.index(number), uow.keys.seal(sealing.of_bar(bar), number)


def kept(attribute: str) -> Forbidden:
    """Say that a record belongs to a human under a block, and to nobody else until it is lifted."""
    return Forbidden(
        f"{attribute}: a block of the platform is on this user, and it cannot be made another's. "
        "Ask the platform to lift it.",
        attribute=attribute,
    )


def _block_human(
    uow: UnitOfWork, kind: str, person_id: str, number: str | None, reason: str
) -> Block:
    conn = uow.write()
    person_pk, bar = _locked(uow, person_id)
    _refuse_second(_standing(uow, kind, bar, number))
    if bar is None and not stored.is_registered(conn, person_pk):
        raise NotFound("every client has removed this person; nothing is left to know it by")
    if bar is None:
        bar = str(uuid.uuid4())
        stored.name(conn, person_pk, bar)
    made = _made(uow, kind, reason, number=number, person_id=person_id, bar=bar)
    stored.add(conn, made)
    remember(uow, person_pk, bar)
    uow.ended(stored.mark_people(conn, bar))
    _judge_beheerders(uow, bar)
    return _told(uow, "block.set", made, made.reason)


def _lift_human(
    uow: UnitOfWork, kind: str, person_id: str, number: str | None, reason: str
) -> Block:
    conn = uow.write()
    _, bar = _locked(uow, person_id)
    found = _only(_standing(uow, kind, bar, number))
    stored.drop(conn, found.id)
    uow.ended(stored.mark_people(conn, found.bar or ""))
    _judge_beheerders(uow, found.bar or "")
    if not stored.of_bar(conn, found.bar or ""):
        stored.forget(conn, found.bar or "")
    return _told(uow, "block.lifted", found, _checked(reason))


def _judge_beheerders(uow: UnitOfWork, bar: str) -> None:
    """Have it looked at who is left where the human is beheerder: a block is no withdrawal."""
    known = people_facts(uow.conn, stored.people(uow.conn, bar))
    every = (fact for one in known for fact in one.affiliations)
    beheerders.touched(uow, {fact.institution for fact in every if fact.role == Role.BEHEERDER})


def _locked(uow: UnitOfWork, person_id: str) -> tuple[int, str | None]:
    found = stored.lock_person(uow.conn, person_id)
    if found is None:
        raise NotFound("there is no such person")
    return found


def _standing(uow: UnitOfWork, kind: str, bar: str | None, number: str | None) -> list[Block]:
    """Return the block of this kind on a human, at this institution where it is about one."""
    found = stored.of_bar(uow.conn, bar) if bar else []
    return [one for one in found if (one.kind, one.institution) == (kind, number)]


def _refuse_second(standing: list[Block]) -> None:
    if standing:
        raise Conflict(f"is blocked already: {standing[0].reason}")


def _only(standing: list[Block]) -> Block:
    if not standing:
        raise NotFound("is not blocked; see mo-access block list")
    return standing[0]


def _made(
    uow: UnitOfWork,
    kind: str,
    reason: str,
    *,
    number: str | None = None,
    person_id: str | None = None,
    bar: str | None = None,
) -> Block:
    told = _checked(reason)
    return Block(str(uuid.uuid4()), kind, person_id, number, told, uow.now, uow.caller, bar)


def _checked(reason: str) -> str:
    """Refuse a reason that says nothing, too much, or a number of the national register."""
    told = " ".join(reason.split())
    if not told or len(told) > LONGEST_REASON:
        raise Invalid(f"the reason must have 1 to {LONGEST_REASON} characters")
    if without_numbers(told) != told:
        raise Invalid("the reason holds a number of the national register: it is kept in the audit")
    return told


def _told(uow: UnitOfWork, kind: str, about: Block, reason: str) -> Block:
    at = (about.institution,) if about.institution else ()
    facts: Document = {"block": about.id, "on": about.kind, "reason": reason}
    uow.record(Event(kind, "ok", person=about.person, institutions=at, facts=facts))
    return about
