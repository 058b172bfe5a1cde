"""The generator: one seed one nation, sound to every check, and nobody is written over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mo_access import cli
from mo_access.domain import insz
from mo_access.domain.errors import Conflict
from mo_access.domain.model import GroupDraft, MemberChange, PersonDraft
from mo_access.service import audit, clients, decisions, groups, people
from mo_access.service.decisions import Question
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_demo.nation import filling
from mo_demo.nation.filling import Filled
from mo_demo.nation.person import person
from mo_demo.nation.plan import Nation
from tests.nation import dumping
from tests.nation.conftest import SMALL, Unit

Run = Callable[..., tuple[int, str, str]]


def test_a_filled_database_passes_every_check(unit: Unit, filled: Filled, url: str) -> None:
    """Schema, search indexes, totals, and the audit trail, which is sealed to the end."""
    assert len(filled.people) == SMALL.people
    assert migrating.differences(url) == ()
    with unit() as uow:
        verdict = audit.verify(uow)
    assert verdict.sound
    assert (verdict.unsealed, verdict.sealed > SMALL.people) == (0, True)


@pytest.fixture
def url(database: Database) -> str:
    """Give the address of the database."""
    return database.url


def test_the_services_go_on_behind_it(unit: Unit, filled: Filled) -> None:
    """The keys that follow are free: a person and a group are made as in any database."""
    actor = filled.brokers[0].actor
    with unit() as uow:
        made = people.create(uow, actor, PersonDraft("later", None, active=True, document={}))
        step = MemberChange("add", (made.id, filled.people[0].id))
        group = groups.create(uow, actor, GroupDraft("later", None, {}), step)
        uow.commit()
    assert group.size == 2


def test_somebody_may_read_what_the_groups_give(unit: Unit, filled: Filled) -> None:
    """What was written decides: a member of a theme's group at the own school reads it."""
    name, members = next(
        g for g in filling.groups_of(SMALL) if g[0].endswith("leerlingen-openbaar")
    )
    place = name.split("_")[1]
    with unit() as uow:
        told = [
            decisions.decide(uow, Question(filled.people[n].id, place, "leerlingen-openbaar"))
            for n in members
        ]
    assert any(one.allowed for one in told)


def test_the_same_seed_gives_the_same_nation(unit: Unit, filled: Filled) -> None:
    """Ids, names and numbers follow from the seed, and others from another seed."""
    again = [person(SMALL, n) for n in range(SMALL.people)]
    assert again == [person(SMALL, n) for n in range(SMALL.people)]
    assert again != [person(replace(SMALL, seed=8), n) for n in range(SMALL.people)]
    assert [*filling.institutions(SMALL)] == [*filling.institutions(replace(SMALL, seed=8))]
    assert filled.people[0].id == "6513270e-269e-4d37-b2a7-4de452e6b438"
    assert len(dumping.numbers(unit)) == 54


def test_nobody_is_written_over(unit: Unit, filled: Filled) -> None:
    """A database with people is refused; told so, another seed goes in beside them."""
    before = dumping.dump(unit)
    with pytest.raises(Conflict, match="people in this database"):
        filling.fill(unit, SMALL)
    assert dumping.dump(unit) == before
    more = filling.fill(unit, replace(SMALL, seed=8), beside=True)
    assert len(dumping.dump(unit)["person"]) == len(filled.people) + len(more.people)
    with unit() as uow:
        assert audit.verify(uow).sound


def test_the_same_people_twice_are_refused(unit: Unit, filled: Filled) -> None:
    """The client that would send them again has its name already; nothing is stored."""
    before = dumping.dump(unit)
    with pytest.raises(Conflict):
        filling.fill(unit, SMALL, beside=True)
    assert dumping.dump(unit) == before
    assert filled.brokers


def test_numbers_are_valid_and_nobodys() -> None:
    """All valid, each once, and of serials that are not given out; so up to the last person."""
    nation = Nation.of(900_000)
    found = [person(nation, n) for n in range(0, nation.people, 97)]
    told = [one.insz for one in found if one.insz]
    assert len(set(told)) == len(told)
    assert all(number[6:9] >= "899" for number in told)
    for one in found[::50]:
        if one.insz:
            assert insz.parse(one.insz, date(2026, 1, 1)).agrees(one.born)


def test_the_design_load_is_the_default() -> None:
    """As many of everything as the product is made for, and each person is where it says."""
    nation = Nation.of()
    assert (nation.people, nation.institutions, nation.affiliations) == (250_000, 5_000, 300_000)
    assert (nation.groups, nation.largest) == (100_000, 100_000)
    assert nation.number(nation.institutions - 1) == "905000"
    small = Nation.of(1_000, crowd=100)
    assert sum(len(small.places(n)) for n in range(small.people)) == small.affiliations
    staff = [n for place in range(small.schools) for n in small.staff(place)]
    assert sorted(staff) == [*range(small.people)]
    assert all(small.home(n) == place for place in range(small.schools) for n in small.staff(place))
    leads = {small.home(n) for n in range(small.people) if small.leads(n)}
    assert (len(leads), sum(map(small.leads, range(small.people)))) == (small.schools,) * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"institutions": 1},
        {"institutions": 100_000},
        {"affiliations": 59},
        {"affiliations": 241},
        {"largest": 61},
        {"crowd": -1},
        {"groups": -1},
        {"boards": 3},
    ],
)
def test_what_does_not_add_up_is_refused(wrong: dict[str, int]) -> None:
    """Before anything is opened."""
    with pytest.raises(ValueError, match=":"):
        replace(SMALL, **wrong)


@pytest.fixture
def run(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Give a function that runs ``mo-access dev generate`` on the database."""
    monkeypatch.setenv("MO_DATABASE_URL", database.url)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mo-access", "dev", "generate", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return command


@pytest.mark.usefixtures("var")
def test_the_command_generates_once(run: Run, unit: Unit) -> None:
    """It tells what there is and the tokens; a second time it refuses, and says why."""
    size = ("--people", "40", "--institutions", "6", "--groups", "15", "--crowd", "5")
    code, out, _ = run(*size, "--largest", "10", "--json")
    told = json.loads(out)
    assert (code, told["people"], told["institutions"], told["groups"]) == (0, 40, 6, 21)
    with unit() as uow:
        actor = clients.by_token(uow, told["clients"][0]["token"])
        assert actor is not None
        assert (actor.platform, actor.client_id) == (True, told["clients"][0]["id"])
    code, out, err = run(*size)
    assert (code, out) == (1, "")
    assert "there are people in this database already" in err
    assert run(*size, "--beside", "--seed", "2")[0] == 0


@pytest.mark.usefixtures("var")
def test_the_command_says_what_does_not_add_up(run: Run, unit: Unit) -> None:
    """One line, and nothing was written."""
    code, _, err = run("--people", "10", "--largest", "11")
    assert (code, err.count("\n")) == (1, 1)
    assert "the largest group" in err
    assert dumping.dump(unit)["institution"] == []


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command keep its keys in a folder of the test."""
    monkeypatch.chdir(tmp_path)
