"""The command line: what it answers, its exit codes, and lines instead of traces (design 4)."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from mo_access import cli, settings
from mo_access.domain.model import AffiliationClaim, Form, PersonDraft, Role
from mo_access.service import audit, clients, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import migrating, resealing
from mo_access.storage.bookkeeping import list_total
from mo_access.storage.engine import Database
from mo_access.storage.schema import audit_event

INSTITUTIONS = "number;name;kind\n900001;Het Voorbeeld;school\n900002;De Proef;school\n"
THEMES = "slug,name\nleerlingen-openbaar,Leerlingen (openbaar)\n"
INSZ = "85073003328"

Run = Callable[..., "Answer"]


class Answer:
    """What a command printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command answers
        """The output as JSON."""
        return json.loads(self.out)


@pytest.fixture
def run(
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Give a function that runs ``mo-access`` on a database of either engine without data.

    A command may take the schema away; the next test of this process finds it again.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("MO_AUTO_MIGRATE", "true")

    def command(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["mo-access", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, captured.out, captured.err)

    yield command
    if migrating.current(migrated_url) != migrating.head():
        migrating.upgrade(migrated_url)


@pytest.fixture
def seeded(run: Run, tmp_path: Path) -> Run:
    """Give a database with two schools and one theme."""
    (tmp_path / "i.csv").write_text(INSTITUTIONS, encoding="utf-8")
    (tmp_path / "t.csv").write_text(THEMES, encoding="utf-8")
    assert run("institution", "import", "i.csv").code == 0
    assert run("theme", "import", "t.csv").code == 0
    return run


@contextmanager
def unit() -> Iterator[UnitOfWork]:
    """Open a unit of work on the database that the commands use."""
    found = settings.load()
    database = Database(found.database_url)
    with UnitOfWork(database, keys=settings.keys(found), request_id="test") as uow:
        yield uow
    database.close()


def person(token: str, insz: str | None = None) -> str:
    """Provision one gebruiker of 900001 and give the id."""
    with unit() as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        claim = AffiliationClaim(Form.AFFILIATIONS, "900001", Role.GEBRUIKER)
        document: dict[str, Any] = {"userName": "jan"}
        draft = PersonDraft("jan", "ext-1", True, document, affiliations=(claim,), insz=insz)
        made = people.create(uow, actor, draft)
        uow.commit()
    return made.id


def test_imports_answer_how_many_rows_they_changed(seeded: Run) -> None:
    """A repeated import changes nothing, and lists show what there is."""
    assert seeded("institution", "import", "i.csv", "--json").json == {
        "added": 0,
        "changed": 0,
        "same": 2,
    }
    assert [i["number"] for i in seeded("institution", "list", "--json").json] == [
        "900001",
        "900002",
    ]
    assert "Leerlingen (openbaar)" in seeded("theme", "list").out
    assert seeded("document", "list").out == "No documents yet.\n"


def test_a_bad_import_is_lines_and_exit_code_1(seeded: Run, tmp_path: Path) -> None:
    """Line and column, no trace of Python."""
    (tmp_path / "i.csv").write_text("number,name\n9,x\n", encoding="utf-8")
    answer = seeded("institution", "import", "i.csv")
    assert answer.code == 1
    assert answer.err == (
        "mo-access: line 2, column 1 (number): '9' is no institution number of 6 digits\n"
    )


def test_a_documents_file_lands_in_the_store(seeded: Run, tmp_path: Path) -> None:
    """The import copies, and ``list`` names where the document belongs."""
    (tmp_path / "een.txt").write_text("inhoud", encoding="utf-8")
    (tmp_path / "d.csv").write_text(
        "id,title,institution,themes,contact_name,contact_email,file\n"
        "een,Titel,900001,leerlingen-openbaar,An,an@example.org,een.txt\n",
        encoding="utf-8",
    )
    assert seeded("document", "import", "d.csv").code == 0
    (found,) = seeded("document", "list", "--json").json
    assert (tmp_path / "var" / "documents" / found["digest"]).read_text() == "inhoud"


def test_a_client_is_made_listed_rotated_and_revoked(seeded: Run) -> None:
    """The token is answered once; the list holds no secret."""
    made = seeded("client", "create", "school", "--institution", "900001", "--json").json
    assert set(made) == {"id", "token"}
    again = seeded("client", "rotate", "school", "--overlap", "1", "--json").json
    assert again["id"] == made["id"]
    assert again["token"] != made["token"]
    listed = seeded("client", "list", "--json")
    assert made["token"][21:60] not in listed.out
    assert len(listed.json[0]["secrets"]) == 2
    assert seeded("client", "revoke", made["id"], "--json").json == {"tokens": 2}
    assert "school" in seeded("client", "list").out


def test_a_client_is_changed(seeded: Run) -> None:
    """The next request of the same token is read and bound as the change says."""
    made = seeded("client", "create", "school", "--institution", "900001", "--json").json
    person(made["token"])
    told = seeded(
        *("client", "change", "school", "--name", "board", "--profile", "Strict,+op_case"),
        *("--add-institution", "900002", "--remove-institution", "900001"),
        *("--default-institution", "900002", "--scope", "scim:read", "--json"),
    ).json
    assert told["id"] == made["id"]
    assert told["ended"] == {
        "affiliations": 1,
        "grants": 0,
        "groups": 0,
        "institutions": ["900001"],
    }
    with unit() as uow:
        actor = clients.by_token(uow, made["token"])
    assert actor is not None
    assert (actor.name, actor.profile) == ("board", "strict,+op_case")
    assert actor.scopes == {"scim:read"}
    assert actor.institutions == {actor.default_institution} == {"900002"}
    back = seeded(
        *("client", "change", "board", "--add-institution", "900001"),
        *("--remove-institution", "900002", "--default-institution", ""),
    )
    assert back.out == f"client {made['id']} changed\n"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("client", "change", "nobody", "--name", "x"), 1, "no client with id or name"),
        (("client", "change", "nobody"), 2, "say what to change"),
        (("client", "change", "x", "--profile", "nope"), 2, "no profile 'nope'"),
        (("client", "create", "x", "--institution", "900777"), 1, "unknown institution 900777"),
        (("client", "create", "x"), 1, "say one of both"),
        (("client", "create", "x", "--platform", "--scope", "all"), 2, "Invalid value"),
        (("client", "create", "x", "--platform", "--oauth-issuer", "i"), 2, "go together"),
        (("client", "create", "x", "--platform", "--profile", "nope"), 2, "Invalid value"),
        (("client", "revoke", "nobody"), 1, "no client with id or name"),
        (("why", "nobody", "leerlingen-openbaar", "900001"), 1, "nobody has the id"),
        (("who", "nothing", "900001"), 1, "there is no theme"),
        (("who", "leerlingen-openbaar", "900777"), 1, "there is no institution"),
        (("session", "end", "7"), 1, "there is no session 7"),
        (("session", "end"), 2, "say a number"),
        (("db", "downgrade", "nowhere", "--yes"), 1, "nowhere"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_a_fault_is_a_line_and_a_code(
    seeded: Run, arguments: tuple[str, ...], code: int, text: str
) -> None:
    """1 for what was refused, 2 for a command that was used wrongly."""
    answer = seeded(*arguments)
    assert (answer.code, text in answer.err) == (code, True)
    assert "Traceback" not in answer.err


def test_a_configuration_that_cannot_be_used_is_78(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command says the one line; an unknown variable is a finding."""
    monkeypatch.setenv("MO_METRIC_PORT", "9")
    assert run("config", "check").code == 1
    monkeypatch.setenv("MO_SECRET_KEY", "short")
    for command in (("config", "check"), ("client", "list"), ("serve",)):
        answer = run(*command)
        assert answer.code == 78
        assert answer.err == "mo-access: MO_SECRET_KEY: must have 32 characters or more\n"


def test_showing_the_configuration_masks_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values with where they come from, never a secret."""
    monkeypatch.setenv("MO_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("MO_BASE_URL", "https://mo.example/")
    for arguments in (("config", "show"), ("config", "show", "--json")):
        answer = run(*arguments)
        assert answer.code == 0
        assert "https://mo.example" in answer.out
        assert "ssss" not in answer.out
    told = run("config", "show", "--json").json
    assert told["base_url"] == {"value": "https://mo.example", "origin": "MO_BASE_URL"}
    assert told["secret_key"]["value"] == "********"


def test_a_database_that_is_not_there_is_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace, and no password in the text."""
    monkeypatch.setenv("MO_DATABASE_URL", "postgresql://mo:geheim@127.0.0.1:1/mo")
    answer = run("client", "list")
    assert answer.code == 1
    assert answer.err.startswith("mo-access: the database cannot be reached")
    assert "geheim" not in answer.err


def test_the_schema_goes_up_and_down(run: Run) -> None:
    """``check`` tells an empty database from a current one."""
    assert run("db", "check").code == 0
    assert run("db", "downgrade", "base", "--yes").code == 0
    behind = run("db", "check")
    assert (behind.code, behind.out.splitlines()) == (
        1,
        [f"revision none, this release has {migrating.head()}", "run mo-access db upgrade"],
    )
    assert run("db", "upgrade", "--json").json == {"before": None, "after": migrating.head()}
    assert run("db", "check", "--json").json["differences"] == []


def test_what_lists_lean_on_is_mended(run: Run) -> None:
    """A total that drifted is found by ``check`` and gone after ``mend``."""
    run("client", "create", "platform", "--platform", "--json")
    with Database(settings.load().database_url).connect() as conn:
        conn.begin()
        conn.run(insert(list_total).values(kind="person", client_pk=1, shard=0, amount=7))
        conn.commit()
    found = run("db", "check")
    assert (found.code, "kept 7, counted 0" in found.out) == (1, True)
    mended = run("db", "mend", "--json")
    assert (mended.code, len(mended.json["found"]), mended.json["left"]) == (0, 1, [])
    assert run("db", "check").code == 0
    assert run("db", "mend").out == "nothing is left to mend\n"
    run("db", "downgrade", "base", "--yes")
    assert run("db", "mend").code == 1


def test_postgresql_is_not_upgraded_unasked(
    run: Run, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite is brought up by itself; PostgreSQL waits for ``db upgrade``."""
    run("db", "downgrade", "base", "--yes")
    monkeypatch.setenv("MO_AUTO_MIGRATE", "false")
    answer = run("client", "list")
    if migrated_url.startswith("sqlite"):
        assert answer.code == 0
    else:
        assert (answer.code, "run mo-access db upgrade" in answer.err) == (78, True)


def test_why_explains_each_step(seeded: Run) -> None:
    """A no names the rule; the person may be named by userName; the exit code is the answer."""
    token = seeded("client", "create", "s", "--institution", "900001", "--json").json["token"]
    person_id = person(token)
    answer = seeded("why", "JAN", "Leerlingen (openbaar)", "900001", "--json")
    assert answer.code == 1
    assert (answer.json["reason"], answer.json["person"]) == ("no_theme", person_id)
    assert answer.json["steps"][-1]["holds"] is False
    assert "refused: no_theme" in seeded("why", person_id, "leerlingen-openbaar", "900001").out
    assert seeded("who", "leerlingen-openbaar", "900001", "--json").json == []


def test_a_tampered_trail_is_a_finding(seeded: Run) -> None:
    """``verify`` names the record, ``tail`` and ``export`` show the events."""
    with unit() as uow:
        audit.seal_due(uow, "test")
        uow.commit()
    assert seeded("audit", "verify").code == 0
    assert len(seeded("audit", "tail", "-n", "2", "--json").out.splitlines()) == 2
    exported = [json.loads(line) for line in seeded("audit", "export").out.splitlines()]
    assert {event["chain"] for event in exported} == {"900001", "900002", "platform"}
    with unit() as uow:
        uow.write().run(
            update(audit_event).where(audit_event.c.chain == "900001").values(outcome="no")
        )
        uow.commit()
    answer = seeded("audit", "verify")
    assert answer.code == 1
    assert answer.out.startswith("chain 900001, record 1: the record was changed")
    assert seeded("audit", "verify", "--json").json["faults"][0]["seq"] == 1


def test_rotating_the_key_seals_every_number_anew(seeded: Run) -> None:
    """Afterwards the old key opens nothing that is stored, and can be forgotten."""
    token = seeded("client", "create", "s", "--institution", "900001", "--json").json["token"]
    person(token, INSZ)
    assert seeded("key", "rotate", "--json").json == {"key": "k2", "people": 1}
    with unit() as uow:
        ((_, person_id, sealed, index),) = resealing.people(uow.conn, 0)
        assert uow.keys.sealed_by(sealed) == "k2"
        assert uow.keys.open(f"mo:person:insz:{person_id}", sealed) == INSZ
        assert uow.keys.indexes(INSZ) == (index, index)
    assert seeded("key", "rotate", "--finish", "--json").json["people"] == 0
    assert seeded("key", "forget").code == 0
    assert INSZ not in seeded("audit", "export").out


def test_doctor_gives_a_remedy_for_each_finding(
    seeded: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key file that others can read is found; a well installation ends with 0."""
    monkeypatch.setenv("MO_BASE_URL", "https://mo.example")
    monkeypatch.setenv("MO_OIDC_ISSUER", "https://op.example")
    monkeypatch.setenv("MO_OIDC_CLIENT_ID", "mo")
    assert seeded("doctor", "--json").code == 0
    (tmp_path / "var" / "keys.json").chmod(0o644)
    answer = seeded("doctor")
    assert answer.code == 1
    assert f"chmod 600 {tmp_path}/var/keys.json" in answer.out


def test_reports_of_an_empty_installation_say_so(seeded: Run) -> None:
    """No table without rows."""
    assert seeded("sync", "report").out == "No clients yet.\n"
    assert seeded("session", "list").out == "Nobody is signed in.\n"
    assert seeded("session", "list", "--json").json == []
    assert seeded("client", "list").out == "No clients yet.\n"


def test_serve_answers_and_a_taken_port_is_a_line(tmp_path: Path) -> None:
    """The server migrates SQLite by itself and is ready; the port cannot be served twice."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = [sys.executable, "-m", "mo_access.cli", "serve", "--port", port]
    root = str(Path(cli.__file__).parents[1])
    options: dict[str, Any] = {"cwd": tmp_path, "env": {"PYTHONPATH": root}}
    server = subprocess.Popen(program, **options)
    try:
        wait_ready(f"http://127.0.0.1:{port}/health/ready")
        second = subprocess.run(program, **options, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert "is taken" in second.stderr
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_ready(url: str) -> None:
    """Wait until the address answers 200, for thirty seconds at most."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(60):
        try:
            with opener.open(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the server did not become ready")
