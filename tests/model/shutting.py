"""What the platform shuts and opens again on the command line, on service and model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mo_access.domain.errors import Conflict, NotFound
from mo_access.service import blocks
from tests.model import barred
from tests.model.barred import Bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mo_access.service.unit_of_work import UnitOfWork
    from mo_access.storage.blocks import Block
    from tests.model.rules import World
    from tests.model.twin import Twin

WHY = "Onderzoek"


def block_human(twin: Twin, person_id: str, at: str | None) -> None:
    """Block a person everywhere, or what it is at an institution."""
    world = twin.world
    person = world.people.get(person_id)
    bar = world.bars.get(person.bar or "") if person else None
    if person is None or (bar is None and not person.links):
        _refused(twin, NotFound, lambda uow: _block(uow, person_id, at))
    elif bar is not None and (bar.everywhere if at is None else at in bar.at):
        _refused(twin, Conflict, lambda uow: _block(uow, person_id, at))
    else:
        with _done(twin) as uow:
            made = _block(uow, person_id, at)
        assert made.bar is not None
        assert person.bar in {None, made.bar}
        person.bar = made.bar
        _set(world.bars.setdefault(made.bar, Bar()), at, shut=True)
        barred.remember(world)


def unblock_human(twin: Twin, person_id: str, at: str | None) -> None:
    """Lift a block; a human without any is forgotten, by whatever rows it stood for."""
    world = twin.world
    person = world.people.get(person_id)
    bar = world.bars.get(person.bar or "") if person else None
    if person is None or bar is None or not (bar.everywhere if at is None else at in bar.at):
        return _refused(twin, NotFound, lambda uow: _unblock(uow, person_id, at))
    with _done(twin) as uow:
        _unblock(uow, person_id, at)
    _set(bar, at, shut=False)
    if not bar:
        del world.bars[person.bar or ""]
        for other in world.people.values():
            other.bar = other.bar if other.bar in world.bars else None
    return None


def block_place(twin: Twin, at: str) -> None:
    """Block an institution."""
    if at in twin.world.blocked:
        return _refused(twin, Conflict, lambda uow: blocks.block_institution(uow, at, WHY))
    with _done(twin) as uow:
        blocks.block_institution(uow, at, WHY)
    return twin.world.blocked.add(at)


def unblock_place(twin: Twin, at: str) -> None:
    """Lift the block on an institution."""
    if at not in twin.world.blocked:
        return _refused(twin, NotFound, lambda uow: blocks.unblock_institution(uow, at, WHY))
    with _done(twin) as uow:
        blocks.unblock_institution(uow, at, WHY)
    return twin.world.blocked.remove(at)


def standing(world: World) -> list[tuple[str, str | None]]:
    """List the blocks on humans: on whom, by any row, and where (None: everywhere)."""
    return [
        (person_id, at)
        for person_id, person in world.people.items()
        if person.bar
        for bar in [world.bars[person.bar]]
        for at in [*sorted(bar.at), *([None] if bar.everywhere else [])]
    ]


def _block(uow: UnitOfWork, person_id: str, at: str | None) -> Block:
    if at is None:
        return blocks.block_person(uow, person_id, WHY)
    return blocks.block_affiliation(uow, person_id, at, WHY)


def _unblock(uow: UnitOfWork, person_id: str, at: str | None) -> Block:
    if at is None:
        return blocks.unblock_person(uow, person_id, WHY)
    return blocks.unblock_affiliation(uow, person_id, at, WHY)


def _set(bar: Bar, at: str | None, *, shut: bool) -> None:
    if at is None:
        bar.everywhere = shut
    else:
        (bar.at.add if shut else bar.at.discard)(at)


@contextmanager
def _done(twin: Twin) -> Iterator[UnitOfWork]:
    with twin.site.unit() as uow:
        yield uow
        uow.commit()


def _refused(twin: Twin, error: type[Exception], done: Callable[[UnitOfWork], object]) -> None:
    """Demand a refusal; what was begun is undone."""
    with twin.site.unit() as uow:
        try:
            done(uow)
        except error:
            return
    raise AssertionError(f"not refused: {error}")
