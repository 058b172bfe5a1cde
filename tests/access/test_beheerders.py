"""The last beheerder: every way in which the role can go, under each of the terms (rule 8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update

from mo_access.domain.errors import LastBeheerder
from mo_access.domain.model import Actor, Form, GroupDraft, MemberChange, Role, Status
from mo_access.domain.terms import LastBeheerder as Choice
from mo_access.service import attention, client_change, groups, people
from mo_access.service.attention import Attention
from mo_access.service.client_change import ClientChange
from mo_access.service.unit_of_work import UnitOfWork
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
    swept,
    together,
)

LOST, FOUND = "institution.without_beheerder", "institution.with_beheerder"
KEPT, LET_GO = "beheerder.retain", "beheerder.retain_end"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools and a theme."""
    return House(database, tmp_path).seed()


def shown(house: House, actor: Actor, person: str) -> list[tuple[Role, Status, tuple[str, ...]]]:
    """Say what a client reads of a person's affiliations."""
    with house.unit() as uow:
        view = people.get(uow, actor, person)
    return [(a.role, a.status, a.origins) for a in view.affiliations]


def unwritten(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", gebruiker()))


def ended_yesterday(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", gebruiker(OTHER), beheerder(end=date(2026, 11, 25))))


def flat_gone(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", beheerder(form=Form.ROLES)))
    house.write(actor, an, draft("an"))


def _as_group(house: House, actor: Actor, an: str) -> str:
    made = house.group(actor, an)
    house.write(actor, an, draft("an"))
    return made


def left_group(house: House, actor: Actor, an: str) -> None:
    made = _as_group(house, actor, an)
    with house.unit() as uow:
        groups.update(uow, actor, made, lambda _: None, (MemberChange("remove", (an,)),))
        uow.commit()


def group_replaced(house: House, actor: Actor, an: str) -> None:
    made = _as_group(house, actor, an)
    with house.unit() as uow:
        groups.update(uow, actor, made, lambda _: None, (MemberChange("clear"),))
        uow.commit()


def group_renamed(house: House, actor: Actor, an: str) -> None:
    made = _as_group(house, actor, an)
    with house.unit() as uow:
        groups.update(uow, actor, made, lambda _: GroupDraft("vrij", None, {}))
        uow.commit()


def group_deleted(house: House, actor: Actor, an: str) -> None:
    made = _as_group(house, actor, an)
    with house.unit() as uow:
        groups.delete(uow, actor, made, lambda _: None)
        uow.commit()


def client_bound_elsewhere(house: House, actor: Actor, an: str) -> None:
    with house.unit() as uow:
        client_change.change(uow, actor.name, ClientChange(add=("900003",), remove=(SCHOOL,)))
        uow.commit()


def client_may_not_any_more(house: House, actor: Actor, an: str) -> None:
    with house.unit() as uow:
        client_change.change(uow, actor.name, ClientChange(beheerders=False))
        uow.commit()


ROLE_GOES = pytest.mark.parametrize(
    "go",
    [
        unwritten,
        ended_yesterday,
        flat_gone,
        left_group,
        group_replaced,
        group_renamed,
        group_deleted,
        client_bound_elsewhere,
    ],
)
Go = Callable[[House, Actor, str], None]


def last_one(house: House, choice: Choice) -> tuple[Actor, str]:
    """Make An the one beheerder of a school."""
    house.choose(choice)
    actor = house.client("school", SCHOOL, OTHER)()
    return actor, house.person(actor, draft("an", beheerder()))


@ROLE_GOES
def test_by_default_the_role_goes_and_the_institution_shows_it(house: House, go: Go) -> None:
    """`allow`: an event once, the report and the count; nothing is kept."""
    actor, an = last_one(house, "allow")
    assert (house.is_beheerder(an), missing(house), counted(house)) == (True, [], 0)
    go(house, actor, an)
    assert not house.is_beheerder(an)
    assert (missing(house), counted(house)) == ([(SCHOOL, "missing")], 1)
    swept(house)
    assert house.events(LOST, KEPT) == [(LOST, SCHOOL)]


@ROLE_GOES
def test_a_retained_role_only_keeps_the_institution_from_being_without(
    house: House, go: Go
) -> None:
    """`retain`: it opens nothing, the broker does not see it, and it ends with a second one."""
    actor, an = last_one(house, "retain")
    bea = house.client("second", SCHOOL)()
    go(house, actor, an)
    assert not house.is_beheerder(an)
    assert (missing(house), counted(house)) == ([(SCHOOL, "retained")], 0)
    assert house.facts(KEPT) == {"people": [an]}
    assert not [s for s in shown(house, actor, an) if s[:2] == (Role.BEHEERDER, Status.ACTIVE)]
    swept(house)
    assert house.events(LOST, FOUND, KEPT, LET_GO) == [(KEPT, SCHOOL)]
    house.person(bea, draft("bea", beheerder()))
    assert house.events(KEPT, LET_GO) == [(KEPT, SCHOOL), (LET_GO, SCHOOL)]
    assert missing(house) == []


@ROLE_GOES
def test_the_last_role_is_not_taken_where_that_is_refused(house: House, go: Go) -> None:
    """`refuse`: nothing is changed, and the sentence says what to do first."""
    actor, an = last_one(house, "refuse")
    with pytest.raises(LastBeheerder, match=r"900001 would be left without beheerder\. Make some"):
        go(house, actor, an)
    assert house.is_beheerder(an)
    assert (missing(house), house.events(LOST)) == ([], [])
    house.person(house.client("second", SCHOOL)(), draft("bea", beheerder()))
    go(house, actor, an)
    assert house.events(LOST) == []


def deactivated(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", beheerder(), active=False))


def deactivated_without_role(house: House, actor: Actor, an: str) -> None:
    house.write(actor, an, draft("an", gebruiker(), active=False))


def deleted(house: House, actor: Actor, an: str) -> None:
    with house.unit() as uow:
        people.delete(uow, actor, an, lambda _: None)
        uow.commit()


def switched_off(house: House, _actor: Actor, an: str) -> None:
    platform = house.client("platform")()
    with house.unit() as uow:
        off = draft("an", active=False)
        people.update(uow, platform, an, lambda _: off)
        uow.commit()


@pytest.mark.parametrize("go", [deactivated, deactivated_without_role, deleted, switched_off])
@pytest.mark.parametrize("choice", ["allow", "retain", "refuse"])
def test_a_deactivation_takes_effect_at_once(house: House, choice: Choice, go: Go) -> None:
    """Whatever the terms: nothing is kept or refused, and the institution shows it."""
    actor, an = last_one(house, choice)
    go(house, actor, an)
    assert not house.is_beheerder(an)
    assert (missing(house), house.events(LOST, KEPT)) == ([(SCHOOL, "missing")], [(LOST, SCHOOL)])


def test_a_retained_role_ends_with_the_person(house: House) -> None:
    """Deactivated or deleted later, it keeps nothing any more."""
    actor, an = last_one(house, "retain")
    unwritten(house, actor, an)
    deactivated_without_role(house, actor, an)
    swept(house)
    assert missing(house) == [(SCHOOL, "missing")]
    unwritten(house, actor, an)
    swept(house)
    assert missing(house) == [(SCHOOL, "retained")]
    deleted(house, actor, an)
    swept(house)
    assert missing(house) == [(SCHOOL, "missing")]


def test_a_retained_role_stays_whatever_the_broker_writes(house: House) -> None:
    """It is no word of the broker's, so no write of the broker replaces it."""
    actor, an = last_one(house, "retain")
    unwritten(house, actor, an)
    house.write(actor, an, draft("an", gebruiker(OTHER), document={"title": "t"}))
    house.write(actor, an, draft("an"))
    swept(house)
    assert (missing(house), house.events(LOST)) == ([(SCHOOL, "retained")], [])


def test_a_role_that_goes_before_the_person_is_not_kept(house: House) -> None:
    """In one Bulk: first the role, then the person; nobody is left to keep it."""
    actor, an = last_one(house, "retain")
    with house.unit() as uow:
        people.update(uow, actor, an, lambda _: draft("an"))
        people.update(uow, actor, an, lambda _: draft("an", active=False))
        uow.commit()
    assert (missing(house), house.events(KEPT)) == ([(SCHOOL, "missing")], [])


def test_a_role_that_goes_with_the_active_switch_is_not_kept(house: House) -> None:
    """One write that drops the role and deactivates leaves nothing to keep: who is off acts not."""
    actor, an = last_one(house, "retain")
    house.write(actor, an, draft("an", active=False))
    assert house.events(KEPT) == []
    house.write(actor, an, draft("an"))
    assert not house.is_beheerder(an)


def test_who_gets_the_role_back_is_beheerder_again(house: House) -> None:
    """The retained role gives way to what the broker says."""
    actor, an = last_one(house, "retain")
    unwritten(house, actor, an)
    house.write(actor, an, draft("an", beheerder()))
    assert (house.is_beheerder(an), missing(house)) == (True, [])
    assert house.events(KEPT, LET_GO) == [(KEPT, SCHOOL), (LET_GO, SCHOOL)]


def test_who_is_beheerder_elsewhere_counts_for_nothing_here(house: House) -> None:
    """Each institution has its own last beheerder."""
    actor, an = last_one(house, "refuse")
    house.person(actor, draft("bea", beheerder(OTHER)))
    with pytest.raises(LastBeheerder):
        unwritten(house, actor, an)


def test_a_suspended_or_blocked_second_one_does_not_count(house: House) -> None:
    """Only somebody who could act as beheerder now is a second one."""
    actor, an = last_one(house, "refuse")
    bea = house.person(actor, draft("bea", beheerder(), active=False))
    with pytest.raises(LastBeheerder):
        unwritten(house, actor, an)
    house.write(actor, bea, draft("bea", beheerder()))
    with house.unit() as uow:
        blocked = update(persons).where(persons.c.id == bea).values(blocked="why")
        uow.write().run(blocked)
        uow.commit()
    with pytest.raises(LastBeheerder):
        unwritten(house, actor, an)


def test_a_second_one_of_another_client_counts(house: House) -> None:
    """And the first client learns nothing of who that is."""
    actor, an = last_one(house, "refuse")
    house.person(house.client("board", "900100")(), draft("bea", beheerder()))
    unwritten(house, actor, an)
    assert not house.is_beheerder(an)


def test_an_end_date_passes_and_is_told_once(house: House) -> None:
    """The last day counts; the sweeps of two nodes tell the loss once, and the return once."""
    house.choose("retain")
    actor = house.client("school", SCHOOL)()
    an = house.person(actor, draft("an", beheerder(end=date(2026, 11, 26))))
    house.person(actor, draft("bea", beheerder(start=date(2026, 11, 29))))
    swept(house)
    assert (house.is_beheerder(an), missing(house)) == (True, [])
    house.at = NOON + DAY
    together(lambda _: swept(house), 4)
    assert (missing(house), house.events(LOST)) == ([(SCHOOL, "missing")], [(LOST, SCHOOL)])
    with house.unit() as uow:
        assert attention.found(uow) == (Attention(SCHOOL, "De Eik", "missing", house.at),)
    house.at = NOON + 3 * DAY
    together(lambda _: swept(house), 4)
    assert missing(house) == []
    assert house.events(LOST, FOUND) == [(LOST, SCHOOL), (FOUND, SCHOOL)]
    assert house.facts(FOUND) == {"since": NOON + DAY}


def test_an_institution_that_never_had_one_is_no_loss(house: House) -> None:
    """It is listed only where that is asked for."""
    swept(house)
    assert (missing(house), house.events(LOST)) == ([], [])
    with house.unit() as uow:
        states = {one.institution: one.state for one in attention.found(uow, never=True)}
    assert states == dict.fromkeys(["900001", "900002", "900003", "900004", "900100"], "never")


def undone(uow: UnitOfWork, actor: Actor, an: str) -> None:
    with uow.attempt():
        people.update(uow, actor, an, lambda _: draft("an"))
        raise ValueError("later")


def test_what_is_undone_is_not_judged(house: House) -> None:
    """An operation of a Bulk that fails takes nobody's role, so nothing follows from it."""
    actor, an = last_one(house, "retain")
    with house.unit() as uow:
        with pytest.raises(ValueError, match="later"):
            undone(uow, actor, an)
        assert uow.beheerders == {}
        uow.commit()
    assert house.is_beheerder(an)
    assert house.events(KEPT, LOST) == []


def test_an_operator_may_leave_an_institution_without(house: House) -> None:
    """`refuse` gives way to a reason, which stands in the audit trail."""
    actor, an = last_one(house, "refuse")
    house.choose("refuse")
    with house.unit() as uow:
        away = ClientChange(add=("900003",), remove=(SCHOOL,), left_without="gehackt")
        client_change.change(uow, actor.name, away)
        uow.commit()
    assert (house.is_beheerder(an), missing(house)) == (False, [(SCHOOL, "missing")])
    assert house.facts("client.change")["left_without_beheerder"] == "gehackt"


def test_a_client_that_may_make_no_beheerders_makes_gebruikers(house: House) -> None:
    """In every form, from the next request on, and back again; it reads what it wrote."""
    actor = house.client("school", SCHOOL, beheerders=False)()
    an = house.person(actor, draft("an", beheerder()))
    bea = house.person(actor, draft("bea"))
    house.group(actor, bea)
    assert [house.is_beheerder(one) for one in (an, bea)] == [False, False]
    house.group(actor, an, bea, role=None, theme=THEME)
    assert [house.reads(one) for one in (an, bea)] == [True, True]
    assert shown(house, actor, an) == [
        (Role.BEHEERDER, Status.ACTIVE, ("school/affiliations",)),
    ]
    swept(house)
    assert missing(house) == []
    with house.unit() as uow:
        client_change.change(uow, "school", ClientChange(beheerders=True))
        uow.commit()
    assert [house.is_beheerder(one) for one in (an, bea)] == [True, True]
    client_may_not_any_more(house, actor, an)
    assert [house.is_beheerder(one) for one in (an, bea)] == [False, False]
    assert house.events(LOST) == [(LOST, SCHOOL)]


def test_who_may_make_no_beheerders_retains_none(house: House) -> None:
    """The platform's policy goes above what the terms keep."""
    actor, an = last_one(house, "retain")
    client_may_not_any_more(house, actor, an)
    assert missing(house) == [(SCHOOL, "missing")]
    house.choose("refuse")
    actor = house.client("other", OTHER)()
    house.person(actor, draft("bea", beheerder(OTHER)))
    with pytest.raises(LastBeheerder):
        client_may_not_any_more(house, actor, an)
