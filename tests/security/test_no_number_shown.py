"""Known numbers in every place: no page, no `/me`, no command and no measure shows one (P8)."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote
from urllib.request import urlopen

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from mo_access import cli, settings
from mo_access.domain.insz import parse
from mo_access.service import claimed_sign_in, imports, sign_in
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.clients import NewClient, create
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_authzen import door as authzen
from mo_oidc import door as oidc
from mo_portal import door as portal
from mo_scim import blueprint as scim
from mo_web.app import create_app
from tests.scim.conftest import INSTITUTIONS, ON_ONE_ENGINE, THEMES, Broker
from tests.security.test_no_number_anywhere import (
    OTHER,
    OURS,
    SECRET,
    THEME_GROUP,
    VALID,
    journey,
    leaks,
)
from tests.support.kept import kept

ISSUER: Final = "http://127.0.0.1:9/"
HOUR: Final = 3_600_000_000
DOCUMENTS: Final = (
    "id,title,institution,themes,contact_name,contact_email,file\n"
    "telling,Telling,900001,leerlingen-openbaar,Cis Peeters,cis@example.org,a.txt\n"
)
Run = Callable[..., tuple[int, str]]

# Every command that answers in JSON, the ones that change most at the end. What stands in braces
# is what an operator may mistake for the place of a number.
COMMANDS: Final = (
    "db upgrade",
    "db check",
    "db mend",
    "institution import i.csv",
    "institution list",
    "theme import t.csv",
    "theme list",
    "document import d.csv",
    "document list",
    "client list",
    "why {an} {theme} {school}",
    "who {theme} {school} --all",
    "audit verify",
    "audit tail -n 10000",
    "session list",
    "config check",
    "config show",
    "doctor",
    "sync report",
    "mapping test messages.json --kind user",
    "history {an}",
    "review show {school}",
    "review export {school}",
    "beheerder missing",
    "beheerder list",
    "affiliation ending --institution {school}",
    "membership dormant --institution {school}",
    "client create {name} --institution {school}",
    "client change {client} --scope scim:read --scope scim:write",
    "person hand-over {an} {board} --reason {reason}",
    "block affiliation {an} {school} --reason {reason}",
    "block institution {school} --reason {reason}",
    "block person {an} --reason {reason}",
    "block list",
    "unblock affiliation {an} {school} --reason {reason}",
    "unblock institution {school} --reason {reason}",
    "unblock person {an} --reason {reason}",
    "beheerder recover {school} {bob} --reason {reason}",
    "beheerder revoke {school} {bob} --reason {reason}",
    "institution change {school} --themes-end",
    "institution succeed {other} {school}",
    "key rotate",
    "key forget",
    "client rotate {client}",
    "client revoke {client}",
    "session end --person {an}",
)
FINDINGS: Final = {"doctor", "mapping test messages.json --kind user"}
"""They find something, which is 1."""
LEFT_OUT: Final = {"db downgrade", "dev generate"}
"""One takes the tables away, the other makes up a nation with numbers of its own."""


@dataclass
class Place:
    """The whole service after the journey, with two people who signed in by a number."""

    app: Flask
    database: Database
    port: int
    an: str
    bob: str
    session: str
    told: list[str]

    def browser(self) -> FlaskClient:
        """Return the browser of An, a beheerder."""
        client = self.app.test_client()
        client.set_cookie("mo_session", self.session)
        return client


@pytest.fixture
def place(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Lay the service out as the command line finds it, and let the journey pass."""
    monkeypatch.chdir(tmp_path)
    port = _free_port()
    told = {
        "DATABASE_URL": database.url,
        "BASE_URL": "http://localhost",
        "METRICS_PORT": str(port),
        "OIDC_ISSUER": ISSUER,
        "OIDC_CLIENT_ID": "mo",
        "OIDC_CLIENT_SECRET": "s" * 40,
        "OIDC_NAME": "broker",
        "OIDC_LINK": "rrn:insz",
        "OIDC_MODE": "hybrid",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"MO_{name}", value)
    _write(tmp_path)
    chosen = settings.load()
    keys = settings.keys(chosen)
    doors = [scim.door(), authzen.door(), oidc.door(chosen), portal.door()]
    app = create_app(chosen, database, keys, doors)
    unit = lambda: UnitOfWork(database, keys=keys, request_id="t", caller="cli:t")  # noqa: E731 - said once
    broker = _broker(app, unit)
    told_by_journey = journey(app, broker, SECRET[:2])
    an, bob, session = _people(broker, unit)
    return Place(app, database, port, an, bob, session, told_by_journey)


def _write(folder: Path) -> None:
    (folder / "i.csv").write_text(INSTITUTIONS)
    (folder / "t.csv").write_text(THEMES)
    (folder / "d.csv").write_text(DOCUMENTS)
    (folder / "a.txt").write_text("a")
    bodies = [{"userName": text, "title": text, OURS: {"insz": text}} for text in SECRET]
    (folder / "messages.json").write_text(json.dumps(bodies))


def _broker(app: Flask, unit: Callable[[], UnitOfWork]) -> Broker:
    scopes = ("scim:read", "scim:write", "insz:read", "access:evaluate")
    with unit() as uow:
        imports.institutions(uow, Path("i.csv"))
        imports.themes(uow, Path("t.csv"))
        _, token = create(uow, NewClient("school", ("900001",), scopes=scopes, issuers=(ISSUER,)))
        uow.commit()
    return Broker(app.test_client(), token)


def _people(broker: Broker, unit: Callable[[], UnitOfWork]) -> tuple[str, str, str]:
    """Register An and let her in by the number; let Bob in, whom that makes."""
    here = {"value": "900001", "role": "beheerder"}
    told = {
        "userName": "an",
        "displayName": "An Peeters",
        OURS: {"insz": OTHER, "affiliations": [here]},
    }
    an = broker.made("/Users", told)["id"]
    with unit() as uow:
        _, token = create(uow, NewClient("board", ("900001",)))
        uow.commit()
    board = Broker(broker.http, token)
    assert board.made("/Users", {"userName": "an.p", OURS: {"insz": OTHER}})["id"] == an
    broker.made("/Groups", {"displayName": THEME_GROUP, "members": [{"value": an}]})
    with unit() as uow:
        said = _said(uow, OTHER)
        session = sign_in.sign_in(uow, said).session_id
        made = Claimed("hybrid", Described(), ClaimedRights(HOUR, ()))
        bob = claimed_sign_in.enter(uow, replace(_said(uow, VALID), links=()), made).person
        uow.commit()
    return an, bob, session


def _said(uow: UnitOfWork, number: str) -> SignIn:
    digits = parse(number, date(2026, 11, 27)).digits
    return SignIn("broker", ISSUER, number, ((digits, "insz"),), "token", uow.now + HOUR)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give what runs a command and returns its exit code and all that it printed."""
    # Every command looks at the migrations of this release, which do not change meanwhile.
    monkeypatch.setattr(migrating, "head", cache(migrating.head))

    def command(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["mo-access", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), said.out + said.err

    return command


def paths(app: Flask, **parts: str) -> list[str]:
    """Return every address that can be read beside the SCIM door."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    found = sorted({rule.rule for rule in rules if not rule.rule.startswith("/scim/")})
    for name, value in parts.items():
        found = [re.sub(rf"<([a-z]+:)?{name}>", value, path) for path in found]
    assert not [path for path in found if "<" in path]
    return found


def test_no_page_shows_a_number(place: Place) -> None:
    """Of the portal, of the person, of the doors: as a page and as JSON, with numbers asked."""
    browser, seen, shown = place.browser(), set[str](), [*place.told]
    told = {"institution": "900001", "document_id": "telling", "filename": "mo.css"}
    good = paths(place.app, **told, provider="default")
    asked = "&".join(f"{name}={quote(SECRET[1])}" for name in ("next", "after", "state", "lang"))
    bad = paths(place.app, **dict.fromkeys([*told, "provider"], SECRET[0]))
    # Who is not signed in is sent on with the address that was asked: so signing out comes last.
    stays = [*good, *(f"{path}?{asked}" for path in bad)]
    for path in sorted(stays, key=lambda one: "logout" in one):
        for form in ("text/html", "application/json"):
            answer = browser.get(path, headers={"Accept": form})
            assert answer.status_code != 500, (path, answer.text)
            seen |= {path} if answer.status_code == 200 else set()
            shown.append(f"{answer.text} {answer.headers}")
            answer.close()
    assert {"/", "/contacts", "/me", "/me/sessions", "/review/900001"} <= seen
    assert "/review/900001/export" in seen
    assert "An Peeters" in " ".join(shown)
    shown.append(_measures(place))
    assert [one for one in shown if leaks(one)] == []


def test_who_one_is_holds_no_number(place: Place) -> None:
    """Whose `sub` is a number is told by the person's own id."""
    me = place.browser().get("/me", headers={"Accept": "application/json"}).get_json()
    assert (me["id"], me["sub"], me["userName"]) == (place.an, place.an, "an")
    assert leaks(json.dumps(me)) == []
    page = place.browser().get("/me", headers={"Accept": "text/html"}).text
    assert place.an in page
    assert leaks(page) == []
    passed = place.browser().get("/forward-auth")
    assert passed.headers["X-Auth-Request-User"] == place.an


def _measures(place: Place) -> str:
    """Return the measures over HTTP, as whoever gathers them sees them."""
    with urlopen(f"http://127.0.0.1:{place.port}/metrics") as answer:
        told: str = answer.read().decode()
    assert "/review/<institution>" in told
    return told


@ON_ONE_ENGINE
def test_no_command_tells_a_number(place: Place, run: Run) -> None:
    """Each command that answers in JSON, on people with numbers, and with numbers for names."""
    given = {
        "an": place.an,
        "bob": place.bob,
        "theme": "leerlingen-openbaar",
        "school": "900001",
        "other": "900002",
        "board": "board",
        "client": "school",
        "name": "second",
        "reason": "Onderzoek",
    }
    told: list[str] = []
    for line in COMMANDS:
        codes = []
        for words in _meant(line, given):
            code, said = run(*(word.format(**words) for word in line.split()), "--json")
            assert "Traceback" not in said
            told.append(f"{line}: {said}")
            codes.append(code)
        assert 0 in codes or line in FINDINGS, told[-1]
    assert "\n".join(one for one in told if leaks(one)) == ""
    assert leaks(kept(place.database)) == []


def _meant(line: str, given: dict[str, str]) -> list[dict[str, str]]:
    """Return numbers for every word, for the reason alone where one is said, and for none."""
    wrong = [dict.fromkeys(given, SECRET[1]), {**given, "reason": f"om {SECRET[0]} heen"}]
    named = ("{" in line, "{reason}" in line)
    return [*(words for words, there in zip(wrong, named, strict=True) if there), given]


def test_every_command_with_json_is_there() -> None:
    """A new one is looked at too."""
    named = {" ".join(_words(line)) for line in COMMANDS}
    found = {" ".join(path) for path, one in _commands(cli.program, ()) if _answers_json(one)}
    assert found - named == LEFT_OUT
    assert named <= found


def _words(line: str) -> list[str]:
    words = line.split()
    return words[:1] if words[0] in {"why", "who", "doctor", "history"} else words[:2]


def _answers_json(command: click.Command) -> bool:
    return any("--json" in option.opts for option in command.params)


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context, found = click.Context(command), []
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        found += _commands(inner, (*path, name))
    return found
