"""The platform makes somebody beheerder for a time, where nobody is left who could (rule 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mo_access.domain.errors import Invalid, NotFound
from mo_access.domain.model import Event
from mo_access.domain.text import without_numbers
from mo_access.service import beheerders
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, catalogue
from mo_access.storage import beheerder_changes as stored
from mo_access.storage.beheerder_changes import Recovery
from mo_access.storage.facts import person_facts

DEFAULT_DAYS: Final = 14
MOST_DAYS: Final = 90
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A recovery and whether it still holds."""

    recovery: Recovery
    current: bool


def recover(
    uow: UnitOfWork, institution: str, person: str, reason: str, days: int = DEFAULT_DAYS
) -> Recovery:
    """Make a person beheerder of an institution from today, for so many days.

    It is an origin of its own: no client gave it, so none can take it away, and it ends by itself.
    Raises ``Invalid`` for a person who could not sign in or is blocked there, an institution that
    is blocked or was succeeded, a reason that is blank or a number of days that is too large.
    """
    told = without_numbers(reason.strip())[:_LONGEST]
    if not told:
        raise Invalid("say why: the reason stands in the audit trail")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"a recovery lasts 1 to {MOST_DAYS} days")
    conn = uow.write()
    _refuse_succeeded(uow, institution)
    if not stored.may_sign_in(conn, person):
        raise Invalid(
            f"{person} cannot sign in: inactive, blocked, or without an active link of a client. "
            "Have the person registered first."
        )
    _refuse_blocked(uow, institution, person)
    end = date.fromisoformat(uow.today) + timedelta(days=days - 1)
    made = Recovery(institution, person, uow.today, end.isoformat(), told, uow.now)
    stored.recover(conn, made)
    beheerders.touched(uow, [institution])
    facts = {"reason": told, "end": made.end}
    uow.record(Event("beheerder.recover", "ok", person, (institution,), facts=facts))
    return made


def revoke(uow: UnitOfWork, institution: str, person: str, reason: str = "") -> int:
    """Take back what ``recover`` gave and is not over. Raises ``NotFound`` when there is none."""
    ended = stored.revoke(uow.write(), institution, person, uow.today)
    if not ended:
        raise NotFound(f"the platform has not made {person} beheerder of {institution}")
    beheerders.touched(uow, [institution])
    facts = {"reason": without_numbers(reason.strip())[:_LONGEST]}
    uow.record(Event("beheerder.recover_end", "ok", person, (institution,), facts=facts))
    return ended


def listed(uow: UnitOfWork) -> tuple[Listed, ...]:
    """List whom the platform made beheerder, those of before too, oldest first."""
    return tuple(Listed(one, one.end >= uow.today) for one in stored.recoveries(uow.conn))


def _refuse_blocked(uow: UnitOfWork, number: str, person: str) -> None:
    """Refuse who would be beheerder on paper only; a block goes with its institution."""
    place = access.place(uow.conn, number)
    if place is not None and place[1]:
        raise Invalid(f"institution {number} is blocked; lift that first: unblock institution")
    known = person_facts(uow.conn, person)
    if known is not None and known.blocked_at & access.lineage(uow.conn, number):
        raise Invalid(f"{person} is blocked at {number}; lift that first: unblock affiliation")


def _refuse_succeeded(uow: UnitOfWork, number: str) -> None:
    known = {one.number: one for one in catalogue.institutions(uow.conn)}
    later = known[number].successor if number in known else None
    if later is not None:
        raise Invalid(f"institution {number} was succeeded by {later}; recover that one")
