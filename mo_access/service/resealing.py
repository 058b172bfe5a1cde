"""Replacing the key of people's numbers and ID tokens while the service runs (trust.md, P8).

Each page is a transaction of its own, and what is left to do is seen in the rows: a rotation that
was broken off goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mo_access.domain.errors import Conflict
from mo_access.domain.model import Event
from mo_access.service import sealing, sessions
from mo_access.service import subjects as named
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import resealing as stored
from mo_access.storage import resealing_blocks as stored_blocks
from mo_access.storage import sealed_subjects
from mo_access.storage.engine import Duplicate
from mo_access.storage.resealing import Sealed
from mo_access.storage.resealing_blocks import Barred
from mo_access.storage.sealed_subjects import SealedSubject

UNSEALED: Final = "unsealed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far resealing is: the last row looked at, how many were sealed anew, whether all are."""

    last: int
    resealed: int
    done: bool


def people(uow: UnitOfWork, after: int) -> Progress:
    """Seal and index the next people anew, each under its own row's name; the caller commits.

    A row that changes meanwhile keeps its new value; a later pass looks at it again. Raises
    ``Conflict`` when two people turn out to have one number.
    """
    rows = stored.people(uow.write(), after)
    try:
        resealed = sum(_renewed(uow, row) for row in rows)
    except Duplicate as error:
        raise Conflict("two people have the same number: find them with doctor") from error
    return Progress(rows[-1].pk if rows else after, resealed, len(rows) < stored.PAGE)


def barred(uow: UnitOfWork) -> int:
    """Seal and index anew by what humans under a block are known again; returns how many.

    Without it a block would end with the old key for who is removed and registered anew. The
    caller commits. Raises ``Conflict`` for a block whose number nobody can tell.
    """
    return sum(_rebarred(uow, row) for row in stored_blocks.every(uow.write()))


def tokens(uow: UnitOfWork, after: int) -> Progress:
    """Seal the ID tokens of the next sessions anew; the caller commits."""
    return _tokens(uow, stored.ID_TOKEN, sessions.context, after)


def subjects(uow: UnitOfWork, after: int) -> Progress:
    """Seal and name the next subjects of providers that are numbers anew; the caller commits."""
    uow.write()
    rows = sealed_subjects.page(uow.conn, after)
    resealed = sum(named.renewed(uow, row) for row in rows)
    last = rows[-1].pk if rows else after
    return Progress(last, resealed, len(rows) < sealed_subjects.PAGE)


def refresh_tokens(uow: UnitOfWork, after: int) -> Progress:
    """Seal the refresh tokens of the next sessions anew; the caller commits."""
    return _tokens(uow, stored.REFRESH_TOKEN, sessions.refresh_context, after)


def _tokens(uow: UnitOfWork, kind: str, context_of: Callable[[bytes], str], after: int) -> Progress:
    rows, keys = stored.tokens(uow.write(), kind, after), uow.keys
    resealed = 0
    for row in rows:
        if keys.sealed_by(row.sealed) != keys.current:
            name = context_of(bytes.fromhex(row.name))
            fresh = keys.seal(name, keys.open(name, row.sealed))
            resealed += stored.reseal_token(uow.conn, kind, row, fresh)
    return Progress(rows[-1].pk if rows else after, resealed, len(rows) < stored.PAGE)


def settle(uow: UnitOfWork) -> None:
    """Wait until every transaction that is under way has ended.

    Who began before the key file was changed may still write with the keys of before. Raises
    ``Conflict`` when one does not end in a minute.
    """
    if not stored.wait_for_others(uow.conn):
        raise Conflict("a transaction of a server does not end: run key rotate again")


def record(uow: UnitOfWork, resealed: int) -> None:
    """Note the rotation in the trail, by the id of the new key."""
    uow.record(Event("key.rotate", "ok", facts={"key": uow.keys.current, "people": resealed}))


def in_use(uow: UnitOfWork) -> Counter[str]:
    """Count the sealed values by the id of the key that sealed them.

    A number that is only indexed yet is counted as ``UNSEALED``.
    """
    found: Counter[str] = Counter()
    readers: list[Callable[[int], Sequence[Sealed | SealedSubject]]] = [
        partial(stored.people, uow.conn),
        partial(sealed_subjects.page, uow.conn),
    ]
    kinds = (stored.ID_TOKEN, stored.REFRESH_TOKEN)
    readers.extend(partial(stored.tokens, uow.conn, kind) for kind in kinds)
    for read in readers:
        rows = read(0)
        while rows:
            found.update(uow.keys.sealed_by(row.sealed) for row in rows)
            rows = read(rows[-1].pk)
    for row in stored_blocks.every(uow.conn):
        found[UNSEALED if row.sealed is None else uow.keys.sealed_by(row.sealed)] += 1
    return found


def _rebarred(uow: UnitOfWork, row: Barred) -> int:
    keys, name = uow.keys, sealing.of_bar(row.bar)
    number = _number_of(uow, row) if row.sealed is None else keys.open(name, row.sealed)
    index = keys.index(number)
    fresh = row.sealed is not None and keys.sealed_by(row.sealed) == keys.current
    if fresh and row.value == index.hex():
        return 0
    return stored_blocks.replace(uow.conn, row, index, keys.seal(name, number))


def _number_of(uow: UnitOfWork, row: Barred) -> str:
    """Tell the number of a block that was set before it was kept, by whom it is on."""
    for person_id, sealed in stored_blocks.numbers_of(uow.conn, row.bar):
        number = uow.keys.open(sealing.of_person(person_id), sealed)
        if row.value in {index.hex() for index in uow.keys.indexes(number)}:
            return number
    raise Conflict(
        "somebody under a block was removed before the block kept the number: a new key would "
        "end that block. Lift it first; see mo-access block list"
    )


def _renewed(uow: UnitOfWork, row: Sealed) -> int:
    """Seal and index one number anew where that was not done by the keys of now."""
    keys, name = uow.keys, sealing.of_person(row.name)
    number = keys.open(name, row.sealed)
    index = keys.index(number)
    if keys.sealed_by(row.sealed) == keys.current and row.blind == index:
        return 0
    return stored.reseal(uow.conn, row, keys.seal(name, number), index)
