"""Recovery by the platform, and what a beheerder may do under the installation's terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update

from mo_access.domain.errors import Invalid, LastBeheerder, NotFound
from mo_access.domain.model import Actor, Form, GroupDraft, Role
from mo_access.domain.policy import Reason, Session
from mo_access.domain.terms import Terms
from mo_access.service import attention, decisions, groups, people, recovery, succession
from mo_access.service.decisions import ANYBODY, Question
from mo_access.storage.engine import Database
from mo_access.storage.schema import person as persons
from tests.access.beheerder_kit import (
    DAY,
    NOON,
    OTHER,
    SCHOOL,
    THEME,
    House,
    beheerder,
    counted,
    draft,
    gebruiker,
    missing,
)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools and a theme."""
    return House(database, tmp_path).seed()


def recover(house: House, person: str, at: str = SCHOOL, days: int = 14, why: str = "weg") -> None:
    """Make somebody beheerder by the platform."""
    with house.unit() as uow:
        recovery.recover(uow, at, person, why, days)
        uow.commit()


def test_the_platform_makes_a_beheerder_for_a_time(house: House) -> None:
    """From today, so many days, its last day included; it ends by itself, and is told."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    house.write(actor, an, draft("an"))
    recover(house, an, days=3, why="ticket 85073003328 van 12")
    assert house.is_beheerder(an)
    assert house.facts("beheerder.recover") == {
        "reason": "ticket [insz] van 12",
        "end": "2026-11-28",
    }
    kinds = ("institution.without_beheerder", "institution.with_beheerder", "beheerder.recover")
    assert [kind for kind, _ in house.events(*kinds)] == [kinds[0], kinds[2], kinds[1]]
    house.at = NOON + 2 * DAY
    assert house.is_beheerder(an)
    house.at = NOON + 3 * DAY
    assert not house.is_beheerder(an)
    with house.unit() as uow:
        attention.sweep(uow)
        uow.commit()
        assert [one.institution for one in attention.found(uow)] == [SCHOOL]
        (one,) = recovery.listed(uow)
    assert (one.recovery.person, one.recovery.institution, one.current) == (an, SCHOOL, False)


def _off(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", active=False))


def _removed(house: House, actor: Actor, an: str) -> None:
    with house.unit() as uow:
        people.delete(uow, actor, an, lambda _: None)
        uow.commit()


def _another(house: House, actor: Actor, an: str) -> None:
    """Send another number: the one left behind is nobody's any more."""
    house.write(actor, an, draft("an", insz="85073003427"))


@pytest.mark.parametrize("go", [_off, _removed, _another])
def test_who_goes_leaves_the_institution_without_at_once(
    house: House, go: Callable[[House, Actor, str], None]
) -> None:
    """No sweep is waited for, though the client did not give what it ends (rule 8)."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", insz="85073003328"))
    recover(house, an)
    lost, found = ("institution.without_beheerder", SCHOOL), ("institution.with_beheerder", SCHOOL)
    go(house, actor, an)
    assert (missing(house), counted(house)) == ([(SCHOOL, "missing")], 1)
    assert house.events(lost[0], found[0]) == [lost]
    if go is _off:
        house.write(actor, an, draft("an"))
        assert (counted(house), house.events(lost[0], found[0])) == (0, [lost, found])


def test_a_group_that_loses_nobody_is_not_refused(house: House) -> None:
    """`refuse`, between the last day of the last beheerder and the sweep that tells of it."""
    house.choose("refuse")
    actor = house.client("school", SCHOOL)()
    house.person(actor, draft("an", beheerder(end=date(2026, 11, 26))))
    bea = house.person(actor, draft("bea", active=False))
    empty, group = house.group(actor), house.group(actor, bea)
    house.at += DAY
    named = GroupDraft("anders", "ext", {}, (), None, SCHOOL, Role.BEHEERDER)
    for changed in (empty, group):
        with house.unit() as uow:
            groups.update(uow, actor, changed, lambda _: named)
    with house.unit() as uow:
        groups.delete(uow, actor, empty, lambda _: None)
    with house.unit() as uow, pytest.raises(LastBeheerder):
        groups.delete(uow, actor, group, lambda _: None)


def test_no_client_gave_it_so_none_sees_or_takes_it(house: House) -> None:
    """A broker's PUT leaves it; the platform's own client reads it, and an echo asserts nothing."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", gebruiker()))
    recover(house, an)
    house.write(actor, an, draft("an"))
    assert house.is_beheerder(an)
    with house.unit() as uow:
        assert people.get(uow, actor, an).affiliations == ()
        platform = house.client("platform")()
        (shown,) = people.get(uow, platform, an).affiliations
    assert (shown.role, shown.origins) == (Role.BEHEERDER, ("platform/recovery",))


def test_it_is_taken_back(house: House) -> None:
    """On the next request, with an event; twice is an error."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an"))
    recover(house, an)
    with house.unit() as uow:
        assert recovery.revoke(uow, SCHOOL, an, "klaar") == 1
        uow.commit()
    assert not house.is_beheerder(an)
    assert house.events("beheerder.recover_end") == [("beheerder.recover_end", SCHOOL)]
    with house.unit() as uow, pytest.raises(NotFound):
        recovery.revoke(uow, SCHOOL, an)


def test_a_revocation_takes_no_other_role(house: House) -> None:
    """What a broker gave is the broker's."""
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    with house.unit() as uow, pytest.raises(NotFound):
        recovery.revoke(uow, SCHOOL, an)
    assert house.is_beheerder(an)


def test_a_recovery_counts_as_the_second_one(house: House) -> None:
    """A retained role ends with it, a refusal too."""
    house.choose("retain")
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", beheerder()))
    bea = house.person(actor, draft("bea"))
    house.write(actor, an, draft("an"))
    recover(house, bea)
    with house.unit() as uow:
        assert attention.found(uow) == ()
    assert house.events("beheerder.retain_end") == [("beheerder.retain_end", SCHOOL)]


def test_it_ends_at_once_with_the_person(house: House) -> None:
    """Inactive, blocked or deleted: no recovery stands above that."""
    actor = house.client("school", SCHOOL)()
    an, bea = (house.person(actor, draft(name)) for name in ("an", "bea"))
    recover(house, an)
    recover(house, bea)
    house.write(actor, an, draft("an", active=False))
    with house.unit() as uow:
        uow.write().run(update(persons).where(persons.c.id == bea).values(blocked="why"))
        uow.commit()
    assert [house.is_beheerder(one) for one in (an, bea)] == [False, False]
    for one in (an, bea):
        with pytest.raises(Invalid, match="cannot sign in"):
            recover(house, one)


@pytest.mark.parametrize(("why", "days"), [(" ", 14), ("weg", 0), ("weg", 91)])
def test_a_recovery_needs_a_reason_and_an_end(house: House, why: str, days: int) -> None:
    """Otherwise nothing is stored."""
    an = house.person(house.client("school", SCHOOL)(), draft("an"))
    with pytest.raises(Invalid):
        recover(house, an, days=days, why=why)
    assert not house.is_beheerder(an)


def test_a_succeeded_institution_is_recovered_at_its_successor(house: House) -> None:
    """The error says where; a recovery from before follows (ruling 10)."""
    an = house.person(house.client("school", SCHOOL)(), draft("an"))
    recover(house, an)
    with house.unit() as uow:
        succession.succeed(uow, SCHOOL, "900003")
        uow.commit()
    assert house.is_beheerder(an, "900003")
    with pytest.raises(Invalid, match="was succeeded by 900003"):
        recover(house, an)


def test_a_recovery_opens_no_group_of_a_client_by_that_name(house: House) -> None:
    """A free group counts where its own client put the person, not where the platform did."""
    elsewhere = house.client("platform", OTHER)()
    an = house.person(elsewhere, draft("an"))
    house.group(elsewhere, an, role=None, theme=THEME, institution=None)
    recover(house, an)
    assert not house.reads(an)


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("form", [Form.AFFILIATIONS, Form.ROLES, Form.GROUP])
def test_a_beheerder_reads_only_where_that_was_chosen(
    house: House, form: Form, reads: bool
) -> None:
    """Rule 3: by default the role opens nothing; with `beheerder_reads` every theme there."""
    house.terms = Terms(beheerder_reads=reads)
    actor = house.client("school", SCHOOL, OTHER)()
    said = () if form is Form.GROUP else (beheerder(form=form),)
    an = house.person(actor, draft("an", *said, gebruiker(OTHER)))
    bea = house.person(actor, draft("bea", gebruiker()))
    if form is Form.GROUP:
        house.group(actor, an)
    both = [(SCHOOL, "leerlingen-openbaar"), (SCHOOL, "salarissen")] if reads else []
    with house.unit() as uow:
        rights = decisions.readable(uow, an, ANYBODY)
        assert [(right.institution, right.theme) for right in rights] == both
        assert list(decisions.who(uow, THEME, SCHOOL)) == ([an] if reads else [])
        assert list(decisions.who(uow, THEME, SCHOOL, actor)) == ([an] if reads else [])
    assert [house.reads(an), house.reads(an, OTHER), house.reads(bea)] == [reads, False, False]
    house.write(actor, an, draft("an", *said, gebruiker(OTHER), active=False))
    assert not house.reads(an)


def test_reading_by_the_role_takes_the_level_of_the_role_and_of_the_theme(house: House) -> None:
    """A session that may not act as beheerder reads nothing as one."""
    house.terms = Terms(beheerder_reads=True, beheerder_level=25)
    an = house.person(house.client("school", SCHOOL)(), draft("an", beheerder()))
    told = {}
    for level in (24, 25):
        asked = Question(an, SCHOOL, THEME, session=Session(level=level))
        with house.unit() as uow:
            told[level] = decisions.decide(uow, asked).reason
    assert told == {24: Reason.NO_THEME, 25: Reason.GRANTED}


@pytest.mark.parametrize("level", [10, 25, 30])
def test_who_acts_as_beheerder_signs_in_strongly(house: House, level: int) -> None:
    """Below the level the session is a gebruiker's, for questions and for lists."""
    house.terms = replace(house.terms, beheerder_level=25)
    an = house.person(house.client("school", SCHOOL)(), draft("an", beheerder()))
    strong, session = level >= 25, Session(level=level)
    with house.unit() as uow:
        asked = Question(an, SCHOOL, role=Role.BEHEERDER, session=session)
        decision = decisions.decide(uow, asked)
        (place,) = decisions.current_places(uow, an, session)
        gebruiker_too = replace(asked, role=Role.GEBRUIKER)
        assert decisions.decide(uow, gebruiker_too).allowed
    assert (decision.allowed, decision.level_asked) == (strong, 25)
    assert decision.reason is (Reason.GRANTED if strong else Reason.ROLE_LEVEL)
    assert place.role is (Role.BEHEERDER if strong else Role.GEBRUIKER)
