"""Themes that end with the last affiliation, where an institution chose so (rule 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    Document,
    GrantClaim,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Query,
    Role,
)
from mo_access.domain.policy import Reason
from mo_access.service import catalogue, dormant, groups, people
from mo_access.service.tally import Tally
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.service.upkeep import Upkeep
from mo_access.storage.engine import Database
from mo_access.storage.schema import institution
from tests.access.standing_kit import (
    DAY,
    INSZ,
    NOW,
    OLD,
    OTHER,
    SCHOOL,
    THEME,
    TODAY,
    Unit,
    at,
    change,
    events,
    lay_out,
    reason,
    remove,
    said,
    theme_group,
)

MIDNIGHT = 1_795_561_200_000_000
Sweep = Callable[[int], None]
GRANT = (GrantClaim(THEME, SCHOOL),)


@pytest.fixture
def sweep(database: Database, keys: KeyRing) -> Sweep:
    """Give a sweep by the upkeep at a moment."""

    def run(moment: int) -> None:
        Upkeep(database, keys, DAY, Tally(), now=lambda: moment).tell_ends()

    return run


def chosen(uow: UnitOfWork, *names: str, at_school: str = SCHOOL) -> dict[str, Actor]:
    """Lay out clients and institutions, one of which lets themes end."""
    actors = lay_out(uow, *names)
    assert catalogue.set_themes_end(uow, at_school, on=True)
    return actors


def ended(uow: UnitOfWork) -> list[tuple[str, Document]]:
    """Return where themes ended, and how many of which kind."""
    return [(e["chain"], e["facts"]) for e in events(uow, "themes.ended")]


@pytest.mark.parametrize("seen", [False, True])
def test_who_returns_finds_no_themes(unit: Unit, sweep: Sweep, *, seen: bool) -> None:
    """Of any client, and whether a sweep saw the end before the return or not."""
    with unit() as uow:
        actors = chosen(uow, "school", "board")
        school = actors["school"]
        draft = said("an", at(end=TODAY), insz=INSZ, grants=GRANT)
        an = people.create(uow, school, draft).id
        people.create(uow, actors["board"], said("an", insz=INSZ))
        bob = people.create(uow, school, said("bob", at())).id
        given = people.create(uow, school, said("cis", at(), grants=GRANT)).id
        theme_group(uow, school, an, bob)
        theme_group(uow, actors["board"], an)
        theme_group(uow, actors["board"], an, institution=OTHER)
        uow.commit()
    if seen:
        sweep(MIDNIGHT)
    with unit(MIDNIGHT + DAY) as uow:
        back = said("an", at(end=TODAY + timedelta(days=9)), grants=GRANT)
        change(uow, school, an, back)
        assert reason(uow, an) is Reason.DORMANT
        assert ended(uow) == [(SCHOOL, {"memberships": 2, "grants": 1})]
        assert {reason(uow, other) for other in (bob, given)} == {Reason.GRANTED}
        change(uow, school, an, said("an", at(), at(OTHER), grants=GRANT))
        assert (reason(uow, an), reason(uow, an, OTHER)) == (Reason.DORMANT, Reason.GRANTED)


def test_without_the_choice_themes_hold_again(unit: Unit, sweep: Sweep) -> None:
    """The default of rule 6; and turning the choice off again."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        assert not catalogue.set_themes_end(uow, SCHOOL, on=True)
        assert catalogue.set_themes_end(uow, SCHOOL, on=False)
        an = people.create(uow, school, said("an", at(end=TODAY))).id
        theme_group(uow, school, an)
        uow.commit()
    sweep(MIDNIGHT)
    with unit(MIDNIGHT + DAY) as uow:
        change(uow, school, an, said("an", at()))
        assert reason(uow, an) is Reason.GRANTED
        told = [e["facts"]["themes_end"] for e in events(uow, "institution.change")]
        assert (ended(uow), told) == ([], [True, False])


@pytest.mark.parametrize("how", ["PUT", "DELETE"])
def test_the_write_that_ends_the_last_affiliation_ends_themes(unit: Unit, how: str) -> None:
    """Not one of two clients' affiliations; and not a deactivation, which suspends."""
    with unit() as uow:
        actors = chosen(uow, "school", "board")
        school, board = actors["school"], actors["board"]
        an = people.create(uow, school, said("an", at(), insz=INSZ)).id
        people.create(uow, board, said("an", at(), insz=INSZ))
        theme_group(uow, board, an)
        change(uow, school, an, said("an", at(), active=False))
        change(uow, board, an, said("an", at(), active=False))
        change(uow, board, an, said("an"))
        assert ended(uow) == []
        if how == "PUT":
            change(uow, school, an, said("an"))
        else:
            remove(uow, school, an)
        assert ended(uow) == [(SCHOOL, {"memberships": 1, "grants": 0})]
        change(uow, board, an, said("an", at()))
        assert reason(uow, an) is Reason.DORMANT


def test_a_membership_before_its_affiliation_is_kept(unit: Unit, sweep: Sweep) -> None:
    """Brokers push in any order (rule 6): what came after the end belongs to what comes back."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(end=TODAY))).id
        uow.commit()
    sweep(MIDNIGHT)
    with unit(MIDNIGHT + 1) as uow:
        theme_group(uow, school, an)
        new = people.create(uow, school, said("new")).id
        theme_group(uow, school, new, institution=OTHER)
        uow.commit()
    sweep(MIDNIGHT + 2)
    with unit(MIDNIGHT + DAY) as uow:
        change(uow, school, an, said("an", at(end=TODAY), changed=("x",)))
        change(uow, school, an, said("an", at()))
        change(uow, school, new, said("new", at(OTHER)))
        assert (reason(uow, an), reason(uow, new, OTHER)) == (Reason.GRANTED, Reason.GRANTED)


def test_a_broker_reads_what_it_wrote_and_gives_it_anew(unit: Unit) -> None:
    """No version moves; a repeated list is an echo, adding the member is an assertion."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        an = people.create(uow, school, said("an", at())).id
        group = theme_group(uow, school, an)
        before = groups.get(uow, school, group)
        change(uow, school, an, said("an"))
        change(uow, school, an, said("an", at()))
        assert groups.get(uow, school, group) == before
        listed = MemberChange("replace", (an,))
        groups.update(uow, school, group, lambda _: None, (listed,))
        assert reason(uow, an) is Reason.DORMANT
        assert [one.reason for one in dormant.listed(uow)] == [Reason.DORMANT]
        now = groups.update(uow, school, group, lambda _: None, (MemberChange("add", (an,)),))
        assert (now.view.version, now.view.size) == (before.version + 1, 1)
        assert reason(uow, an) is Reason.GRANTED
        change(uow, school, an, said("an"))
        change(uow, school, an, said("an", at()))
        for step in ("remove", "add"):
            groups.update(uow, school, group, lambda _: None, (MemberChange(step, (an,)),))
        assert reason(uow, an) is Reason.GRANTED


@pytest.mark.parametrize("how", ["remove", "replace", "clear", "rename", "delete", "leave"])
def test_who_leaves_a_role_group_leaves_the_themes(unit: Unit, how: str) -> None:
    """A role group makes people something too; who is that by another way keeps them."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        ids = [people.create(uow, school, said(name)).id for name in ("an", "bob")]
        people.create(uow, school, said("cis", at()))
        stays = people.find(uow, school, Query()).items[2].id
        draft = GroupDraft("rol", None, {}, (), None, SCHOOL, Role.GEBRUIKER)
        role = groups.create(uow, school, draft, MemberChange("add", (*ids, stays))).id
        theme_group(uow, school, *ids, stays)
        assert {reason(uow, one) for one in (*ids, stays)} == {Reason.GRANTED}
        if how == "delete":
            groups.delete(uow, school, role, lambda _: None)
        elif how == "rename":
            other = replace(draft, institution=OTHER)
            groups.update(uow, school, role, lambda _: other)
        elif how == "leave":
            for one in ids:
                remove(uow, school, one)
        else:
            step = MemberChange(how, (stays,) if how == "replace" else (*ids, stays))
            groups.update(uow, school, role, lambda _: None, (step,))
        wanted = [] if how == "leave" else [(SCHOOL, {"memberships": 1, "grants": 0})] * 2
        assert ended(uow) == wanted
        assert reason(uow, stays) is Reason.GRANTED


def test_who_leaves_with_the_client_leaves_what_others_gave(unit: Unit) -> None:
    """The role came through a group of the client that deletes the person."""
    with unit() as uow:
        actors = chosen(uow, "school", "board")
        school, board = actors["school"], actors["board"]
        an = people.create(uow, school, said("an", insz=INSZ)).id
        people.create(uow, board, said("an", insz=INSZ))
        draft = GroupDraft("rol", None, {}, (), None, SCHOOL, Role.GEBRUIKER)
        groups.create(uow, school, draft, MemberChange("add", (an,)))
        theme_group(uow, board, an)
        remove(uow, school, an)
        assert ended(uow) == [(SCHOOL, {"memberships": 1, "grants": 0})]


@pytest.mark.parametrize(
    ("opted", "left", "ends"),
    [(SCHOOL, OLD, False), (OLD, SCHOOL, False), (SCHOOL, OTHER, True), (OLD, OTHER, False)],
)
def test_predecessors_and_successors_are_one_house(
    unit: Unit, opted: str, left: str, *, ends: bool
) -> None:
    """What counts at the successor (ruling 10) is no end there; its choice is its own."""
    with unit() as uow:
        school = chosen(uow, "school", at_school=opted)["school"]
        an = people.create(uow, school, said("an", at(), at(left))).id
        for number in (OLD, SCHOOL):
            theme_group(uow, school, an, institution=number)
        change(uow, school, an, said("an", at(left)))
        assert [where for where, _ in ended(uow)] == ([SCHOOL] if ends else [])
        if ends:
            assert ended(uow)[0][1] == {"memberships": 2, "grants": 0}


@pytest.mark.parametrize("swept", [False, True])
def test_the_choice_of_another_institution_ends_nothing_here(
    unit: Unit, sweep: Sweep, *, swept: bool
) -> None:
    """Also for who is at both."""
    with unit() as uow:
        school = chosen(uow, "school", at_school=OTHER)["school"]
        here = at(end=TODAY) if swept else at()
        an = people.create(uow, school, said("an", here, at(OTHER))).id
        for number in (SCHOOL, OTHER):
            theme_group(uow, school, an, institution=number)
        if not swept:
            change(uow, school, an, said("an", at(OTHER)))
        uow.commit()
    sweep(MIDNIGHT)
    with unit(MIDNIGHT) as uow:
        change(uow, school, an, said("an", at(), at(OTHER)))
        assert {reason(uow, an, number) for number in (SCHOOL, OTHER)} == {Reason.GRANTED}


def test_the_choice_of_a_successor_is_kept_for_who_is_at_the_predecessor(
    unit: Unit, sweep: Sweep
) -> None:
    """An affiliation with the old number is one with the school (ruling 10)."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        swept, wrote = (
            people.create(uow, school, said(n, at(OLD, end=d))).id
            for n, d in (("swept", TODAY), ("wrote", None))
        )
        theme_group(uow, school, swept, wrote)
        assert {reason(uow, one) for one in (swept, wrote)} == {Reason.GRANTED}
        change(uow, school, wrote, said("wrote"))
        uow.commit()
    sweep(MIDNIGHT)
    with unit(MIDNIGHT) as uow:
        for name, one in (("swept", swept), ("wrote", wrote)):
            change(uow, school, one, said(name, at()))
            assert reason(uow, one) is Reason.DORMANT


def test_a_group_without_institution_ends_when_its_client_has_nothing_left(unit: Unit) -> None:
    """It gives the theme wherever its client put the person, so not while that is somewhere."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        both, here = (
            people.create(uow, school, said(name, *claims)).id
            for name, claims in (("both", (at(), at(OTHER))), ("here", (at(),)))
        )
        theme_group(uow, school, both, here, institution=None)
        change(uow, school, both, said("both", at(OTHER)))
        change(uow, school, here, said("here"))
        assert reason(uow, both, OTHER) is Reason.GRANTED
        change(uow, school, here, said("here", at()))
        assert reason(uow, here) is Reason.DORMANT


def test_what_is_to_come_keeps_the_themes(unit: Unit, sweep: Sweep) -> None:
    """Somebody with a next contract did not leave."""
    with unit() as uow:
        school = chosen(uow, "school")["school"]
        later = at(start=TODAY + timedelta(days=30))
        an = people.create(uow, school, said("an", at(end=TODAY), later)).id
        theme_group(uow, school, an)
        uow.commit()
    sweep(MIDNIGHT)
    with unit(NOW + 31 * DAY) as uow:
        assert (reason(uow, an), ended(uow)) == (Reason.GRANTED, [])


def test_dormant_themes_are_listed_with_the_reason(unit: Unit) -> None:
    """Everywhere or of one institution; what gives something, there or at a successor, is not."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        drafts: dict[str, PersonDraft] = {
            "reads": said("reads", at()),
            "follows": said("follows", at(SCHOOL)),
            "none": said("none"),
            "ended": said("ended", at(end=TODAY - timedelta(days=1)), grants=GRANT),
            "off": said("off", at(), active=False),
            "free": said("free", at(OTHER)),
            "nowhere": said("nowhere"),
        }
        ids = {name: people.create(uow, school, draft).id for name, draft in drafts.items()}
        theme_group(uow, school, *(ids[n] for n in ("reads", "none", "off")))
        theme_group(uow, school, ids["follows"], institution=OLD)
        theme_group(uow, school, ids["free"], ids["nowhere"], institution=None)
        names = {person: name for name, person in ids.items()}
        found = {(names[d.person], d.institution, d.kind, d.reason) for d in dormant.listed(uow)}
        none, ended_, off = Reason.NO_AFFILIATION, Reason.ENDED, Reason.INACTIVE
        here = {
            ("none", SCHOOL, "group", none),
            ("ended", SCHOOL, "entitlement", ended_),
            ("off", SCHOOL, "group", off),
        }
        assert found == here | {("nowhere", None, "group", none)}
        at_school = {names[d.person] for d in dormant.listed(uow, SCHOOL)}
        assert at_school == {"none", "ended", "off"}
        assert list(dormant.listed(uow, OLD)) == []
        uow.conn.run(update(institution).values(blocked="x"))
        assert {d.reason for d in dormant.listed(uow, OLD)} == {Reason.BLOCKED}
