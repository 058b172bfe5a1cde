"""A number that one client tells of a person whom others share, where it is a blocked human's.

Only the owner of a person who has no number, or the platform, says whose number it is (design
004): then the person is that human, for everybody. It fails closed; the platform can mend it.
"""

from __future__ import annotations

from mo_access.domain.model import Actor
from mo_access.domain.policy import Reason
from mo_access.service import blocks, people
from mo_access.service.unit_of_work import UnitOfWork
from tests.access.standing_kit import (
    INSZ,
    ISSUER,
    OTHER,
    SECOND_INSZ,
    Unit,
    at,
    change,
    events,
    lay_out,
    reason,
    remove,
    said,
    theme_group,
)

SUBJECT = ((ISSUER, "sub-bo"),)


def _blocked_and_gone(uow: UnitOfWork, actor: Actor) -> None:
    """Block a human with a number whom its only client removes afterwards."""
    an = people.create(uow, actor, said("an", at(), insz=INSZ)).id
    blocks.block_person(uow, an, "Onderzoek")
    remove(uow, actor, an)


def _shared(uow: UnitOfWork, owner: Actor, other: Actor) -> str:
    """Register Bo by one subject at two clients; the second gives a theme at its school."""
    bo = people.create(uow, owner, said("bo", at(), identities=SUBJECT)).id
    same = people.create(uow, other, said("b.o", at(OTHER), identities=SUBJECT)).id
    assert bo == same
    theme_group(uow, other, bo, institution=OTHER)
    assert reason(uow, bo, OTHER) is Reason.GRANTED
    return bo


def test_another_than_the_owner_says_it_of_its_own_record_alone(unit: Unit) -> None:
    """That record is the blocked human's from then on; the person of the others is untouched."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board", "third")
        _blocked_and_gone(uow, actors["third"])
        bo = _shared(uow, actors["school"], actors["board"])
        theme_group(uow, actors["school"], bo)
        lie = said("b.o", at(OTHER), identities=SUBJECT, insz=INSZ)
        moved = change(uow, actors["board"], bo, lie)
        assert moved.id != bo
        assert [a.status for a in moved.affiliations] == ["suspended"]
        assert reason(uow, bo) is Reason.GRANTED


def test_the_owner_says_who_the_person_is_and_the_trail_says_who_said_it(unit: Unit) -> None:
    """A block is not slipped by whom another client made of the same human."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board", "third")
        _blocked_and_gone(uow, actors["third"])
        bo = _shared(uow, actors["school"], actors["board"])
        told = said("bo", at(), identities=SUBJECT, insz=INSZ, changed=("insz",))
        assert change(uow, actors["school"], bo, told).id == bo
        assert reason(uow, bo, OTHER) is Reason.BLOCKED
        last = events(uow, "person.update")[-1]
        assert (last["person"], last["facts"]["changed"]) == (bo, ["insz"])


def test_the_platform_undoes_a_number_that_was_a_lie(unit: Unit) -> None:
    """Lifted, corrected, and set again on the human whom the number names."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board", "third", "platform")
        _blocked_and_gone(uow, actors["third"])
        bo = _shared(uow, actors["school"], actors["board"])
        change(uow, actors["school"], bo, said("bo", at(), identities=SUBJECT, insz=INSZ))
        blocks.unblock_person(uow, bo, "Het nummer was van een ander")
        change(uow, actors["platform"], bo, said("bo", insz=SECOND_INSZ))
        human = people.create(uow, actors["platform"], said("an", insz=INSZ)).id
        blocks.block_person(uow, human, "Onderzoek")
        assert reason(uow, bo, OTHER) is Reason.GRANTED
        again = people.create(uow, actors["third"], said("an", at(), insz=INSZ)).id
        assert again == human
        theme_group(uow, actors["third"], human)
        assert reason(uow, human) is Reason.BLOCKED
        assert reason(uow, bo, OTHER) is Reason.GRANTED
