"""``mo-access beheerder`` and ``institution succeed``: what an operator types and reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mo_access import cli, settings
from mo_access.domain.model import AffiliationClaim, Form, PersonDraft, Role
from mo_access.service import client_end, clients, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database, DatabaseDown

INSTITUTIONS = "number,name,kind,board\n900001,De Eik,school,900100\n900100,Bestuur,board,\n"
Run = Callable[..., tuple[int, str, str]]
ROLE = AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER)
AN = PersonDraft("an", None, active=True, document={"userName": "an"}, affiliations=(ROLE,))


@pytest.fixture
def run(
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a function that runs ``mo-access`` on a database with a board, a school and a client."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MO_DATABASE_URL", migrated_url)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mo-access", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0, captured.out, captured.err)

    (tmp_path / "i.csv").write_text(INSTITUTIONS, encoding="utf-8")
    assert command("institution", "import", "i.csv")[0] == 0
    return command


def told(answer: tuple[int, str, str]) -> Any:  # noqa: ANN401 - whatever the command answers
    """Read the JSON of a command that went well."""
    assert answer[0] == 0, answer[2]
    return json.loads(answer[1])


def write(token: str, draft: PersonDraft, person: str | None = None) -> str:
    """Let a client register or change a person."""
    chosen = settings.load()
    database = Database(chosen.database_url)
    with UnitOfWork(database, keys=settings.keys(chosen), request_id="t", caller="t") as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        if person is None:
            person = people.create(uow, actor, draft).id
        else:
            people.update(uow, actor, person, lambda _: draft)
        uow.commit()
    database.close()
    return person


@pytest.fixture
def token(run: Run) -> str:
    """Give the token of a client of the board, which therefore covers the school."""
    made = told(run("client", "create", "board", "--institution", "900100", "--json"))
    return str(made["token"])


def test_from_the_loss_to_the_recovery_and_back(run: Run, token: str) -> None:
    """Missing, recover, list, revoke: with ``--json`` and for people."""
    assert "Every institution that had a beheerder" in run("beheerder", "missing")[1]
    person = write(token, AN)
    write(token, PersonDraft("an", None, active=True, document={"userName": "an"}), person)
    (lost,) = told(run("beheerder", "missing", "--json"))
    assert (lost["institution"], lost["name"], lost["state"]) == ("900001", "De Eik", "missing")
    assert isinstance(lost["since"], int)
    assert "900001" in run("beheerder", "missing")[1]
    every = told(run("beheerder", "missing", "--never", "--json"))
    assert [(one["institution"], one["state"]) for one in every] == [
        ("900001", "missing"),
        ("900100", "never"),
    ]
    made = told(
        run("beheerder", "recover", "900001", "an", "--reason", "r", "--days", "2", "--json")
    )
    assert (made["institution"], made["person"]) == ("900001", person)
    assert told(run("beheerder", "missing", "--json")) == []
    (listed,) = told(run("beheerder", "list", "--json"))
    assert (listed["person"], listed["reason"], listed["current"]) == (person, "r", True)
    assert "holds" in run("beheerder", "list")[1]
    assert run("beheerder", "revoke", "900001", "an")[1] == "1 recovery ended\n"
    assert told(run("beheerder", "missing", "--json"))[0]["state"] == "missing"
    assert told(run("beheerder", "list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("recover", "900001", "an"), 2, "Missing option '--reason'"),
        (("recover", "900009", "an", "--reason", "r"), 1, "there is no institution 900009"),
        (("recover", "900001", "bea", "--reason", "r"), 1, "nobody has the id, userName"),
        (("recover", "900001", "an", "--reason", " "), 1, "say why"),
        (("recover", "900001", "an", "--reason", "r", "--days", "400"), 2, "'--days'"),
        (("revoke", "900001", "an"), 1, "the platform has not made"),
    ],
)
def test_what_cannot_be_is_one_line(
    run: Run, token: str, arguments: tuple[str, ...], code: int, line: str
) -> None:
    """With an exit code that tells, and nothing done."""
    write(token, AN)
    ended, _, err = run("beheerder", *arguments)
    assert (ended, line in err) == (code, True)
    assert told(run("beheerder", "list", "--json")) == []


def test_clients_are_told_whether_they_may_make_beheerders(run: Run, token: str) -> None:
    """At the making and later; the list shows it."""
    told(run("client", "create", "small", "--institution", "900001", "--no-beheerders", "--json"))

    def allowed() -> dict[str, bool]:
        return {c["name"]: c["beheerders"] for c in told(run("client", "list", "--json"))}

    assert allowed() == {"board": True, "small": False}
    told(run("client", "change", "small", "--beheerders", "--json"))
    told(run("client", "change", "board", "--no-beheerders", "--json"))
    assert allowed() == {"board": False, "small": True}


def test_an_operator_is_asked_for_a_reason(
    run: Run, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under `refuse` the last beheerder of an institution goes only when told why."""
    monkeypatch.setenv("MO_LAST_BEHEERDER", "refuse")
    write(token, AN)
    change = ("client", "change", "board", "--no-beheerders")
    code, _, err = run(*change)
    assert (code, "900001 would be left without beheerder" in err) == (1, True)
    assert told(run("client", "list", "--json"))[0]["beheerders"] is True
    assert run(*change, "--leave-without-beheerder", "lek")[0] == 0
    assert told(run("beheerder", "missing", "--json"))[0]["institution"] == "900001"


def test_a_succession_is_planned_done_and_taken_back(run: Run) -> None:
    """In words for people, and as JSON."""
    plan = run("institution", "succeed", "900001", "900100", "--on", "2999-09-01")
    assert plan[1] == ("900001 will be succeeded by 900100 on 2999-09-01; nothing changes before\n")
    listed = told(run("institution", "list", "--json"))[0]
    assert (listed["successor"], listed["next_successor"]) == (None, "900100")
    now = told(run("institution", "succeed", "900001", "900100", "--json"))
    assert (now["successor"], now["successor_from"]) == ("900100", None)
    undone = run("institution", "succeed", "900001", "--undo")
    assert undone[1] == "900001 has no successor any more\n"
    assert run("institution", "succeed", "900001", "--undo")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [("900001",), ("900001", "900100", "--undo"), ("900001", "--undo", "--on", "2999-01-01")],
)
def test_a_succession_says_one_thing(run: Run, arguments: tuple[str, ...]) -> None:
    """OLD and NEW, or OLD and ``--undo``."""
    assert run("institution", "succeed", *arguments)[0] == 2


@pytest.mark.parametrize("day", ["morgen", "2026-02-30"])
def test_a_succession_takes_a_day(run: Run, day: str) -> None:
    """Anything else is one line."""
    code, _, err = run("institution", "succeed", "900001", "900100", "--on", day)
    assert (code, "is no day" in err) == (1, True)


def test_a_client_is_revoked_with_all_that_it_gave(
    run: Run, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a page waits for others in a circle, and when the client is revoked already."""
    person, pages = write(token, AN), client_end.end_people
    assert run("client", "revoke", "board")[1] == "1 token(s) ended\n"
    assert told(run("history", person, "--json"))[0]["kind"] == "person.create"
    tried: list[str] = []

    def busy(uow: UnitOfWork, client_id: str) -> client_end.Step:
        tried.append(client_id)
        step = pages(uow, client_id)
        if len(tried) == 1:
            raise DatabaseDown("deadlock detected")
        return step

    monkeypatch.setattr(client_end, "end_people", busy)
    answer = told(run("client", "revoke", "board", "--end-rights", "--json"))
    assert answer == {
        "id": answer["id"],
        "tokens": 0,
        "ended": {
            "people": 1,
            "groups": 0,
            "affiliations": 1,
            "grants": 0,
            "institutions": ["900001"],
            "nobodys": 1,
        },
    }
    assert tried == [answer["id"]] * 3
    assert told(run("history", person, "--json"))[0]["kind"] == "person.delete"
    assert told(run("beheerder", "missing", "--json"))[0]["institution"] == "900001"


def test_what_ended_with_a_client_is_told_to_people(run: Run, token: str) -> None:
    """How much, and where; of a client that gave nothing too."""
    write(token, AN)
    assert run("client", "revoke", "board", "--end-rights")[1].splitlines() == [
        "1 token(s) ended",
        "ended: 1 registrations, 1 affiliations, 0 grants, 0 groups",
        "1 people are known to no other client: only their ids are left",
        "at 900001",
    ]
    assert run("client", "revoke", "board", "--end-rights")[1].splitlines() == [
        "0 token(s) ended",
        "ended: 0 registrations, 0 affiliations, 0 grants, 0 groups",
    ]


def test_a_page_that_never_comes_through_is_told(
    run: Run, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is revoked then, and the same command goes on."""
    write(token, AN)

    def down(_: UnitOfWork, __: str) -> client_end.Step:
        raise DatabaseDown("deadlock detected")

    with monkeypatch.context() as patched:
        patched.setattr(client_end, "end_people", down)
        code, _, text = run("client", "revoke", "board", "--end-rights")
    assert (code, "deadlock detected" in text) == (1, True)
    ended = told(run("client", "revoke", "board", "--end-rights", "--json"))
    assert (ended["tokens"], ended["ended"]["people"]) == (0, 1)


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--end-rights", "--token", "x"), 2, "leaves the client alive"),
        (("--leave-without-beheerder", "x"), 2, "goes with --end-rights"),
        (("--end-rights",), 1, "give a reason"),
    ],
)
def test_a_revocation_that_cannot_be_is_refused(
    run: Run,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    code: int,
    text: str,
) -> None:
    """And the client lives on."""
    monkeypatch.setenv("MO_LAST_BEHEERDER", "refuse")
    write(token, AN)
    answer = run("client", "revoke", "board", *options)
    assert (answer[0], text in answer[2]) == (code, True)
    assert told(run("client", "list", "--json"))[0]["revoked"] is None
