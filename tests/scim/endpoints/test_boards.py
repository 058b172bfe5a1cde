"""A board's client at the door: schools that join and leave, and names of a school that was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from mo_access.domain.model import Role
from mo_access.service import decisions, imports, recovery, succession
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import schema
from mo_scim.mapping.institutions import NO_INSTITUTION
from mo_scim.resources import USER_EXTENSION
from tests.scim.conftest import Broker, parsed
from tests.support.statements import asked

HEADER = "number,name,kind,board,successor\n"
BOARD = f"{HEADER}900100,Bestuur,board,,\n900001,School Een,school,900100,\n"
Units = Callable[[], UnitOfWork]
Load = Callable[[str], None]
THEME = "leerlingen-openbaar"


@pytest.fixture
def load(unit_of: Units, tmp_path: Path) -> Load:
    """Give a function that imports institutions."""

    def imported(text: str) -> None:
        path = tmp_path / "more.csv"
        path.write_text(text, encoding="utf-8")
        with unit_of() as uow:
            imports.institutions(uow, path)
            uow.commit()

    return imported


@pytest.fixture
def board(load: Load, broker_of: Callable[[NewClient], Broker]) -> Broker:
    """Give the broker of a board with one school."""
    load(BOARD)
    return broker_of(NewClient("board", ("900100",)))


def of(number: str, name: str = "an", role: str = "gebruiker") -> dict[str, Any]:
    """Make a user of an institution."""
    said = [{"value": number, "role": role}]
    return {"userName": name, USER_EXTENSION: {"affiliations": said}}


def listed(broker: Broker) -> list[str]:
    """List the institutions that the broker may use."""
    return [one["id"] for one in parsed(broker.send("GET", "/Institutions"))["Resources"]]


def test_schools_come_and_go_with_the_import(board: Broker, load: Load) -> None:
    """A school that is not the board's answers as one that does not exist."""
    assert listed(board) == ["900001", "900100"]
    absent = parsed(board.send("POST", "/Users", of("909090")))
    assert parsed(board.send("POST", "/Users", of("900002"))) == absent
    assert NO_INSTITUTION in absent["detail"]
    load(f"{HEADER}900002,School Twee,school,900100,\n")
    assert listed(board) == ["900001", "900002", "900100"]
    user = board.made("/Users", of("900002"))
    group = board.made("/Groups", {"displayName": f"MO_900002_{THEME}"})
    load(f"{HEADER}900002,School Twee,school,,\n")
    assert listed(board) == ["900001", "900100"]
    assert board.send("GET", "/Institutions/900002").status_code == 404
    assert parsed(board.send("POST", "/Users", of("900002", "bea"))) == absent
    named = board.send("POST", "/Groups", {"displayName": f"MO_900002_{THEME}"})
    assert named.status_code == 400
    (shown,) = parsed(board.send("GET", f"/Users/{user['id']}"))[USER_EXTENSION]["affiliations"]
    assert shown["status"] == "suspended"
    dropped = board.send("PUT", f"/Users/{user['id']}", {"userName": "an"})
    assert dropped.status_code == 200
    assert board.send("PUT", f"/Users/{user['id']}", of("900002")).status_code == 400
    assert board.send("DELETE", f"/Groups/{group['id']}").status_code == 204


def test_a_user_at_a_lost_school_can_be_written_and_deactivated(board: Broker, load: Load) -> None:
    """An echo of what it said there is no new assertion, and gives nothing."""
    user = board.made("/Users", of("900001"))
    path = f"/Users/{user['id']}"
    load(f"{HEADER}900001,School Een,school,,\n")
    echoed = {**parsed(board.send("GET", path)), "title": "t"}
    assert board.send("PUT", path, echoed).status_code == 200
    off = {"op": "replace", "path": "active", "value": False}
    assert board.patched(path, off).status_code == 200
    assert board.patched(path, {**off, "value": True}).status_code == 200
    (shown,) = parsed(board.send("GET", path))[USER_EXTENSION]["affiliations"]
    assert shown["status"] == "suspended"


def test_names_of_the_old_number_give_the_theme_at_the_new(board: Broker, unit_of: Units) -> None:
    """For groups and users of before and of after; and no more once it is taken back."""
    early = board.made("/Users", of("900001"))["id"]
    members = {"members": [{"value": early}]}
    board.made("/Groups", {"displayName": f"MO_900001_{THEME}", **members})
    with unit_of() as uow:
        succession.succeed(uow, "900001", "900003")
        uow.commit()
    late = board.made("/Users", of("900003", "late"))["id"]
    members = {"members": [{"value": late}]}
    board.made("/Groups", {"displayName": f"mo_900001_{THEME}", **members})

    def reads() -> list[bool]:
        with unit_of() as uow:
            questions = [Question(one, "900003", THEME) for one in (early, late)]
            return [decisions.decide(uow, one).allowed for one in questions]

    assert reads() == [True, True]
    assert listed(board) == ["900001", "900003", "900100"]
    with unit_of() as uow:
        succession.undo(uow, "900001")
        uow.commit()
    assert reads() == [False, False]
    assert listed(board) == ["900001", "900100"]


def test_a_board_costs_no_more_to_ask(
    board: Broker, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scope is one part of finding the caller, however many schools there are."""
    counts = []
    for more in (0, 40):
        rows = "".join(f"91{n:04},School {n},school,900100,\n" for n in range(more))
        load(HEADER + rows)
        with asked(monkeypatch) as seen:
            board.send("GET", "/Users")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_platform_client_echoes_a_recovery_without_taking_it_over(
    broker_of: Callable[[NewClient], Broker], unit_of: Units
) -> None:
    """It reads the role; sent back with the rest, it asserts nothing (rule 11)."""
    school, platform = (
        broker_of(NewClient("s", ("900001",))),
        broker_of(NewClient("p", platform=True)),
    )
    person = school.made("/Users", of("900001"))["id"]
    with unit_of() as uow:
        recovery.recover(uow, "900001", person, "weg")
        uow.commit()
    shown = parsed(platform.send("GET", f"/Users/{person}"))
    origins = {one["role"]: one["origin"] for one in shown[USER_EXTENSION]["affiliations"]}
    assert origins["beheerder"] == "recovery"
    assert "recovery" not in school.send("GET", f"/Users/{person}").get_data(as_text=True)
    assert platform.send("PUT", f"/Users/{person}", {**shown, "title": "t"}).status_code == 200
    with unit_of() as uow:
        recovery.revoke(uow, "900001", person)
        uow.commit()
        asked_role = Question(person, "900001", role=Role.BEHEERDER)
        assert not decisions.decide(uow, asked_role).allowed
        said = select(func.count()).select_from(schema.affiliation)
        assert uow.conn.all(said.where(schema.affiliation.c.role == "beheerder")) == [(0,)]
