"""The last beheerder of an institution: kept, refused or told, as the terms say (rule 8).

Services say what they touched; what follows is decided once, when the transaction ends, under a
lock on the institution. Only ``refuse`` decides at once, as it undoes the operation.
"""

from __future__ import annotations

from collections.abc import Iterable

from mo_access.domain.errors import LastBeheerder
from mo_access.domain.model import Document, Event, Json, PersonView, Role, Status
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, beheerder_changes
from mo_access.storage import beheerders as stored
from mo_access.storage.beheerders import Standing
from mo_access.storage.people import LinkRow


def touched(uow: UnitOfWork, numbers: Iterable[str]) -> None:
    """Have it looked at the commit who is beheerder of these institutions."""
    for number in numbers:
        uow.beheerders.setdefault(number, frozenset())
        uow.before_commit = settle


def lost(uow: UnitOfWork, numbers: Iterable[str], links: Iterable[int] = ()) -> None:
    """Say that the people of these links lost the role alone: it may be kept or refused.

    To be called when it is done. Raises ``LastBeheerder`` under ``refuse``; the caller's work is
    then to be undone.
    """
    gone = frozenset(numbers)
    touched(uow, gone)
    if uow.terms.last_beheerder == "refuse":
        _refuse(uow, gone)
    for number in gone if uow.terms.last_beheerder == "retain" else ():
        uow.beheerders[number] |= frozenset(links)


def touched_by(uow: UnitOfWork, row: LinkRow) -> None:
    """Have it looked at where the platform made a person beheerder who comes or goes as a whole.

    No client gave that, so it is not among what the client sees that switches the person off.
    """
    if row.recovered:
        touched(uow, beheerder_changes.recovered_at(uow.conn, row.person_pk, uow.today))


def is_at(view: PersonView, *, now: bool) -> frozenset[str]:
    """Give where the caller sees the person as beheerder; ``now``: only where it acts as one."""
    return frozenset(
        shown.institution
        for shown in view.affiliations
        if shown.role is Role.BEHEERDER and (not now or shown.status is Status.ACTIVE)
    )


def settle(uow: UnitOfWork) -> None:
    """Bring down what follows from what was touched: retained roles, attention, events."""
    noted = dict(uow.beheerders)
    for head in stored.locked(uow.write(), noted):
        one = stored.standing(uow.conn, head, uow.today)
        if not one.settled:
            _settle(uow, one, noted)


def _settle(uow: UnitOfWork, one: Standing, noted: dict[str, frozenset[int]]) -> None:
    if one.present and one.retained:
        _forget(uow, one)
    if one.present or one.retained:
        _has(uow, one)
    elif not _retain(uow, one, noted):
        beheerder_changes.watch(uow.conn, one.pk, uow.now)
        _tell(uow, "institution.without_beheerder", one, {})


def _has(uow: UnitOfWork, one: Standing) -> None:
    if not one.watched or one.missing_since is not None:
        beheerder_changes.watch(uow.conn, one.pk, None)
    if one.missing_since is not None:
        _tell(uow, "institution.with_beheerder", one, {"since": one.missing_since})


def _retain(uow: UnitOfWork, one: Standing, noted: dict[str, frozenset[int]]) -> bool:
    """Keep the role of who lost it last; False where nobody is left to keep it."""
    kept = 0
    for number in sorted(access.lineage(uow.conn, one.number) & noted.keys()):
        if noted[number]:
            kept += beheerder_changes.retain(uow.conn, number, noted[number], uow.today, uow.now)
    # What is kept of who is under a block there counts when that is lifted, and not before.
    if not kept or not stored.standing(uow.conn, one.pk, uow.today).retained:
        return False
    _tell(uow, "beheerder.retain", one, {"people": _retained(uow, one)})
    return True


def _forget(uow: UnitOfWork, one: Standing) -> None:
    """Somebody else is beheerder now, so nothing needs to be retained."""
    people = _retained(uow, one)
    beheerder_changes.forget_retained(uow.conn, one.pk)
    _tell(uow, "beheerder.retain_end", one, {"people": people})


def _refuse(uow: UnitOfWork, numbers: frozenset[str]) -> None:
    for head in stored.locked(uow.write(), numbers) if numbers else ():
        one = stored.standing(uow.conn, head, uow.today)
        if one.watched and one.missing_since is None and not (one.present or one.retained):
            raise LastBeheerder(
                f"Institution {one.number} would be left without beheerder. Make somebody else "
                "beheerder first, then take this role away. (To deactivate or delete the person "
                "is possible at once.)"
            )


def _retained(uow: UnitOfWork, one: Standing) -> list[Json]:
    return [*beheerder_changes.retained(uow.conn, one.pk)]


def _tell(uow: UnitOfWork, kind: str, one: Standing, facts: Document) -> None:
    uow.record(Event(kind, "ok", institutions=(one.number,), facts=facts))
