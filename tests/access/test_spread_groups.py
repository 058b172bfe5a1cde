"""A group without institution gives its theme where its client says now that the person is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mo_access.domain.model import (
    AffiliationClaim,
    Form,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.domain.policy import Reason
from mo_access.service import decisions, dormant, explaining, groups, review
from mo_access.service.decisions import ANYBODY, Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import affiliation, institution, link
from tests.access.worlds import OTHER, SCHOOL, THEME, Shared, Unit, shared

HERE = AffiliationClaim(Form.AFFILIATIONS, SCHOOL, Role.GEBRUIKER)
PAST, FUTURE = date(2020, 1, 1), date(2099, 1, 1)


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give a person of two clients; the government's has a group that names no institution."""
    made = shared(unit, tmp_path)
    with made.act("government") as uow:
        one = MemberChange("add", (made.person,))
        groups.create(uow, made.actors["government"], GroupDraft("g", None, {}, theme=THEME), one)
        uow.commit()
    made.give_role("school")
    return made


def place(world: Shared, *claims: AffiliationClaim) -> None:
    """Let the government's client say where the person is."""
    world.say("government", PersonDraft("jan", None, active=True, document={}, affiliations=claims))


def told(world: Shared, reason: Reason, idle: str | None) -> None:
    """Hold every way to a decision to the same answer, and each report to the same reason."""
    reads, person = reason is Reason.GRANTED, world.person
    with world.unit(world.at) as uow:
        why = explaining.why(uow, Question(person, SCHOOL, THEME))
        assert (why.decision.reason, _of_themes(why.origins)) == (reason, [idle])
        assert decisions.decide(uow, Question(person, SCHOOL, THEME)) == why.decision
        rights = [(r.institution, r.theme) for r in decisions.readable(uow, person, ANYBODY)]
        assert ((SCHOOL, THEME) in rights) is reads
        listed = [person] if reads else []
        for actor in (None, *world.actors.values()):
            assert list(decisions.who(uow, THEME, SCHOOL, actor)) == listed
        assert [h.person for h in explaining.who(uow, THEME, SCHOOL)] == listed
        (holder,) = explaining.who(uow, THEME, SCHOOL, dormant=True)
        assert (holder.decision.reason, _of_themes(holder.origins)) == (reason, [idle])
        (entry,) = review.page(uow, SCHOOL).entries
        assert [(t.reason, _of_themes(t.origins)) for t in entry.themes] == [(reason, [idle])]
        assert [one.reason for one in dormant.listed(uow)] == ([] if reads else [reason])


def _of_themes(origins: tuple[explaining.Origin, ...]) -> list[str | None]:
    return [origin.idle for origin in origins if origin.kind == "theme"]


def block(uow: UnitOfWork, world: Shared) -> None:
    """Block what the government's client said alone, as a row of an earlier release may be."""
    whose = select(link.c.pk).where(link.c.client_pk == world.actors["government"].client_pk)
    said = affiliation.c.link_pk.in_(whose)
    uow.write().run(update(affiliation).where(said).values(blocked="x"))


def retain(uow: UnitOfWork, world: Shared) -> None:
    """Keep it only so that the institution is not without beheerder (ruling 7)."""
    whose = select(link.c.pk).where(link.c.client_pk == world.actors["government"].client_pk)
    said = affiliation.c.link_pk.in_(whose)
    uow.write().run(update(affiliation).where(said).values(form=Form.RETAINED.value))


def test_it_counts_while_its_client_says_so(world: Shared) -> None:
    """Its last day is one of them, and where another of its words counts, an ended one is none."""
    for claims in (
        (HERE,),
        (replace(HERE, end=date(2026, 11, 24)),),
        (replace(HERE, end=PAST), replace(HERE, start=date(2021, 1, 1))),
    ):
        place(world, *claims)
        told(world, Reason.GRANTED, None)


@pytest.mark.parametrize(
    ("claim", "idle"),
    [(replace(HERE, end=PAST), "ended"), (replace(HERE, start=FUTURE), "pending")],
)
def test_what_its_client_ended_no_other_client_wakes(
    world: Shared, claim: AffiliationClaim, idle: str
) -> None:
    """Rules 6 and 10: it gives nothing meanwhile, and holds again when that client says so."""
    place(world, claim)
    told(world, Reason.DORMANT, idle)
    place(world, HERE)
    told(world, Reason.GRANTED, None)


@pytest.mark.parametrize(("shut", "idle"), [(block, "blocked"), (retain, "retained")])
def test_what_is_shut_of_its_client_spreads_nothing(
    world: Shared, shut: Callable[[UnitOfWork, Shared], None], idle: str
) -> None:
    """A blocked affiliation and a retained role give nothing, also where another one is current."""
    place(world, HERE)
    with world.unit(world.at) as uow:
        shut(uow, world)
        uow.commit()
    told(world, Reason.DORMANT, idle)


def test_a_blocked_predecessor_spreads_nothing_to_its_successor(world: Shared) -> None:
    """What its client said is there, and only another client says something of the successor."""
    place(world, replace(HERE, institution=OTHER))
    with world.unit(world.at) as uow:
        there = institution.c.number == OTHER
        moved = update(institution).where(there).values(successor=SCHOOL)
        uow.write().run(moved)
        uow.commit()
    with world.unit(world.at) as uow:
        assert decisions.decide(uow, Question(world.person, SCHOOL, THEME)).allowed
        uow.write().run(update(institution).where(there).values(blocked="x"))
        uow.commit()
    told(world, Reason.DORMANT, "blocked")


def test_one_that_its_client_switched_off_is_told_so_once(world: Shared) -> None:
    """The group is suspended with everything else of that client."""
    place(world, replace(HERE, end=PAST))
    off = PersonDraft("jan", None, active=False, document={}, affiliations=(HERE,))
    world.say("government", off)
    told(world, Reason.DORMANT, "suspended")
