"""What the pages name exists, and what exists is named: commands, options, settings, measures."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.exceptions import HTTPException

import mo_authzen.door
import mo_oidc.door
import mo_portal.door
import mo_scim.blueprint
from mo_access.cli import program
from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_web.app import create_app
from mo_web.metrics import Metrics
from tests.test_docs import LINK

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "deploy" / "settings.example.toml").read_text("utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")])
}
HISTORY = {"CHANGELOG.md"}
NOW = {name: text for name, text in PAGES.items() if name not in HISTORY}
ALL = "\n".join([*NOW.values(), EXAMPLE])
WRONG = NOW["docs/how-to/when-something-is-wrong.md"]
FLOORS = ("mo_access", "mo_web", "mo_scim", "mo_oidc", "mo_authzen", "mo_portal")
# Of the tests, of a broker's demo, and of other programs that a page shows.
NOT_OURS = {"--git-dir", "--no-deps", "--require-hashes"}


@cache
def commands() -> Mapping[str, frozenset[str]]:
    """Return the options of every command, by its whole name; a group has none."""
    return dict(_walked(program, ()))


def _walked(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, frozenset[str]]]:
    given = (o for p in command.params for o in (*p.opts, *p.secondary_opts))
    yield " ".join(path), frozenset(o for o in given if o.startswith("-"))
    if isinstance(command, click.Group):
        around = click.Context(command)
        for name in command.list_commands(around):
            inner = command.get_command(around, name)
            assert inner is not None
            yield from _walked(inner, (*path, name))


@pytest.mark.parametrize("name", [name for name in commands() if name])
def test_every_command_and_option_is_told(name: str) -> None:
    """On some page, by its name or behind the name of its group; `--json` is told once for all."""
    group, _, verb = name.rpartition(" ")
    behind = rf"{group} (?:[^|\n]*(?<![\w-]))?" if group else ""
    assert re.search(rf"(?<![\w-]){behind}{verb}(?![\w-])", ALL), name
    told = set(re.findall(r"(?<![\w-])-{1,2}[a-z][a-z-]*", ALL))
    assert commands()[name] - {"--help", "--json", "--version", "-h"} <= told


def test_every_command_that_is_told_exists() -> None:
    """Behind `mo-access` stands a command, and a group is followed by one of its own."""
    told = re.findall(r"(?<![\w/.])mo-access ([a-z]+)(?: ([a-z-]+))?", ALL)
    groups = {name.partition(" ")[0] for name in commands() if " " in name}
    names = {f"{one} {two}" if one in groups and two else one for one, two in told}
    assert names - set(commands()) == set()


def test_every_option_of_ours_that_is_told_exists() -> None:
    """In a line that begins with `mo-access`, and in the pages about the command line."""
    ours = frozenset[str]().union(*commands().values())
    lines = re.findall(r"mo-access (?:\\\n|[^\n`])*", ALL)
    lines.append(NOW["docs/how-to/command-line.md"])
    lines.append(NOW["docs/how-to/clients-and-tokens.md"])
    told = {
        o for line in lines for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z](?![\w…-])", line)
    }
    assert told - ours - NOT_OURS == set()


def test_every_variable_that_is_told_is_a_setting() -> None:
    """`MO_…` on a page is a setting, or the file of one."""
    told = set(re.findall(r"(?<![\w{])MO_[A-Z][A-Z0-9_]*[A-Z0-9](?!\w|_\{)", ALL))
    known = {f"MO_{name.upper()}" for name in Settings.model_fields} | {"MO_CONFIG"}
    lost = {v for v in told if v not in known and v.removesuffix("_FILE") not in known}
    assert {v for v in lost if not v.startswith("MO_TEST_")} == set()


OFFER = re.compile(r"^(?:# )?((?:[a-z][a-z0-9_]* = |\[[a-z.]+\]$).*)", re.MULTILINE)


# The table of a second provider is the first one's settings again.
WITHOUT_MORE = re.sub(r"# \[\[oidc\.providers\]\].*?(?=\n\[)", "", EXAMPLE, flags=re.DOTALL)


def offered() -> Iterator[tuple[str, object, bool]]:
    """Yield each setting of the example, its value, and whether that is an example only."""
    above = ""
    for line in OFFER.findall(WITHOUT_MORE):
        if line.startswith("["):
            above = line.strip("[]") + "_"
            continue
        ((name, value),) = tomllib.loads(line).items()
        yield above + name, value, line.endswith("# example")


SHOWN = {name: (value, example) for name, value, example in offered()}
# What an installation must say, and what cannot be written on a line.
SAID = {"base_url", "oidc_issuer", "oidc_client_id"}


def test_the_example_offers_every_setting() -> None:
    """Each is there to be found, whichever page tells more of it; more providers are a table."""
    assert set(SHOWN) == set(Settings.model_fields) - {"oidc_providers"}
    assert "# [[oidc.providers]]" in EXAMPLE


@pytest.mark.parametrize("name", sorted(set(SHOWN) - SAID))
def test_the_example_tells_the_default(name: str) -> None:
    """Or says that it is an example; an example that is the default does not say so."""
    value, example = SHOWN[name]
    default: Any = Settings.model_fields[name].get_default(call_default_factory=True)
    assert (_written(default) == str(value)) is not example


def _written(default: object) -> str:
    """Write a default as the file would."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, Mapping):
        return " ".join(f"{key}={value}" for key, value in default.items())
    if isinstance(default, tuple):
        return " ".join(":".join(one) if isinstance(one, tuple) else one for one in default)
    return str(default)


def test_every_measure_is_told() -> None:
    """The table of the page holds what Prometheus reads, and nothing else."""
    measures = Metrics()
    measures.show_missing_beheerders(lambda: 0.0)
    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in measures.registry.collect()
    }
    assert set(re.findall(r"^\| `(mo_\w+)` \|", WRONG, re.MULTILINE)) == there
    named = set(re.findall(r"`(mo_[a-z_]+?)(?:\{[^}`]*\})?`", ALL))
    assert {n for n in named if n.endswith("_total") or n in there} <= there


def test_every_event_of_the_log_is_told() -> None:
    """The table of the page holds each name that a log line has, and no other."""
    rows = re.findall(
        r"^\| (`[a-z_`, ]+`) \|", WRONG.partition("## What stands in the log")[2], re.MULTILINE
    )
    assert {name.strip("` ") for row in rows for name in row.split(",")} == set(_events())


def _events() -> Iterator[str]:
    paths = [path for floor in FLOORS for path in sorted((ROOT / floor).glob("**/*.py"))]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _logs(node.func):
                first = node.args[0]
                if isinstance(first, ast.Constant) and str(first.value) != "ok":
                    yield str(first.value)


def _logs(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in {"info", "warning", "error", "_note", "_tell"}


@pytest.fixture
def app(tmp_path: Path, sqlite_template: Path) -> Iterator[Flask]:
    """Give the whole application, with no provider."""
    settings = Settings(var=tmp_path, secret_key="k" * 40)
    Path(settings.database_url.removeprefix("sqlite:///")).write_bytes(sqlite_template.read_bytes())
    database = Database(settings.database_url)
    doors = [
        mo_scim.blueprint.door(),
        mo_oidc.door.door(settings),
        mo_authzen.door.door(),
        mo_portal.door.door(),
    ]
    yield create_app(settings, database, KeyRing({"k1": bytes(32)}, "k1"), doors)
    database.close()


TOLD_ADDRESS = re.compile(
    r"(?<![\w.>}/-])(?:https://(?:access\.example\.org|<you>|<us>))?"
    r"(/(?:scim|oidc|me|access|forward-auth|health|\.well-known)(?:/[\w<>./-]*\w)?)(?![\w/{])"
)


def test_every_address_that_is_told_exists(app: Flask) -> None:
    """Of SCIM, signing in, decisions and health."""
    router = app.url_map.bind("localhost")
    lost = []
    for path in sorted(set(TOLD_ADDRESS.findall(ALL))):
        try:
            router.match(path, "GET")
        except HTTPException as fault:
            if fault.code == 404:
                lost.append(path)
    assert lost == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """By links alone, from page to page."""
    found, todo = set[str](), ["README.md"]
    while todo:
        name = todo.pop()
        if name in found or name not in PAGES:
            continue
        found.add(name)
        for link in LINK.findall(PAGES[name]):
            at = ((ROOT / name).parent / link).resolve().relative_to(ROOT.resolve())
            todo += [p for p in PAGES if p == at.as_posix() or Path(p).parent == at]
    assert set(PAGES) - found == set()
