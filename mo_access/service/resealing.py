"""Sealing people's numbers anew under the current key, while the service runs (trust.md, P8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mo_access.domain.model import Event
from mo_access.service.registration import context
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import resealing as stored


@dataclass(frozen=True, slots=True)
class Progress:
    """How far resealing is: the last row looked at, how many were sealed anew, whether all are."""

    last: int
    resealed: int
    done: bool


def page(uow: UnitOfWork, after: int) -> Progress:
    """Seal the next rows anew, each under its own row's name; the caller commits.

    A row that changes meanwhile keeps its new value, which the current key sealed.
    """
    rows = stored.people(uow.write(), after)
    resealed = 0
    for pk, person_id, sealed in rows:
        if uow.keys.sealed_by(sealed) != uow.keys.current:
            number = uow.keys.open(context(person_id), sealed)
            resealed += stored.reseal(
                uow.conn, pk, sealed, uow.keys.seal(context(person_id), number)
            )
    return Progress(rows[-1][0] if rows else after, resealed, len(rows) < stored.PAGE)


def record(uow: UnitOfWork, resealed: int) -> None:
    """Note the rotation in the trail, by the id of the new key."""
    uow.record(Event("key.rotate", "ok", facts={"key": uow.keys.current, "people": resealed}))


def in_use(uow: UnitOfWork) -> Counter[str]:
    """Count the sealed values by the id of the key that sealed them."""
    found = Counter(uow.keys.sealed_by(sealed) for sealed in stored.session_tokens(uow.conn))
    last, rows = 0, stored.people(uow.conn, 0)
    while rows:
        found.update(uow.keys.sealed_by(sealed) for _, _, sealed in rows)
        last = rows[-1][0]
        rows = stored.people(uow.conn, last)
    return found
