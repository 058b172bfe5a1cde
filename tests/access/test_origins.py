"""A right lives as long as one origin holds it; a client ends its own only (domain.md, rule 5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Final

import pytest

from mo_access.domain.model import Form, Role
from mo_access.service import explaining
from mo_access.service.decisions import Question
from mo_access.service.explaining import Origin
from tests.access.worlds import BROKERS, SCHOOL, THEME, Shared, Unit, shared

ORDERS: Final = list(permutations(BROKERS))
ENDS: Final[dict[str, Callable[[Shared, str], None]]] = {
    "forget": Shared.forget,
    "deactivate": Shared.deactivate,
    "delete": Shared.delete,
}
_names = "-".join


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give one person whom three clients registered."""
    return shared(unit, tmp_path)


def origins(world: Shared) -> tuple[Origin, ...]:
    """Return who holds what up, as ``why`` tells it."""
    with world.unit(world.at) as uow:
        return explaining.why(uow, Question(world.person, SCHOOL, THEME)).origins


def holders(world: Shared, kind: str) -> set[str]:
    """Name the clients whose origin of this kind counts."""
    return {o.client for o in origins(world) if o.kind == kind and o.idle is None}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("order", ORDERS, ids=_names)
def test_a_theme_given_on_the_person_lives_until_the_last_origin(
    world: Shared, order: tuple[str, ...], end: str
) -> None:
    """In every order of giving up, and however: unmentioned, switched off or deleted."""
    for by in BROKERS:
        world.give_theme(by)
    left = set(BROKERS)
    for by in order:
        assert (world.reads(), holders(world, "theme"), holders(world, "role")) == (
            True,
            left,
            left,
        )
        ENDS[end](world, by)
        left.remove(by)
    assert not world.reads()
    assert (holders(world, "theme"), holders(world, "role")) == (set(), set())


@pytest.mark.parametrize("order", ORDERS, ids=_names)
def test_a_theme_given_by_groups_lives_until_the_last_one(
    world: Shared, order: tuple[str, ...]
) -> None:
    """Each client has its own group; leaving one says nothing about the others."""
    world.give_role("government")
    for by in BROKERS:
        world.join(by)
    for left in range(3, 0, -1):
        assert world.reads()
        assert len(holders(world, "theme")) == left
        world.leave(order[3 - left])
    assert not world.reads()
    assert world.acts_as(), "the role has another origin"


@pytest.mark.parametrize("order", ORDERS, ids=_names)
def test_a_group_and_a_direct_grant_hold_the_same_right_up(
    world: Shared, order: tuple[str, ...]
) -> None:
    """The same theme through a group, and on the person by two others, and through both by one."""
    first, second, third = order
    world.give_theme(first)
    world.give_theme(second)
    world.join(second)
    world.give_role(third)
    world.join(third)
    world.forget(first)
    assert (world.reads(), holders(world, "theme")) == (True, {second, third})
    world.leave(second)
    assert (world.reads(), holders(world, "theme")) == (True, {second, third})
    world.forget(second)
    assert (world.reads(), holders(world, "theme")) == (True, {third})
    world.leave(third)
    assert not world.reads()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("order", ORDERS, ids=_names)
def test_a_role_lives_until_the_last_origin(
    world: Shared, order: tuple[str, ...], end: str
) -> None:
    """A beheerder by one is a beheerder, whatever the others say or stop saying."""
    for by, form in zip(order, (Form.AFFILIATIONS, Form.ROLES, Form.ORGANIZATION), strict=True):
        beheerder = by == order[-1]
        world.give_role(by, Role.BEHEERDER if beheerder else Role.GEBRUIKER, form)
    for by in order[:-1]:
        ENDS[end](world, by)
        assert world.acts_as(Role.BEHEERDER)
    ENDS[end](world, order[-1])
    assert not world.acts_as(Role.GEBRUIKER)


@pytest.mark.parametrize("by", BROKERS)
def test_what_is_switched_off_holds_again_and_what_is_deleted_does_not(
    world: Shared, by: str
) -> None:
    """Ruling 5: deactivating suspends, still told as an origin; DELETE ends."""
    world.give_theme(by)
    since = {(o.kind, o.since) for o in origins(world)}
    world.deactivate(by)
    assert not world.reads()
    assert {(o.kind, o.idle) for o in origins(world)} == {
        ("role", "suspended"),
        ("theme", "suspended"),
    }
    world.reactivate(by)
    assert world.reads()
    assert {(o.kind, o.since) for o in origins(world)} == since, "as old as it was"
    world.delete(by)
    assert not world.reads()
    assert origins(world) == ()
    assert world.register(by) == world.person
    assert not world.reads(), "nothing of the old registration returns (ruling 1)"


@pytest.mark.parametrize("by", BROKERS)
def test_a_role_of_one_and_a_theme_of_another_make_a_right(world: Shared, by: str) -> None:
    """The origins of role and theme are apart; either one gone, there is no right."""
    for other in BROKERS:
        if other == by:
            continue
        world.give_role(by)
        world.join(other)
        assert world.reads()
        assert (holders(world, "role"), holders(world, "theme")) == ({by}, {other})
        world.forget(by)
        assert not world.reads()
        world.give_role(by)
        world.leave(other)
        assert not world.reads()


@pytest.mark.parametrize("order", ORDERS, ids=_names)
def test_the_order_of_giving_does_not_matter(world: Shared, order: tuple[str, ...]) -> None:
    """Who came last ends no more than its own."""
    for by in order:
        world.give_theme(by)
    world.delete(order[2])
    world.deactivate(order[1])
    assert (world.reads(), holders(world, "theme")) == (True, {order[0]})
    assert {o.client for o in origins(world) if o.idle == "suspended"} == {order[1]}
