"""Schools that are succeeded: at once, on a day, in a chain, and back again (ruling 10)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Actor, Form
from mo_access.service import attention, catalogue, decisions, succession
from mo_access.service.csv_table import BadTable
from mo_access.service.decisions import ANYBODY
from mo_access.storage import schema
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    DAY,
    HEADER,
    NOON,
    SCHOOL,
    THEME,
    House,
    beheerder,
    draft,
    gebruiker,
)

BOARD, NEW, FAR = "900100", "900003", "900004"
DATED = "number,name,kind,board,successor,successor_from\n"
FIRST_OF_DECEMBER = "2026-12-01"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with a board of two schools, two others and a theme."""
    return House(database, tmp_path).seed()


def readable(house: House, person: str) -> list[str]:
    """Say where a person may read."""
    with house.unit() as uow:
        return [right.institution for right in decisions.readable(uow, person, ANYBODY)]


def reader(house: House, actor: Actor, name: str, at: str) -> str:
    """Make somebody who reads the theme at an institution, through a group."""
    person = house.person(actor, draft(name, gebruiker(at)))
    house.group(actor, person, at=at, role=None, theme=THEME)
    return person


def succeed(house: House, old: str, new: str | None, on: str | None = None) -> None:
    """Let one succeed the other, or (None) take it back."""
    with house.unit() as uow:
        if new is None:
            succession.undo(uow, old)
        else:
            succession.succeed(uow, old, new, on)
        uow.commit()


def stored(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Give everything that is known of institutions and rights, row by row."""
    tables = (
        *(schema.institution, schema.affiliation, schema.group, schema.membership),
        *(schema.direct_grant, schema.link, schema.client_institution),
    )
    with house.database.connect() as conn:
        return {t.name: conn.all(select(t).order_by(*t.primary_key)) for t in tables}


def listed(house: House, actor: Actor) -> list[str]:
    """List the institutions that a client may use."""
    with house.unit() as uow:
        return [one.number for one in catalogue.of(uow, actor).institutions()]


def test_rights_and_group_names_follow_a_succession(house: House) -> None:
    """What is held at the old number counts at the new one; names with the old one go on."""
    client = house.client("school", SCHOOL)
    an = reader(house, client(), "an", SCHOOL)
    boss = house.person(client(), draft("boss", beheerder()))
    succeed(house, SCHOOL, NEW)
    assert client().institutions == {SCHOOL, NEW}
    assert readable(house, an) == [SCHOOL, NEW]
    assert house.is_beheerder(boss, NEW)
    late = reader(house, client(), "late", SCHOOL)
    assert house.reads(late, NEW)
    split = house.person(client(), draft("split", gebruiker(NEW)))
    house.group(client(), split, at=SCHOOL, role=None, theme=THEME)
    assert house.reads(split, NEW)
    assert not house.reads(split, SCHOOL)


def test_a_merge_happens_on_its_day(house: House) -> None:
    """Before it nothing changes: neither rights, nor bounds, nor what is listed."""
    client = house.client("school", SCHOOL)
    an = reader(house, client(), "an", SCHOOL)
    with house.unit() as uow:
        before = catalogue.of(uow, client()).institutions()
    house.load(f"{DATED}{SCHOOL},De Eik,school,{BOARD},{NEW},{FIRST_OF_DECEMBER}\n")
    for day in range(5):
        house.at = NOON + day * DAY
        sweep(house)
        assert client().institutions == {SCHOOL}
        assert readable(house, an) == [SCHOOL]
        with house.unit() as uow:
            told = catalogue.of(uow, client()).institutions()
        assert [(i.number, i.successor) for i in told] == [(i.number, i.successor) for i in before]
    house.at = NOON + 5 * DAY
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sweep(house), range(4)))
    assert client().institutions == {SCHOOL, NEW}
    assert readable(house, an) == [SCHOOL, NEW]
    told_once = [("institution.succeed", SCHOOL), ("institution.succeed", NEW)]
    assert house.events("institution.succeed") == told_once
    assert house.facts("institution.succeed") == {"successor": NEW, "from": FIRST_OF_DECEMBER}


def sweep(house: House) -> None:
    """Let the upkeep look for successions that are due."""
    with house.unit() as uow:
        succession.apply_due(uow)
        uow.commit()


def test_a_day_of_today_or_before_is_at_once(house: House) -> None:
    """And the same file again changes nothing."""
    text = f"{DATED}{SCHOOL},De Eik,school,{BOARD},{NEW},2026-11-26\n"
    house.load(text)
    assert house.client("school", SCHOOL)().institutions == {SCHOOL, NEW}
    before = stored(house)
    house.load(text)
    assert stored(house) == before


def by_import(house: House) -> None:
    house.load(f"{HEADER}{SCHOOL},De Eik,school,{BOARD},\n")


def by_command(house: House) -> None:
    succeed(house, SCHOOL, None)


@pytest.mark.parametrize("undo", [by_import, by_command])
@pytest.mark.parametrize("on", [None, "2026-11-27"])
def test_an_undone_succession_leaves_nothing_behind(
    house: House, undo: Callable[[House], None], on: str | None
) -> None:
    """Row by row all is as before, whatever day it is; only the audit trail tells."""
    client = house.client("school", SCHOOL)
    an = reader(house, client(), "an", SCHOOL)
    house.person(client(), draft("boss", beheerder(form=Form.ROLES)))
    before = stored(house)
    succeed(house, SCHOOL, NEW, on)
    house.at += 30 * DAY
    sweep(house)
    assert readable(house, an) == [SCHOOL, NEW]
    undo(house)
    assert readable(house, an) == [SCHOOL]
    assert stored(house) == before
    assert client().institutions == {SCHOOL}
    with house.unit() as uow:
        found = [(one.institution, one.state) for one in attention.found(uow)]
    assert found == [(NEW, "missing")]


def test_what_was_given_at_the_successor_rests_after_an_undo(house: House) -> None:
    """The old school's client may act there no longer; it holds again when it is redone."""
    client = house.client("school", SCHOOL)
    succeed(house, SCHOOL, NEW)
    an = reader(house, client(), "an", NEW)
    assert readable(house, an) == [NEW]
    succeed(house, SCHOOL, None)
    assert readable(house, an) == []
    succeed(house, SCHOOL, NEW)
    assert readable(house, an) == [NEW]


def test_rights_follow_a_chain(house: House) -> None:
    """Through every successor, also when a link in the middle comes last."""
    client = house.client("school", SCHOOL)
    an = reader(house, client(), "an", SCHOOL)
    succeed(house, NEW, FAR)
    succeed(house, SCHOOL, NEW)
    assert readable(house, an) == [SCHOOL, NEW, FAR]
    assert client().institutions == {SCHOOL, NEW, FAR}
    succeed(house, NEW, None)
    assert readable(house, an) == [SCHOOL, NEW]


@pytest.mark.parametrize(
    "rows",
    [
        f"{SCHOOL},a,school,,{SCHOOL},",
        f"{SCHOOL},a,school,,{NEW},\n{NEW},b,school,,{SCHOOL},",
        f"{SCHOOL},a,school,,{NEW},2027-01-01\n{NEW},b,school,,{SCHOOL},",
        "\n".join(
            [
                f"{SCHOOL},a,school,,{NEW},2027-01-01",
                f"{NEW},b,school,,{FAR},2027-02-01",
                f"{FAR},c,school,,{SCHOOL},2027-03-01",
            ]
        ),
    ],
)
def test_a_circle_is_refused_whatever_the_days(house: House, rows: str) -> None:
    """Nothing of the file is stored."""
    before = stored(house)
    with pytest.raises(BadTable, match=r"circle|its own"):
        house.load(DATED + rows + "\n")
    assert stored(house) == before


def test_a_circle_over_two_imports_is_refused(house: House) -> None:
    """What is planned already counts."""
    succeed(house, SCHOOL, NEW, FIRST_OF_DECEMBER)
    with pytest.raises(BadTable, match="circle"):
        house.load(f"{HEADER}{NEW},De Es,school,,{SCHOOL}\n")
    with pytest.raises(Invalid, match="circle"):
        succeed(house, NEW, SCHOOL)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (f"{NEW},morgen", "no day such as"),
        (f"{NEW},2026-02-30", "no day of the calendar"),
        (f"{NEW},2026-1-1", "no day such as"),
        (",2027-01-01", "needs a successor"),
    ],
)
def test_a_day_that_is_none_is_refused(house: House, cells: str, problem: str) -> None:
    """By line and column."""
    with pytest.raises(BadTable, match=rf"line 2, column 6 \(successor_from\): .*{problem}"):
        house.load(f"{DATED}{SCHOOL},a,school,,{cells}\n")


def test_a_plan_does_not_replace_what_happened(house: House) -> None:
    """One successor at most, so no order of days can close a circle."""
    succeed(house, SCHOOL, NEW)
    with pytest.raises(Invalid, match="was succeeded by 900003 already"):
        succeed(house, SCHOOL, FAR, FIRST_OF_DECEMBER)
    with pytest.raises(BadTable, match="was succeeded by 900003 already"):
        house.load(f"{DATED}{SCHOOL},a,school,,{FAR},{FIRST_OF_DECEMBER}\n")
    with pytest.raises(Invalid, match="no successor to take back"):
        succeed(house, FAR, None)


def test_a_file_that_does_not_speak_of_successors_leaves_them(house: House) -> None:
    """A nightly export without these columns takes no merge back, nor its day."""
    succeed(house, SCHOOL, NEW, FIRST_OF_DECEMBER)
    before = stored(house)
    house.load(f"number,name,kind,board\n{SCHOOL},De Eik,school,{BOARD}\n")
    house.load(f"{HEADER}{SCHOOL},De Eik,school,{BOARD},{NEW}\n")
    assert stored(house) == before


def test_a_beheerder_of_the_old_school_keeps_the_new_one_from_being_without(house: House) -> None:
    """And an undo shows the new one as it is by itself."""
    old, new = house.client("old", SCHOOL)(), house.client("new", NEW)()
    house.person(old, draft("an", beheerder()))
    bea = house.person(new, draft("bea", beheerder(NEW)))
    succeed(house, SCHOOL, NEW)
    house.write(new, bea, draft("bea"))
    with house.unit() as uow:
        assert attention.found(uow) == ()
    succeed(house, SCHOOL, None)
    with house.unit() as uow:
        assert [one.institution for one in attention.found(uow)] == [NEW]
