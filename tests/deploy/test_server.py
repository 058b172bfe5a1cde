"""The serving process: what a worker holds in memory, and what it must not."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from mo_access.cli import program

ROOT = Path(__file__).resolve().parents[2]
UNWANTED = (
    *("alembic", "mako", "rich", "typer", "mo_access.cli", "mo_access.commands", "mo_demo"),
    # The other engine's driver: the worker of this test has SQLite.
    "psycopg",
)
# What the parent does before it forks, and each worker after it; readiness asks for migrations.
WORKER = """
import sys
from deploy import server
server.preload()
from deploy.roof import build
build().test_client().get("/health/ready")
print(*(name for name, module in sys.modules.items() if module is not None))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The modules of a worker, in a process of its own: ours has loaded all of them."""
    environment = {"PYTHONPATH": str(ROOT), "MO_VAR": str(tmp_path_factory.mktemp("var"))}
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return frozenset(done.stdout.split())


def test_a_worker_holds_the_doors(loaded: frozenset[str]) -> None:
    """Else the test below would prove nothing."""
    assert {"mo_scim.blueprint", "mo_oidc.door", "mo_portal.door", "sqlalchemy"} <= loaded


@pytest.mark.parametrize("name", UNWANTED)
def test_a_worker_holds_nothing_of_the_command_line(loaded: frozenset[str], name: str) -> None:
    """Migrations, tables in colour, commands and the demo cost each worker some megabytes."""
    assert not {module for module in loaded if module == name or module.startswith(f"{name}.")}


def test_serve_leaves_the_command_line_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are forked, so the process that forks them must be another one."""
    became: list[str] = []

    def execv(_path: str, command: list[str]) -> NoReturn:
        became.extend(command[1:])
        raise SystemExit

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setenv("MO_VAR", str(tmp_path))
    monkeypatch.setenv("MO_BASE_URL", "http://127.0.0.1:8000")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    told = CliRunner().invoke(program, ["serve", "--port", port, "--workers", "2"])
    assert told.exit_code == 0
    server = ["-m", "deploy.server"]
    assert became == [*server, "--host", "127.0.0.1", "--port", port, "--workers", "2"]
