"""Affiliations with a last day: what is told, once, and what decisions make of it without that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import GroupDraft, MemberChange, Query, Role
from mo_access.domain.policy import Reason
from mo_access.service import blocks, endings, groups, people
from mo_access.service.tally import Tally
from mo_access.service.upkeep import Upkeep
from mo_access.storage import leases
from mo_access.storage.engine import Database
from mo_access.storage.interventions import affiliation_end
from tests.access.standing_kit import (
    DAY,
    NOW,
    OLD,
    OTHER,
    SCHOOL,
    TODAY,
    Unit,
    at,
    change,
    events,
    lay_out,
    reason,
    said,
    theme_group,
)

MIDNIGHT = 1_795_561_200_000_000
"""The first moment of 25 November 2026 in Brussels."""
Node = Callable[..., Upkeep]


@pytest.fixture
def node(database: Database, keys: KeyRing) -> Node:
    """Give a maker of the upkeep of one node at a time."""

    def make(now: int) -> Upkeep:
        return Upkeep(database, keys, DAY, Tally(), notice_days=30, now=lambda: now)

    return make


def told(unit: Unit, *kinds: str) -> list[tuple[str, str, str, str]]:
    """Return kind, institution, role and last day of what was told, in order."""
    with unit() as uow:
        found = events(uow, *(kinds or ("affiliation.ending", "affiliation.ended")))
    return [(e["kind"], e["chain"], e["facts"]["role"], e["facts"]["end"]) for e in found]


def test_the_last_day_counts_until_midnight_in_brussels(unit: Unit) -> None:
    """No sweep ran: the next request after midnight finds nothing."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(end=TODAY))).id
        theme_group(uow, school, an)
        uow.commit()
    found = []
    for moment in (MIDNIGHT - 1, MIDNIGHT):
        with unit(moment) as uow:
            found.append((reason(uow, an), people.get(uow, school, an).affiliations[0].status))
    assert found == [(Reason.GRANTED, "active"), (Reason.ENDED, "ended")]


@pytest.mark.parametrize("swept", [False, True])
def test_an_extension_holds_also_after_the_end(unit: Unit, node: Node, *, swept: bool) -> None:
    """What the console shows holds again (rule 6), and ends again on its new last day."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(end=TODAY))).id
        theme_group(uow, school, an)
        uow.commit()
    if swept:
        node(MIDNIGHT).tell_ends()
    with unit(MIDNIGHT + DAY) as uow:
        assert reason(uow, an) is Reason.ENDED
        change(uow, school, an, said("an", at(end=TODAY + timedelta(days=9))))
        assert reason(uow, an) is Reason.GRANTED
        uow.commit()
    node(MIDNIGHT + 9 * DAY).tell_ends()
    ended = [end for _, _, _, end in told(unit, "affiliation.ended")]
    assert ended == ["2026-11-24", "2026-12-03"] if swept else ["2026-12-03"]
    with unit(MIDNIGHT + 9 * DAY) as uow:
        assert reason(uow, an) is Reason.ENDED


def test_an_end_is_told_ahead_and_when_it_happened_each_once(unit: Unit, node: Node) -> None:
    """However often it is swept, and whoever else says the same."""
    with unit() as uow:
        actors = lay_out(uow, "school", "board")
        end = TODAY + timedelta(days=31)
        insz = "85073003328"
        for name in ("school", "board"):
            people.create(uow, actors[name], said("an", at(end=end), insz=insz))
        people.create(uow, actors["school"], said("bob", at(), at(OTHER)))
        uow.commit()
    node(NOW).tell_ends()
    assert told(unit) == []
    for moment in (NOW + DAY, NOW + DAY, NOW + 31 * DAY):
        node(moment).tell_ends()
    line = (SCHOOL, "gebruiker", end.isoformat())
    assert told(unit) == [("affiliation.ending", *line)]
    for moment in (MIDNIGHT + 31 * DAY, MIDNIGHT + 40 * DAY):
        node(moment).tell_ends()
    assert told(unit) == [("affiliation.ending", *line), ("affiliation.ended", *line)]


def test_what_goes_on_did_not_end(unit: Unit, node: Node) -> None:
    """Another affiliation at the same institution, of the same role or beheerder, keeps it."""
    role = GroupDraft("rol", None, {}, (), None, SCHOOL, Role.BEHEERDER)
    beheerder = at(role=Role.BEHEERDER)
    insz = "85073003328"
    with unit() as uow:
        actors = lay_out(uow, "school", "board")
        school, board = actors["school"], actors["board"]
        people.create(uow, school, said("next", at(end=TODAY), at(start=TODAY + timedelta(1))))
        people.create(uow, school, said("gap", at(end=TODAY), at(start=TODAY + timedelta(2))))
        people.create(uow, school, said("more", at(end=TODAY), beheerder))
        people.create(uow, school, said("less", at(end=TODAY, role=Role.BEHEERDER), at()))
        people.create(uow, school, said("else", at(end=TODAY), at(OTHER)))
        group = people.create(uow, school, said("group", at(end=TODAY))).id
        groups.create(uow, school, role, MemberChange("add", (group,)))
        people.create(uow, school, said("both", at(end=TODAY), insz=insz))
        people.create(uow, board, said("both", at(), insz=insz, active=False))
        names = {people.find(uow, school, Query()).items[n].id: n for n in range(7)}
        order = ("next", "gap", "more", "less", "else", "group", "both")
        uow.commit()
    node(MIDNIGHT).tell_ends()
    with unit() as uow:
        found = events(uow, "affiliation.ended")
    assert {order[names[e["person"]]] for e in found} == {"gap", "less", "else", "both"}
    assert {e["facts"]["role"] for e in found if order[names[e["person"]]] == "less"} == {
        "beheerder"
    }


@pytest.mark.parametrize(("blocked", "held"), [(OLD, SCHOOL), (SCHOOL, OLD), (SCHOOL, SCHOOL)])
def test_what_a_block_shuts_keeps_nobody(unit: Unit, node: Node, blocked: str, held: str) -> None:
    """On the place itself or elsewhere in its line; who is blocked at another school goes on."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        claims = (at(held, end=TODAY), at(held, start=TODAY + timedelta(1)))
        an, bob = (people.create(uow, school, said(name, *claims)).id for name in ("an", "bob"))
        blocks.block_affiliation(uow, an, blocked, "Onderzoek")
        blocks.block_affiliation(uow, bob, OTHER, "Onderzoek")
        assert [one.person for one in endings.ahead(uow, 0)] == [an]
        uow.commit()
    node(MIDNIGHT).tell_ends()
    with unit() as uow:
        assert [event["person"] for event in events(uow, "affiliation.ended")] == [an]


@pytest.mark.parametrize("nodes", [2, 3])
def test_of_several_nodes_one_tells(
    unit: Unit, node: Node, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each end once, whoever comes first, with pages that several nodes could share."""
    monkeypatch.setattr(endings, "PAGE", 3)
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        for n in range(20):
            people.create(uow, school, said(f"p{n}", at(end=TODAY)))
        uow.commit()
    upkeeps = [node(MIDNIGHT) for _ in range(nodes)]
    _together([one.tell_ends for one in upkeeps])
    node(MIDNIGHT + DAY).tell_ends()
    assert len(told(unit, "affiliation.ended")) == 20


def test_without_a_lease_an_end_is_still_told_once(
    unit: Unit, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that lost its lease while it was at it does no harm."""
    monkeypatch.setattr(leases, "take", lambda *_: True)
    monkeypatch.setattr(endings, "PAGE", 4)
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        for n in range(20):
            people.create(uow, school, said(f"p{n}", at(end=TODAY)))
        uow.commit()
    _together([node(MIDNIGHT).tell_ends for _ in range(3)])
    assert len(told(unit, "affiliation.ended")) == 20


def test_who_holds_the_lease_alone_tells(unit: Unit, node: Node) -> None:
    """Until it is not renewed any more."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        people.create(uow, school, said("an", at(end=TODAY)))
        uow.commit()
    with unit(MIDNIGHT) as uow:
        lasting = endings.LEASE_MICROSECONDS
        assert leases.take(uow.write(), endings.LEASE, "other", MIDNIGHT, lasting)
        uow.commit()
    node(MIDNIGHT).tell_ends()
    assert told(unit) == []
    node(MIDNIGHT + lasting + 1).tell_ends()
    assert len(told(unit)) == 1


def _together(works: list[Callable[[], None]]) -> None:
    barrier = threading.Barrier(len(works))
    faults: list[Exception] = []

    def run(work: Callable[[], None]) -> None:
        barrier.wait()
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - told below, in the thread of the test
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_the_upkeep_tells_by_itself(unit: Unit, node: Node) -> None:
    """In its first round, and it is told in the name of the upkeep."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        people.create(uow, school, said("an", at(end=TODAY)))
        uow.commit()
    running = node(MIDNIGHT)
    running.start()
    done = threading.Event()
    for _ in range(100):
        if told(unit, "affiliation.ended") or done.wait(0.1):
            break
    running.stop()
    with unit() as uow:
        assert [e["caller"] for e in events(uow, "affiliation.ended")] == ["upkeep"]


def test_what_was_told_of_nobody_is_forgotten(unit: Unit, node: Node) -> None:
    """Where the affiliation is no more there is nothing to keep."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        ids = [people.create(uow, school, said(n, at(end=TODAY))).id for n in ("an", "bob")]
        uow.commit()
    node(MIDNIGHT).tell_ends()
    with unit(MIDNIGHT) as uow:
        people.delete(uow, school, ids[0], lambda _: None)
        uow.commit()
    node(MIDNIGHT).tell_ends()
    with unit() as uow:
        assert len(uow.conn.all(select(affiliation_end.c.person_pk))) == 1
    assert len(told(unit, "affiliation.ended")) == 2


def test_the_report_lists_what_ends_soon(unit: Unit, node: Node) -> None:
    """In order of the last day, at one institution or everywhere, without what goes on."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        days = [TODAY + timedelta(days=n) for n in (-1, 0, 3, 10, 11)]
        ids = [people.create(uow, school, said(f"p{d}", at(end=d))).id for d in days]
        people.create(uow, school, said("on", at(end=days[1]), at()))
        other = people.create(uow, school, said("o", at(OTHER, end=days[2]))).id
        uow.commit()
    node(NOW).tell_ends()
    with unit() as uow:
        found = endings.ahead(uow, 10)
        assert [(one.person, one.days) for one in found] == [
            (ids[1], 0),
            (ids[2], 3),
            (other, 3),
            (ids[3], 10),
        ]
        assert asdict(endings.ahead(uow, 10, OTHER)[0]) == {
            "person": other,
            "institution": OTHER,
            "role": "gebruiker",
            "end": days[2].isoformat(),
            "days": 3,
            "noticed": True,
        }
        assert [one.person for one in endings.ahead(uow, 0)] == [ids[1]]
