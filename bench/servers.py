"""The servers of the load bench, each in processes of its own on a free loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent / "peers"
START_SECONDS: Final = 60.0
SCIM: Final = "application/scim+json"


@dataclass(frozen=True)
class Server:
    """A running server: how it is called in the table, and where its SCIM begins."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    prefix: str = ""
    token: str = "none"  # noqa: S105 - for servers that ask for none

    def pids(self) -> list[int]:
        """Return its process and all that it started."""
        found, at = [self.process.pid], 0
        while at < len(found):
            children = Path(f"/proc/{found[at]}/task/{found[at]}/children").read_text().split()
            found.extend(map(int, children))
            at += 1
        return found

    def request(self, method: str, path: str, body: bytes = b"", kind: str = SCIM) -> bytes:
        """Write a request down as it goes over the wire."""
        head = (
            f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nAccept: application/scim+json\r\n"
        )
        if body:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body


@contextmanager
def anchor() -> Iterator[Server]:
    """Run a Flask hello-world under ``gunicorn -w 2``: the unit of the table."""
    port = _free()
    target = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}"]
    with _running("anchor", [*target, "bench.peers.hello:app"], port) as server:
        yield server


@contextmanager
def ours(name: str, env: dict[str, str], token: str, workers: int) -> Iterator[Server]:
    """Run ``mo-access serve`` as an operator would."""
    port = _free()
    command = [sys.executable, "-m", "mo_access.cli", "serve", "--port", str(port)]
    with _running(name, [*command, "--workers", str(workers)], port, env) as server:
        yield Server(name, port, server.process, "/scim/v2", token)


@contextmanager
def scim2_server() -> Iterator[Server]:
    """Run scim2-server with its storage in memory, hence in one process."""
    port = _free()
    command = [sys.executable, "-m", "bench.peers.memory", str(port)]
    with _running("scim2-server", command, port) as server:
        yield server


@contextmanager
def scimmy(folder: Path) -> Iterator[Server | None]:
    """Run SCIMMY where Node and its registry are there, else give nothing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not _installed(npm, folder):
        yield None
        return
    port = _free()
    command = [node, str(folder / "scimmy.cjs"), str(port)]
    with _running("SCIMMY", command, port) as server:
        yield Server("SCIMMY", port, server.process, "/scim/v2")


def _installed(npm: str, folder: Path) -> bool:
    for name in ("package.json", "scimmy.cjs"):
        shutil.copy(PEERS / name, folder / name)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=folder, timeout=300, check=False, capture_output=True)  # noqa: S603 - a fixed command line, no shell
    return done.returncode == 0


@contextmanager
def _running(
    name: str, command: Sequence[str], port: int, env: dict[str, str] | None = None
) -> Iterator[Server]:
    process = subprocess.Popen(  # noqa: S603 - a fixed command line, no shell
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port, name)
        yield Server(name, port, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{name} does not answer (exit code {process.poll()})")


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
