"""Institutions where nobody acts as beheerder (rule 8): found by a sweep, listed and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mo_access.service import beheerders
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import beheerders as stored
from mo_access.storage import catalogue
from mo_access.storage.beheerders import Standing

State: TypeAlias = Literal["missing", "retained", "never"]


@dataclass(frozen=True, slots=True)
class Attention:
    """An institution where nobody acts as beheerder now.

    ``missing``: it lost the last one, at ``since`` (microseconds). ``retained``: only a role that
    was taken away and kept stands between it and that. ``never``: it had none yet.
    """

    institution: str
    name: str
    state: State
    since: int | None


def sweep(uow: UnitOfWork) -> int:
    """Bring down what time did: roles that began or ended; returns how many institutions.

    Of several nodes that sweep at once, one tells: each looks again under a lock at its commit.
    """
    due = [one.number for one in stored.every_standing(uow.conn, uow.today) if not one.settled]
    beheerders.touched(uow, due)
    if due:
        uow.write()
    return len(due)


def found(uow: UnitOfWork, *, never: bool = False) -> tuple[Attention, ...]:
    """List the institutions without an acting beheerder, by number; ``never`` had one: only so."""
    names = {i.number: i.name for i in catalogue.institutions(uow.conn)}
    listed = [
        Attention(one.number, names[one.number], state, one.missing_since)
        for one in stored.every_standing(uow.conn, uow.today)
        if (state := _state(one)) is not None
    ]
    return tuple(one for one in listed if never or one.state != "never")


def count(uow: UnitOfWork) -> int:
    """Count the institutions that lost their last beheerder and have none yet."""
    return stored.missing_count(uow.conn)


def _state(one: Standing) -> State | None:
    if one.present:
        return None
    if one.retained:
        return "retained"
    return "missing" if one.watched else "never"
