"""``why``, ``who``, ``history`` and ``review`` on the command line."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mo_access import cli
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, PersonDraft, Role
from mo_access.service import clients, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from tests.access.worlds import INSZ, SCHOOL, THEME, Shared, Unit, shared

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give one person whom three clients registered; the school gave a role and the theme."""
    made = shared(unit, tmp_path)
    made.give_theme("school")
    return made


@pytest.fixture
def run(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a function that runs ``mo-access`` on the world's database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MO_DATABASE_URL", database.url)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mo-access", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return command


def answer(run: Run, *arguments: str) -> Any:  # noqa: ANN401 - whatever the command answers
    """Run a command that must end well and return its JSON."""
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_why_shows_who_gave_what_and_when(world: Shared, run: Run) -> None:
    """As a text and as JSON; ``steps`` stop at the rule that decided, ``rules`` do not."""
    told = answer(run, "why", "jan@board", THEME, SCHOOL)
    assert told["decision"] is True
    assert [o["client"] for o in told["origins"]] == ["school", "school"]
    assert {o["since"] for o in told["origins"]} == {world.at}
    _, out, _ = run("why", "x-government", THEME, SCHOOL)
    assert "gebruiker at 900001 by school (roles) since 2026-" in out
    assert "allowed: granted" in out
    world.deactivate("school")
    code, out, _ = run("why", world.person, THEME, SCHOOL, "--json")
    told = json.loads(out)
    assert (code, told["reason"]) == (1, "affiliation_suspended")
    assert (len(told["steps"]), len(told["rules"])) == (6, 8)
    assert "gives nothing: suspended" in run("why", world.person, THEME, SCHOOL)[1]


def test_who_tells_since_when_by_whom_and_who_is_dormant(world: Shared, run: Run) -> None:
    """The dormant apart and only when asked for."""
    (told,) = answer(run, "who", THEME, SCHOOL)
    assert (told["id"], told["decision"]) == (world.person, True)
    assert "gebruiker by school since 2026-" in run("who", THEME, SCHOOL)[1]
    world.deactivate("school")
    assert answer(run, "who", THEME, SCHOOL) == []
    (told,) = answer(run, "who", THEME, SCHOOL, "--all")
    assert (told["decision"], told["reason"]) == (False, "affiliation_suspended")
    _, out, _ = run("who", THEME, SCHOOL, "--all")
    may, idle = out.split("may not read it now")
    assert "Nobody may read this now." in may
    assert world.person in idle


def test_who_is_told_in_parts_that_make_the_whole(world: Shared, run: Run) -> None:
    """--limit ends a list, and says after whom it goes on; the text and the JSON are the same."""
    with world.act("school") as uow:
        for name in ("an", "els"):
            _register(uow, world, name, SCHOOL)
        uow.commit()
    whole = [h["id"] for h in answer(run, "who", THEME, SCHOOL)]
    assert (whole[0], len(whole)) == (world.person, 3)
    _, first, _ = run("who", THEME, SCHOOL, "--limit", "2")
    assert f"… and more: --after {whole[1]}" in first
    assert whole[2] not in first
    rest = answer(run, "who", THEME, SCHOOL, "--limit", "2", "--after", whole[1])
    assert [h["id"] for h in rest] == whole[2:]
    assert "… and more" not in run("who", THEME, SCHOOL, "--after", whole[1])[1]
    assert answer(run, "who", THEME, SCHOOL, "--after", whole[2]) == []
    code, out, err = run("who", THEME, SCHOOL, "--after", INSZ)
    assert (code, out) == (1, "")
    assert "begin anew" in err
    assert INSZ not in err


def test_history_is_told_in_sentences_and_as_json(world: Shared, run: Run) -> None:
    """Newest first; narrowed by day and institution, and cut where that is asked."""
    world.join("board")
    found = answer(run, "history", "jan@school")
    assert [e["kind"] for e in found] == ["group.create", "person.update"] + 3 * ["person.create"]
    assert found[0]["when"].endswith("+00:00")
    _, out, _ = run("history", "jan@school", "-n", "1")
    assert f"theme {THEME} given" in out
    assert "… and more before" in out
    assert f"+ theme {THEME} at 900001" in run("history", world.person)[1]
    assert answer(run, "history", world.person, "--since", "2030-01-01") == []
    assert run("history", world.person, "--since", "2030-01-01")[1].startswith("Nothing happened")
    at = answer(run, "history", world.person, "--institution", SCHOOL)
    assert [e["kind"] for e in at] == ["group.create", "person.update"]


@pytest.mark.parametrize("command", [("history",), ("why", THEME, SCHOOL)])
def test_a_number_that_was_typed_is_not_repeated(
    world: Shared, run: Run, command: tuple[str, ...]
) -> None:
    """USER is an id or a name; an INSZ finds nobody and stands in no answer and no event."""
    assert world.person
    name, *rest = command
    for typed in (INSZ, "85.07.30-033.28"):
        code, out, err = run(name, typed, *rest)
        assert (code, out) == (1, "")
        assert "[insz]" in err
        assert typed not in err
    assert INSZ not in run("audit", "export")[1]


def test_a_name_of_several_people_lists_them(world: Shared, run: Run) -> None:
    """With whose userName it is, so that one can be told from the other."""
    with world.act("board") as uow:
        actor = world.actors["board"]
        draft = PersonDraft("jan@school", None, active=True, document={})
        other = people.create(uow, actor, draft).id
        uow.commit()
    code, out, err = run("history", "jan@school")
    assert (code, out) == (1, "")
    for told in (other, world.person, "jan@school (board)", "jan@school (school)"):
        assert told in err
    assert run("history", other)[0] == 0


def test_a_review_is_shown_and_exported(world: Shared, run: Run) -> None:
    """The list of the portal; an export is in the trail in the operator's name."""
    told = answer(run, "review", "show", SCHOOL)
    assert (told["institution"], told["reviewed"]) == (SCHOOL, None)
    (jan,) = told["people"]
    assert (jan["person"], jan["user_name"], jan["dormant"]) == (world.person, "jan@school", False)
    assert [t["slug"] for t in jan["themes"]] == [THEME]
    _, out, _ = run("review", "show", SCHOOL)
    assert "gebruiker by school since" in out
    assert "Nobody marked a review" in out
    code, out, _ = run("review", "export", SCHOOL, "--language", "en")
    assert code == 0
    lines = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert [(x["kind"], x["right"], x["counts now"]) for x in lines] == [
        ("role", "gebruiker", "yes"),
        ("theme", THEME, "yes"),
    ]
    assert answer(run, "review", "export", SCHOOL)["people"] == told["people"]
    assert "review.export  ok  cli:" in run("audit", "tail", "-n", "2")[1]
    assert run("review", "show", "900777")[0] == 1


def test_a_review_of_nobody_says_so(world: Shared, run: Run) -> None:
    """An institution where nobody has anything."""
    assert world.person
    assert "Nobody has access." in run("review", "show", "900002")[1]
    assert answer(run, "review", "show", "900002")["people"] == []


def test_history_says_what_cannot_be_told_of_a_client_that_is_gone(
    unit: Unit, world: Shared, run: Run
) -> None:
    """A revoked client still has its name in the history."""
    with unit() as uow:
        clients.revoke(uow, "school")
        uow.commit()
    assert "by school" in run("history", world.person)[1]


def test_a_successor_lists_who_is_something_at_its_predecessor(
    unit: Unit, world: Shared, run: Run, tmp_path: Path
) -> None:
    """Ruling 10: rights follow, so the review does; who works at both is one line."""
    assert world.person
    rows = "number,name,kind,board,successor\n900001,School,school,900009,900002\n"
    (tmp_path / "later.csv").write_text(rows, encoding="utf-8")
    assert run("institution", "import", "later.csv")[0] == 0
    with unit() as uow:
        _register(uow, world, "els", "900002")
        uow.commit()
    told = answer(run, "review", "show", "900002")
    roles = sorted((p["user_name"], len(p["roles"])) for p in told["people"])
    assert roles == [("els", 1), ("jan@school", 1)]


def _register(uow: UnitOfWork, world: Shared, name: str, at: str) -> None:
    claim = AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER)
    grant = GrantClaim(THEME, at)
    draft = PersonDraft(
        name, None, active=True, document={}, affiliations=(claim,), grants=(grant,)
    )
    people.create(uow, world.actors["government"], draft)
