"""Restructurings: schools that change board or are succeeded, at once, on a day, and back again.

Nothing that anybody said is rewritten. Who succeeds whom is one column, from which rights, group
names and bounds follow on each request (ruling 10); taking it back restores what was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, Event, Institution
from mo_access.service import beheerders, theme_ends
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue, restructured
from mo_access.storage import succession as stored
from mo_access.storage.theme_ends import Held

_NOWHERE: Final[frozenset[str]] = frozenset()


@contextmanager
def restructuring(uow: UnitOfWork) -> Iterator[None]:
    """Let the bounds of clients follow what the block changes of boards and successors.

    What a client gave at an institution that it lost gives nothing from then on, since the client
    could not take it away; it counts again when the institution comes back.
    """
    before = restructured.every_scope(uow.write())
    yield
    after = restructured.every_scope(uow.conn)
    changed = [
        pk
        for pk in before.keys() | after.keys()
        if before.get(pk, _NOWHERE) != after.get(pk, _NOWHERE)
    ]
    clients = restructured.hold(uow.conn, changed).items() if changed else ()
    held: Held = frozenset()
    for pk, _ in clients:
        held |= theme_ends.held_by(uow, pk, before.get(pk, _NOWHERE) - after.get(pk, _NOWHERE))
    for pk, client_id in clients:
        old, new = before.get(pk, _NOWHERE), after.get(pk, _NOWHERE)
        _follow(uow, pk, client_id, old - new, new - old)
    theme_ends.end_lost(uow, held)


def succeed(uow: UnitOfWork, old: str, new: str, on: str | None = None) -> Institution:
    """Let an institution be succeeded by another, from ``on`` (a day, ISO text) or at once.

    Raises ``Invalid`` when one of them is unknown, when it has another successor already, and
    when successions would form a circle; then nothing was stored.
    """
    apply_due(uow)
    conn = uow.write()
    known = {one.number: one for one in catalogue.institutions(conn)}
    was = _known(known, old)
    _known(known, new)
    told = planned(was, new, on, uow.today)
    refuse_another(was, told)
    if in_circle({**known, old: told}, old):
        raise Invalid(f"successors form a circle: {new} leads back to {old}")
    _store(uow, [(was, told)])
    return told


def undo(uow: UnitOfWork, old: str) -> Institution:
    """Take a succession back, planned or past: all is as it was. Raises ``Invalid`` for none."""
    known = {one.number: one for one in catalogue.institutions(uow.write())}
    was = _known(known, old)
    if was.successor is None and was.next_successor is None:
        raise Invalid(f"institution {old} has no successor to take back")
    told = replace(was, successor=None, next_successor=None, successor_from=None)
    _store(uow, [(was, told)])
    return told


def apply_due(uow: UnitOfWork) -> int:
    """Let planned successions happen whose day has come; returns how many.

    Of several nodes at once, one does it and tells.
    """
    if not stored.any_due(uow.conn, uow.today):
        return 0
    uow.write()
    with restructuring(uow):
        done = stored.apply_due(uow.conn, uow.today)
    for number, successor, day in done:
        facts: Document = {"successor": successor, "from": day}
        uow.record(Event("institution.succeed", "ok", None, (number, successor), facts=facts))
        beheerders.touched(uow, [number, successor])
    return len(done)


def planned(was: Institution, new: str, on: str | None, today: str) -> Institution:
    """Say of an institution who succeeds it: by now, or on a day that is still to come."""
    if on is not None and on > today:
        return replace(was, successor=None, next_successor=new, successor_from=on)
    return replace(was, successor=new, next_successor=None, successor_from=on)


def refuse_another(was: Institution, told: Institution) -> None:
    """Raise ``Invalid`` for a plan where a succession happened already.

    So an institution has one successor at most, whatever the day, and no order of days can close
    a circle.
    """
    if was.successor is not None and told.next_successor is not None:
        message = f"institution {was.number} was succeeded by {was.successor} already"
        raise Invalid(f"{message}; take that back first")


def in_circle(every: Mapping[str, Institution], number: str) -> bool:
    """Tell whether following successors, planned ones too, comes back to where it was."""
    seen = {number}
    here = later(every[number])
    while here is not None and here not in seen:
        seen.add(here)
        here = later(every[here]) if here in every else None
    return here is not None


def later(one: Institution) -> str | None:
    """Give who succeeds it, by now or on a day to come."""
    return one.successor or one.next_successor


def restructures(was: Institution, told: Institution) -> bool:
    """Tell whether a change moves bounds or rights."""
    return (was.board, was.successor) != (told.board, told.successor)


def touched_by(pairs: Iterable[tuple[Institution, Institution]]) -> set[str]:
    """Give the institutions whose beheerders may be others after these changes."""
    return {
        number
        for was, told in pairs
        for number in (told.number, was.successor, told.successor)
        if number is not None
    }


def _store(uow: UnitOfWork, pairs: list[tuple[Institution, Institution]]) -> None:
    with restructuring(uow):
        catalogue.change_institutions(uow.conn, [told for _, told in pairs])
    beheerders.touched(uow, touched_by(pairs))
    for was, told in pairs:
        ended = later(told) is None
        kind = "institution.succeed_undo" if ended else "institution.succeed"
        facts: Document = {"successor": later(was if ended else told), "from": told.successor_from}
        at = tuple(sorted({told.number, later(was if ended else told) or told.number}))
        uow.record(Event(kind, "ok", None, at, facts=facts))


def _known(every: Mapping[str, Institution], number: str) -> Institution:
    if number not in every:
        raise Invalid(f"there is no institution {number}; see mo-access institution list")
    return every[number]


def _follow(
    uow: UnitOfWork, pk: int, client_id: str, lost: frozenset[str], gained: frozenset[str]
) -> None:
    """Let what one client gave follow its bounds, and write that down."""
    moved = restructured.mark(uow.conn, pk, lost, outside=True) if lost else 0
    moved += restructured.mark(uow.conn, pk, gained, outside=False) if gained else 0
    if moved:
        beheerders.touched(uow, lost | gained)
    facts: Document = {"client": client_id, "rights": moved}
    facts |= {"lost": [*sorted(lost)], "gained": [*sorted(gained)]}
    uow.record(Event("client.bounds", "ok", None, tuple(sorted(lost | gained)), facts=facts))
