"""The serving process: what a worker holds in memory, and what it must not."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
import requests
from click.testing import CliRunner

from mo_access.cli import program
from mo_demo.process import Child, child_environment, reserved_port

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


def test_the_workers_count_together(tmp_path: Path) -> None:
    """Whoever answered, the measures have every request, and the log says nothing worse."""
    with reserved_port() as port, reserved_port() as measures:
        told = {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(tmp_path),
            "MO_VAR": str(tmp_path / "var"),
            "MO_BASE_URL": f"http://127.0.0.1:{port}",
            "MO_METRICS_PORT": str(measures),
        }
        serve = [sys.executable, "-m", "mo_access.cli", "serve", "--workers", "2"]
        command = [*serve, "--port", str(port)]
        server = Child.start("serve", command, child_environment(told), tmp_path / "log")
        try:
            server.wait_ready(f"http://127.0.0.1:{port}/health/ready")
            for _ in range(60):
                requests.get(f"http://127.0.0.1:{port}/health/live", timeout=10)
            shown = requests.get(f"http://127.0.0.1:{measures}/metrics", timeout=10).text
            counting = list(tmp_path.glob("mo-measures-*/counter_*.db"))
        finally:
            server.stop()
    assert 'mo_requests_total{method="GET",route="/health/live",status="200"} 60.0' in shown
    assert "mo_institutions_without_beheerder 0.0" in shown
    assert len(counting) == 2, "both workers answered, else nothing is shown"
    assert '"level": "warning"' not in server.log.read_text()
    assert list(tmp_path.glob("mo-measures-*")) == []
