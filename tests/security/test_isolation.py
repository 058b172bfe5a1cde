"""What is another's answers as what is not there, in every place of every route (rule 4, P2)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mo_access.storage.engine import Database
from tests.security.isolation_cells import CELLS, NOTHING_OF_A_CLIENT, PERSONAL, Cell, question
from tests.security.isolation_world import (
    BASE,
    EXTENSION,
    NOWHERE,
    OURS,
    SCIM,
    THEIRS,
    THEME,
    Answer,
    Sent,
    Things,
    World,
    build,
)
from tests.support.postgres import PostgresServer

ALL = os.environ.get("MO_TEST_ISOLATION") == "all"
_CREATED = 201
HIDDEN = (
    *("user", "group", "themed", "user_name", "user_external", "group_name", "group_external"),
    *("family", "email", "insz", "user_tag", "group_tag"),
)
STRICT = [cell for cell in CELLS if cell.place.endswith(("member", "body id", "new", "by path"))]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Give one world to all cells of an engine: a cell that is right leaves it as it was."""
    folder = tmp_path_factory.mktemp("isolation")
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        url = f"sqlite:///{shutil.copy(template, folder / 'mo.sqlite')}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database(request.getfixturevalue("postgres_migrated")))
    database = Database(url)
    made = build(database, folder)
    made.engine = request.param
    made.foreign = made.things("owner", THEIRS)
    listed = Sent("GET", f"{SCIM}/Users", query={"cursor": "", "count": "1"})
    made.things("owner", THEIRS)
    made.foreign["cursor"] = made.send("owner", listed).get_json()["nextCursor"]
    yield made
    database.close()


def answered(world: World, cell: Cell, it: str, who: str, patch: pytest.MonkeyPatch) -> Answer:
    """Ask with this value, beside fresh things of the asker's own."""
    me = Own(world, who)
    sent = cell.filled(it, me)
    return world.asked(who, sent, [it, *(me[name] for name in HIDDEN if name in me)], patch)


class Own(Things):
    """Things of the asker's own, made when a cell first speaks of them."""

    def __init__(self, world: World, who: str) -> None:
        """Make nothing yet."""
        super().__init__()
        self._world, self._who = world, who

    def __missing__(self, name: str) -> str:
        """Make them all."""
        self.update(self._world.things(self._who, OURS))
        return self[name]


def own(world: World, cell: Cell, who: str) -> str:
    """Return such a value of the asker's own."""
    return world.things(who, OURS).get(cell.key, "")


def nobodys(world: World, cell: Cell) -> str:
    """Return such a value that is nobody's."""
    if cell.key == "cursor":
        sealed = world.foreign["cursor"]
        return sealed[:-9] + ("A" if sealed[-9] != "A" else "B") + sealed[-8:]
    return world.nobody()[cell.key]


def test_every_route_has_its_row(world: World) -> None:
    """A new route, or a method of one, that nobody thought about fails here."""
    adapter, named = world.app.url_map.bind("mo.example"), world.nobody() | {"cursor": "x"}
    told = set()
    for cell in CELLS:
        sent = cell.filled(named[cell.key], named)
        rule, _ = adapter.match(sent.path, method=sent.method, return_rule=True)
        told.add((rule.rule, sent.method))
    for rule in world.app.url_map.iter_rules():
        if rule.rule in NOTHING_OF_A_CLIENT or rule.rule in PERSONAL:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (rule.rule, method) in told, f"{method} {rule.rule} has no row"


def judge(world: World, cell: Cell, who: str, patch: pytest.MonkeyPatch) -> None:
    """Compare nobody's with the owner's, and see that the asker's own is told apart."""
    before = world.kept()
    answers = {}
    whose: dict[str, Callable[[], str]] = {
        "absent": lambda: nobodys(world, cell),
        "foreign": lambda: world.key_of_owner() if cell.key == "key" else world.foreign[cell.key],
        "own": lambda: own(world, cell, who),
    }
    for name, value in whose.items():
        answers[name] = answered(world, cell, value(), who, patch)
        tidy(world, who)
    assert told_apart(answers["foreign"], answers["absent"]) == [], cell.name
    assert answers["absent"].status < 500
    if cell.tells:
        assert answers["own"] != answers["absent"], f"{cell.name}: the cell sees nothing"
    assert world.kept() == before, f"{cell.name} changed what is the owner's"


def told_apart(one: Answer, other: Answer) -> list[object]:
    """Return what differs."""
    if one.status == _CREATED:
        # A person that is made and a person that is found: other statements, but not one more.
        one, other = (
            replace(a, statements=("",) * len(a.statements), rows=()) for a in (one, other)
        )
    pairs = ((getattr(one, part), getattr(other, part)) for part in Answer.__slots__)
    return [pair for pair in pairs if pair[0] != pair[1]]


def tidy(world: World, who: str) -> None:
    """Take away what the asker has, so that each answer comes from the same state."""
    for kind in ("Users", "Groups"):
        listed = world.send(who, Sent("GET", f"{SCIM}/{kind}", query={"attributes": "id"}))
        for found in json.loads(listed.get_data())["Resources"]:
            world.send(who, Sent("DELETE", f"{SCIM}/{kind}/{found['id']}"))


def asked(cells: Sequence[Cell]) -> list[tuple[str, Cell]]:
    """Choose every cell on SQLite; on PostgreSQL, asked the same, every eighth unless all."""
    return [("sqlite", cell) for cell in cells] + [
        ("postgresql", cell) for place, cell in enumerate(cells) if ALL or place % 8 == 0
    ]


def named(value: object) -> str:
    """Name a cell, or an engine."""
    return value.name if isinstance(value, Cell) else str(value)


@pytest.mark.parametrize(("world", "cell"), asked(CELLS), indirect=["world"], ids=named)
def test_a_foreign_thing_is_an_absent_one(
    world: World, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same status, headers, body and statements, and as many rows behind each of these."""
    judge(world, cell, "stranger", monkeypatch)


@pytest.mark.parametrize(("world", "cell"), asked(STRICT), indirect=["world"], ids=named)
def test_so_it_is_on_the_strict_profile(
    world: World, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a profile decides how an unknown member is answered."""
    judge(world, cell, "strict", monkeypatch)


def test_what_others_do_changes_nothing_of_what_one_reads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Totals, pages, orders, tags and statements stay as they were (rule 4).

    Also of a person that both know, whom the other gives rights, groups and an end.
    """
    mine = world.things("stranger", OURS)
    before = [world.asked("stranger", sent, [], monkeypatch) for sent in reads(mine)]
    theirs = world.things("owner", THEIRS)
    said = {"insz": mine["insz"], "affiliations": [{"value": THEIRS}]}
    shared: dict[str, object] = {
        "userName": f"shared-{world.serial}",
        EXTENSION: said,
    }
    shared["entitlements"] = [{"value": f"{THEIRS}:{THEME}"}]
    known = world.made("owner", "Users", shared)
    assert known["id"] == mine["user"]
    body = {"displayName": f"MO_{THEIRS}_beheerder", "members": [{"value": mine["user"]}]}
    role = world.made("owner", "Groups", body)
    for change in (None, Sent("PUT", f"{SCIM}/Users/{known['id']}", shared | {"active": False})):
        if change is not None:
            assert world.send("owner", change).status_code == 200
        after = [world.asked("stranger", sent, [], monkeypatch) for sent in reads(mine)]
        # A decision weighs what all clients say of the person, and so reads as many rows.
        weighed = [sent.path.startswith("/access/v1/") for sent in reads(mine)]
        assert [
            replace(now, rows=was.rows) if more else now
            for now, was, more in zip(after, before, weighed, strict=True)
        ] == before
    for kind, gone in (
        ("Groups", role["id"]),
        ("Users", known["id"]),
        ("Users", theirs["user"]),
        ("Groups", theirs["group"]),
        ("Groups", theirs["themed"]),
    ):
        assert world.send("owner", Sent("DELETE", f"{SCIM}/{kind}/{gone}")).status_code == 204
    assert [world.asked("stranger", sent, [], monkeypatch) for sent in reads(mine)] == before
    tidy(world, "stranger")


def reads(mine: Things) -> list[Sent]:
    """Return lists in every order and size, and things of one's own."""
    sorts = {
        "Users": (
            *("id", "userName", "externalId", "meta.created", "name.familyName", "emails.value"),
            *("affiliations", "groups", "groups.display", "organization"),
        ),
        "Groups": ("id", "displayName", "members"),
    }
    found: list[Sent] = []
    for kind in ("Users", "Groups"):
        root = f"{SCIM}/{kind}"
        asked: list[dict[str, str]] = [
            {},
            {"count": "0"},
            {"count": "1"},
            {"startIndex": "2"},
            {"cursor": ""},
        ]
        asked += [{"cursor": "", "count": "1"}, {"filter": "id pr"}]
        asked += [{"sortBy": name} for name in sorts[kind]]
        found += [Sent("GET", root, query=query) for query in asked]
        found += [Sent("POST", f"{root}/.search", query) for query in asked]
        found.append(Sent("GET", f"{root}/{mine[kind[:-1].lower()]}"))
    number = f'{EXTENSION}:insz eq "{mine["insz"]}"'
    found.append(Sent("POST", f"{SCIM}/Users/.search", {"filter": number}))
    found += [Sent("GET", f"{SCIM}/{name}") for name in ("", "Institutions", "Themes")]
    asked_of = question(mine["user"], f"{OURS}:{THEME}")
    for way in ("evaluation", "search/subject", "search/resource", "search/action"):
        found.append(Sent("POST", f"/access/v1/{way}", asked_of))
    return found


def test_a_person_is_told_why_and_nothing_of_what_it_is(world: World) -> None:
    """Rule 10: who may not read a document learns the reason, and not a word of the document."""
    mine = world.things("stranger", OURS)
    browser = world.app.test_client()
    opened = world.session(mine["user"])
    browser.set_cookie("__Host-mo_session", opened, domain="mo.example", secure=True)

    def get(path: str) -> tuple[int, str]:
        answer = browser.get(path, headers={"Accept": "text/html"}, base_url=BASE)
        shown = answer.status_code, answer.get_data(as_text=True)
        answer.close()
        return shown

    assert get(f"/documents/doc-{OURS}")[0] == 200
    assert get("/documents/doc-999999")[0] == 404
    status, page = get(f"/documents/doc-{THEIRS}")
    assert status == 403
    assert not any(word in page for word in ("Zeldzaam", "De Linde", "Cis Peeters", "cis@"))
    assert "Zeldzaam" not in get("/")[1] + get("/contacts")[1]
    assert get(f"/forward-auth?theme={THEME}&institution={OURS}")[0] == 204
    for other in (THEIRS, NOWHERE):
        assert get(f"/forward-auth?theme={THEME}&institution={other}") == (403, "")
    tidy(world, "stranger")
