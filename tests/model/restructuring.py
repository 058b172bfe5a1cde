"""What the platform says of successors on the command line, on service and model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mo_access.domain.errors import Invalid
from mo_access.service import succession

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from mo_access.service.unit_of_work import UnitOfWork
    from tests.model.twin import Twin


def succeed(twin: Twin, old: str, new: str, on: date | None) -> None:
    """Let an institution be succeeded by another, at once or from a day on."""
    world = twin.world
    day = on.isoformat() if on else None
    refused = world.successions.refuses(old, new, on, world.today)
    _done(twin, lambda uow: succession.succeed(uow, old, new, day), refused=refused)
    if not refused:
        world.successions.succeed(old, new, on, world.today)


def take_back(twin: Twin, old: str) -> None:
    """Take a succession back, planned or past."""
    told = twin.world.successions
    refused = old not in told.done and old not in told.planned
    _done(twin, lambda uow: succession.undo(uow, old), refused=refused)
    told.take_back(old)


def come(twin: Twin) -> None:
    """Let the upkeep of the service look for successions that are due."""
    due = [on for _, on in twin.world.successions.planned.values() if on <= twin.world.today]
    with twin.site.unit() as uow:
        assert succession.apply_due(uow) == len(due)
        uow.commit()
    twin.world.successions.come(twin.world.today)


def _done(twin: Twin, do: Callable[[UnitOfWork], object], *, refused: bool) -> None:
    """Do it, and demand a refusal when one is due; then what was begun is undone."""
    with twin.site.unit() as uow:
        try:
            do(uow)
        except Invalid:
            assert refused
            return
        assert not refused
        uow.commit()
