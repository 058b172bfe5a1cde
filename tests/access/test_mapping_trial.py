"""``mapping test``: what recorded bodies and claims mean, without a trace of them left behind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mo_access.storage.schema import metadata
from tests.access.test_cli import Run, run, seeded, unit

__all__ = ["run", "seeded"]

RECORDINGS = Path(__file__).parent.parent / "recordings"
EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "mapping.toml"
INSZ = "85073003328"
THEME = "leerlingen-openbaar"
MINE = "MijnOnderwijsPortaal"

TABLE: list[tuple[dict[str, Any], list[tuple[str, str, str | None]]]] = [
    ({"mijnonderwijs_rol_3d": [f"{MINE}Beheerder:900001"]}, [("beheerder", "900001", None)]),
    ({"mijnonderwijs_rol_3d": f"{MINE.lower()}gebruiker:90001"}, [("gebruiker", "090001", None)]),
    (
        {"mijnonderwijs_rol_3d": [f"{MINE}Gebruiker:900001, 900002"]},
        [("gebruiker", "900001", None), ("gebruiker", "900002", None)],
    ),
    (
        {"mijnonderwijs_rol_3d": [f"{MINE}Gebruiker-leerlingenVertrouwelijk:900001"]},
        [("gebruiker", "900001", "leerlingen-vertrouwelijk")],
    ),
    ({"mijnonderwijs_rol_3d": [f"{MINE}BeheerderAssistent:900001"]}, []),
    ({"mijnonderwijs_rol_3d": [f"{MINE}Beheerder"]}, []),
    ({"mijnonderwijs_rol_3d": [":900001"]}, []),
]


def written(folder: Path, value: object) -> str:
    """Write a file of messages and give its name."""
    path = folder / "messages.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)


def items(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - what a command printed
    """Give the items of a report."""
    found: list[dict[str, Any]] = answer.json["items"]
    return found


@pytest.mark.parametrize(("claims", "expected"), TABLE)
def test_the_table_of_claims(
    run: Run, tmp_path: Path, claims: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    """domain.md, "claims at sign-in"; what gives nothing is told with the reason."""
    (one,) = items(run("mapping", "test", written(tmp_path, claims), "--json"))
    assert one["kind"] == "claims"
    assert [(r["role"], r["institution"], r["theme"]) for r in one["roles"]] == expected
    assert bool(one["unmapped"]) is not bool(expected)
    assert all(each["why"] for each in one["unmapped"])


def test_the_rows_about_capacity_and_target_group(run: Run, tmp_path: Path) -> None:
    """A role outside the session's institution is ignored; a foreign target group is refused."""
    role = {"mijnonderwijs_rol_3d": [f"{MINE}Beheerder:900002"]}
    sent = [
        role | {"vo_orgcode": "900001"},
        *({"vo_doelgroepcode": code} for code in ("EA", "BUR")),
    ]
    answer = run("mapping", "test", written(tmp_path, sent), "--json")
    here, *refused = items(answer)
    assert (here["roles"], here["capacity"]) == ([], ["900001"])
    assert here["ignored"] == [{"role": "beheerder", "institution": "900002", "theme": None}]
    assert [one["refused"]["detail"] for one in refused] == ["target_group", "target_group"]
    assert answer.code == 1


def test_what_a_user_means_and_why_the_rest_means_nothing(seeded: Run, tmp_path: Path) -> None:
    """Each form, and each reason; institutions and themes are those of the database."""
    roles = ["gebruiker:900001", f"{MINE}Gebruiker-leerlingenOpenbaar:900002", "gebruiker:900009"]
    roles += [f"{MINE}Gebruiker", "gebruiker", "Zomaar:900001", f"{MINE}Beheerder-zomaar:900001"]
    user = {
        "userName": "jan",
        "roles": [{"value": text} for text in roles],
        "entitlements": [{"value": "900001:leerlingen-openbaar"}, {"value": "zomaar:900001"}],
    }
    answer = seeded("mapping", "test", written(tmp_path, user), "--json")
    (one,) = items(answer)
    assert answer.json["catalogue"] == "database"
    told = {(a["role"], a["institution"], a["form"]) for a in one["affiliations"]}
    assert told == {("gebruiker", "900001", "roles"), ("gebruiker", "900002", "roles")}
    assert {(t["theme"], t["institution"]) for t in one["themes"]} == {
        (THEME, "900001"),
        (THEME, "900002"),
    }
    why = {each["text"].partition(":")[0]: each["why"] for each in one["unmapped"]}
    assert why["roles[2]"].startswith("names an institution")
    assert why["roles[3]"].startswith("says no institution; a right")
    assert why["roles[4]"].startswith("says no institution, and the client")
    assert why["roles[5]"].startswith("is no right or role")
    assert why["roles[6]"].startswith("has a context that is no theme")
    assert why["entitlements[1]"].startswith("is no theme")
    assert len(why) == 6
    assert answer.code == 1


def test_a_client_sees_its_own_institutions_only(seeded: Run, tmp_path: Path) -> None:
    """A foreign number reads exactly like one that there is not (rule 4)."""
    assert seeded("client", "create", "s", "--institution", "900001", "--json").code == 0
    texts = ("gebruiker:900001", "gebruiker:900002", "gebruiker:900009", "gebruiker")
    user = {"userName": "jan", "roles": [{"value": text} for text in texts]}
    group = {"displayName": "MO_900002_leerlingen-openbaar"}
    path = written(tmp_path, [user, group, {"displayName": "MO_900009_leerlingen-openbaar"}])
    one, foreign, absent = items(seeded("mapping", "test", path, "--client", "s", "--json"))
    assert {a["institution"] for a in one["affiliations"]} == {"900001"}
    assert len({each["why"] for each in one["unmapped"]}) == 1
    assert foreign["refused"] == absent["refused"]
    assert foreign["refused"]["scimType"] == "invalidValue"
    unknown = seeded("mapping", "test", path, "--client", "t")
    assert (unknown.code, unknown.err) == (1, "mo-access: no client with id or name 't'\n")


def contents() -> dict[str, str]:
    """Return a hash of every table, and of every file beside the database."""
    with unit() as uow:
        tables = {
            table.name: repr(sorted(uow.conn.all(select(table), {}), key=repr))
            for table in metadata.sorted_tables
        }
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tables.items()}


def test_nothing_is_written(seeded: Run, tmp_path: Path) -> None:
    """Not a row in any table and not a file: every recording of every broker, and claims."""
    assert seeded("client", "create", "s", "--platform", "--json").code == 0
    claims = written(tmp_path, {"mijnonderwijs_rol_3d": [f"{MINE}Beheerder:900001"]})
    before, files = contents(), sorted(tmp_path.rglob("*"))
    for path in [*sorted(RECORDINGS.glob("*/*.json")), Path(claims)]:
        answer = seeded("mapping", "test", str(path), "--client", "s", "--json")
        assert answer.code in {0, 1}, (path, answer.err)
        assert answer.err == "" or "holds no body" in answer.err
    assert contents() == before
    assert sorted(tmp_path.rglob("*")) == files


def test_without_a_database_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """It says what it assumes; no database, no keys and no secret appear."""
    monkeypatch.setenv("MO_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite")
    before = {each.name for each in tmp_path.iterdir()}
    path = written(tmp_path, {"userName": "jan", "roles": [{"value": "gebruiker:912345"}]})
    answer = run("mapping", "test", path, "--json")
    assert (answer.code, answer.json["catalogue"]) == (0, "assumed")
    assert items(answer)[0]["affiliations"][0]["institution"] == "912345"
    refused = run("mapping", "test", path, "--client", "s")
    assert (refused.code, refused.out) == (1, "")
    assert "--client needs the database" in refused.err
    assert run("config", "check").code == 0
    assert {each.name for each in tmp_path.iterdir()} == {*before, "messages.json"}


@pytest.mark.parametrize("shown", [INSZ, "85.07.30-033.28", "850730 033 28"])
def test_no_number_of_a_person_is_printed(run: Run, tmp_path: Path, shown: str) -> None:
    """Wherever it stands: attribute, role, theme, name of a group, claim, number that is wrong."""
    extension = "urn:mijn-onderwijs:params:scim:schemas:extension:access:2.0:User"
    messages = [
        {"userName": shown, "roles": [{"value": f"{shown}:900001"}, {"value": f"x:{shown}"}]},
        {"userName": "x", "entitlements": [{"value": shown}], extension: {"insz": shown + "1"}},
        {"userName": "x", "roles": [{"value": "gebruiker", "type": shown}], shown: 1},
        {"displayName": f"MO_900001_{shown}"},
        {"displayName": f"MO_{shown}_x", "members": [shown]},
        {"displayName": shown + "1"},
        {"mijnonderwijs_rol_3d": ["x" * 73 + shown, shown + "1"]},
        {"userName": "x", "roles": [{"value": "x" * 60 + " " + shown}]},
        {"rrn": shown, "mijnonderwijs_rol_3d": [shown, f"{shown}:900001"], "vo_orgcode": shown},
    ]
    path = written(tmp_path, messages)
    for form in ((), ("--json",)):
        answer = run("mapping", "test", path, *form)
        assert answer.out
        digits = "".join(sign for sign in answer.out + answer.err if sign.isdigit() or sign == "\n")
        assert INSZ[:9] not in digits
        assert shown not in answer.out + answer.err


def test_every_form_of_a_file_is_read(run: Run, tmp_path: Path) -> None:
    """One body, a list, JSON lines, a conversation, a Bulk request; a PATCH is skipped, told so."""
    user, group = {"userName": "a"}, {"displayName": "b"}
    patch = {"Operations": [{"op": "add", "path": "active", "value": True}]}
    steps = [
        {"send": "POST /Users", "body": user},
        {"send": "GET /Users/{x}"},
        {"send": "PATCH /Users/{x}", "body": patch},
        {"send": "PUT /Groups/{y}", "body": group},
        {"send": "POST /Users/.search", "body": {"filter": "x"}},
    ]
    bulk = {"Operations": [{"method": "POST", "path": "/Groups", "data": group}]}
    forms: list[tuple[object, list[str]]] = [
        (user, ["user"]),
        ([user, group, {"sub": "x"}], ["user", "group", "claims"]),
        (f"{json.dumps(user)}\n\n{json.dumps(group)}\n", ["user", "group"]),
        ({"steps": steps}, ["user", "user", "group"]),
        (bulk, ["group"]),
    ]
    for sent, kinds in forms:
        answer = run("mapping", "test", written(tmp_path, sent), "--json")
        assert [one["kind"] for one in items(answer)] == kinds
        assert [one["kind"] for one in items(answer) if "skipped" in one] == (
            ["user"] if sent == {"steps": steps} else []
        )
    told = run("mapping", "test", written(tmp_path, group), "--kind", "user", "--json")
    assert items(told)[0]["refused"]["scimType"]


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"a": 1, "a": 2}', "[" * 100_000, '{"steps":[1]}']
)
def test_a_file_that_is_no_json_is_a_line_and_not_a_trace(
    run: Run, tmp_path: Path, text: str
) -> None:
    """Nor is what stands in it repeated."""
    answer = run("mapping", "test", written(tmp_path, text))
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("mo-access: ")


def test_the_example_file_is_checked_against_the_database(
    seeded: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it names and the database does not know is a warning; the file can still be used."""
    monkeypatch.setenv("MO_MAPPING_FILE", str(EXAMPLE))
    answer = seeded("config", "check", "--json")
    assert answer.code == 0
    assert answer.json["warnings"] == ["mapping: no theme has the slug leerlingen-vertrouwelijk"]
    sent = [
        {"userName": "a", "roles": [{"value": "School-Admin:VOORBEELD-gent"}]},
        {"userName": "a", "roles": [{"value": "member", "type": "OU900002"}]},
        {"displayName": "Thema Leerlingen - Openbaar @ ou900002"},
        {"displayName": "rol MEMBER @ 900001"},
        {"displayName": "rol MEMBERS @ 900001"},
        {"mijnonderwijs_rol_2d": "Mijn Onderwijs Portaal Gebruiker:ou900002"},
    ]
    one, two, theme, role, free, claims = items(
        seeded("mapping", "test", written(tmp_path, sent), "--json")
    )
    assert [(a["role"], a["institution"]) for a in one["affiliations"]] == [("beheerder", "900001")]
    assert [(a["role"], a["institution"]) for a in two["affiliations"]] == [("gebruiker", "900002")]
    assert (theme["group"]["theme"], theme["group"]["institution"]) == (THEME, "900002")
    assert (role["group"]["role"], role["group"]["institution"]) == ("gebruiker", "900001")
    assert (free["group"]["role"], free["group"]["theme"]) == (None, None)
    assert claims["roles"] == [{"role": "gebruiker", "institution": "900002", "theme": None}]


@pytest.mark.parametrize("database", [False, True])
def test_a_right_that_nothing_matches_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, database: bool
) -> None:
    """A colon ends a right: one that holds it stands for nothing, in the file or in a variable."""
    if not database:
        monkeypatch.setenv("MO_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite")
    right, theme_right = "urn:x:beheerder", "urn:x:lezer-openbaar"
    monkeypatch.setenv("MO_BEHEERDER_RIGHTS", right)
    path = tmp_path / "mapping.toml"
    path.write_text(f'version = 1\n[theme_rights]\n"{theme_right}" = "{THEME}"\n', encoding="utf-8")
    monkeypatch.setenv("MO_MAPPING_FILE", str(path))
    told = run("config", "check", "--json").json["warnings"]
    assert [text.split(": holds")[0] for text in told if "colon" in text] == [
        f"right {right}",
        f"right {theme_right}",
    ]
    sent = [
        {"userName": "a", "roles": [{"value": f"{one}:900001"}]} for one in (right, theme_right)
    ]
    for item in items(run("mapping", "test", written(tmp_path, sent), "--json")):
        assert (item["affiliations"], item["themes"]) == ([], [])


def test_show_and_check_tell_of_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a value comes from, and each fault with its key and exit code 78."""
    monkeypatch.setenv("MO_MAPPING_FILE", str(EXAMPLE))
    shown = run("config", "show", "--json").json
    assert shown["beheerder_rights"]["origin"] == "MO_MAPPING_FILE"
    assert shown["mapping.institutions"]["value"]["ou900002"] == "900002"
    assert run("config", "schema").json["title"].startswith("Mapping file")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("version = 1\nrigths = 1\n[claims]\nrole = []\n", encoding="utf-8")
    monkeypatch.setenv("MO_MAPPING_FILE", str(wrong))
    answer = run("config", "check")
    assert (answer.code, answer.err.count("did you mean")) == (78, 2)
