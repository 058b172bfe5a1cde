"""Going back release by release, and up again, with everything that the newest one can hold."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mo_access.domain.model import GrantClaim
from mo_access.service import (
    attention,
    audit,
    blocks,
    catalogue,
    recovery,
    review,
    succession,
)
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    OTHER,
    SCHOOL,
    SCHOOLS,
    THEME,
    House,
    beheerder,
    draft,
    gebruiker,
)

NUMBER, BOARD = "85073003328", "900100"
REVISIONS = ["0010", "0009", "0008", "0007", "0006", "0005"]
LOST = {"whom the record is about was changed"}
"""Before 0006 nobody wrote down whom an event is about: going back forgets it, which is told."""
READERS = ("plain", "blocked", "at_school", "ended", "outside", "group_ended")


@pytest.fixture
def full(database: Database, tmp_path: Path) -> tuple[House, dict[str, str]]:
    """Give a database in which each thing is that the newest releases brought."""
    house = House(database, tmp_path).seed()
    own, board = house.client("own", SCHOOL, OTHER)(), house.client("board", BOARD)()
    less = house.client("less", SCHOOL, beheerders=False)()
    grants = (GrantClaim(THEME, SCHOOL),)
    who = {name: house.person(own, draft(name, gebruiker(), grants=grants)) for name in READERS[:4]}
    who["group_ended"] = house.person(own, draft("group_ended", gebruiker()))
    house.group(own, who["plain"], who["group_ended"], role=None, theme=THEME)
    who["outside"] = house.person(board, draft("outside", gebruiker(), grants=grants))
    who["less"] = house.person(less, draft("less", beheerder()))
    who["less_group"] = house.person(less, draft("less_group"))
    house.group(less, who["less_group"])
    who["boss"] = house.person(own, draft("boss", beheerder(), insz=NUMBER))
    who["recovered"] = house.person(own, draft("recovered"))
    with house.unit() as uow:
        blocks.block_person(uow, who["blocked"], "Onderzoek 1")
        blocks.block_affiliation(uow, who["at_school"], SCHOOL, "Onderzoek 2")
        blocks.block_affiliation(uow, who["boss"], OTHER, "Onderzoek 3")
        recovery.recover(uow, SCHOOL, who["recovered"], "weg")
        catalogue.set_themes_end(uow, SCHOOL, on=True)
        review.mark_done(uow, SCHOOL, who["boss"])
        later = (date.fromisoformat(uow.today) + timedelta(days=9)).isoformat()
        succession.succeed(uow, "900003", "900004", later)
        uow.commit()
    for name in ("ended", "group_ended"):
        rights = grants if name == "ended" else ()
        house.write(own, who[name], draft(name, grants=rights))
        house.write(own, who[name], draft(name, gebruiker(), grants=rights))
    house.choose("retain")
    house.write(own, who["boss"], draft("boss", insz=NUMBER))
    house.load(SCHOOLS.replace("900001,De Eik,school,900100", "900001,De Eik,school,"))
    return house, who


def reads(house: House, who: dict[str, str]) -> list[str]:
    """Give who may read the theme."""
    return [name for name in who if house.reads(who[name])]


@pytest.mark.parametrize("revision", REVISIONS)
def test_nobody_gets_more_by_going_back_and_up(
    full: tuple[House, dict[str, str]], revision: str
) -> None:
    """What can be kept is, nothing that was shut opens, and the schema is that of the release."""
    house, who = full
    url = house.database.url
    assert reads(house, who) == ["plain"]
    assert [name for name in who if house.is_beheerder(who[name])] == ["recovered"]
    house.database.close()
    migrating.downgrade(url, revision)
    migrating.upgrade(url)
    assert migrating.differences(url) == ()
    assert reads(house, who) == ["plain"]
    assert not any(house.is_beheerder(who[name]) for name in who if name != "recovered")
    with house.unit() as uow:
        found = {fault.problem.partition(": ")[2] for fault in audit.verify(uow).faults}
        assert found == (LOST if revision < "0006" else set())
        reasons = {(b.kind, b.person): b.reason for b in blocks.listed(uow)}
        assert reasons["person", who["blocked"]] == "Onderzoek 1"
        assert reasons["affiliation", who["at_school"]] == "Onderzoek 2"
        attention.sweep(uow)
        assert review.page(uow, SCHOOL).entries
        uow.commit()
    house.database.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_block_holds_after_going_back_and_up(
    full: tuple[House, dict[str, str]], revision: str
) -> None:
    """Lifted it opens what it shut; and a group knows how many members it has."""
    house, who = full
    url = house.database.url
    house.database.close()
    migrating.downgrade(url, revision)
    migrating.upgrade(url)
    with house.unit() as uow:
        blocks.unblock_person(uow, who["blocked"], "Klaar")
        blocks.unblock_affiliation(uow, who["at_school"], SCHOOL, "Klaar")
        uow.commit()
    assert reads(house, who) == ["plain", "blocked", "at_school"]
    wrong = """
        SELECT count(*) FROM group_
        WHERE size <> (SELECT count(*) FROM membership WHERE group_pk = group_.pk)
    """
    with house.database.connect() as conn:
        assert conn.all(text(wrong)) == [(0,)]
    house.database.close()


def test_a_step_at_a_time_goes_all_the_way_down(full: tuple[House, dict[str, str]]) -> None:
    """Each step leaves a database that the next one takes, and the people stay."""
    house, who = full
    url = house.database.url
    house.database.close()
    for revision in REVISIONS:
        migrating.downgrade(url, revision)
        assert migrating.current(url) == revision
    migrating.upgrade(url)
    with house.database.connect() as conn:
        assert conn.all(text("SELECT count(*) FROM person")) == [(len(who),)]
    house.database.close()
