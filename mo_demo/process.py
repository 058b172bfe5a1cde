"""Child processes of the demo: free ports, start, wait until ready, stop cleanly."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import requests

LOOPBACK = "127.0.0.1"


class DemoError(Exception):
    """Something the demo needs did not work; the text says what and where to look."""


@contextmanager
def reserved_port(preferred: int = 0) -> Iterator[int]:
    """Hold a loopback port, the preferred one if it is free, while a server takes it and after.

    Held by being bound without listening: nobody else is given it meanwhile, neither another demo
    that starts at the same moment nor an outgoing connection, and our server may listen on it.
    """
    with _bound(preferred) or _bound(0) or _no_port() as held:
        yield int(held.getsockname()[1])


def _bound(port: int) -> socket.socket | None:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.bind((LOOPBACK, port))
    except OSError:
        held.close()
        return None
    # Only now: a port that somebody else holds in this way is refused by the line above.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return held


def _no_port() -> socket.socket:
    message = "No free port on the loopback address."
    raise DemoError(message)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return a small, known environment: nothing of the caller's shell leaks into a child."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **extra}


def run_once(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> str:
    """Run a command to its end and return what it printed; raise DemoError when it fails."""
    done = subprocess.run(  # noqa: S603 - a fixed command line, no shell
        command, env=dict(env), cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        shown = " ".join(Path(part).name if "/" in part else part for part in command[:3])
        message = (
            f"`{shown}` failed ({done.returncode}):\n{done.stderr[-2000:] or done.stdout[-2000:]}"
        )
        raise DemoError(message)
    return done.stdout


@dataclass
class Child:
    """A server of ours or of the broker: one process group, its output in one log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> "Child":
        """Start the command in a session of its own, so that Ctrl-C reaches only the demo."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - a fixed command line, no shell
                command,
                env=dict(env),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, process, log)

    def wait_ready(self, url: str, seconds: float = 120, authority: str | None = None) -> None:
        """Return once the address answers 200; raise DemoError when it ends or takes too long.

        `authority` is the file of the certificate that vouches for an https address.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if _answers(url, authority):
                return
            time.sleep(0.1)
        message = f"{self.name} did not start; the end of {self.log}:\n{self.log_tail()}"
        raise DemoError(message)

    def log_tail(self, characters: int = 3000) -> str:
        """Return the end of what the process printed."""
        return self.log.read_text(errors="replace")[-characters:]

    def stop(self) -> None:
        """Ask the process group to end, and end it after ten seconds."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            os.killpg(self.process.pid, sign)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue


def _answers(url: str, authority: str | None) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = authority or True
        try:
            return session.get(url, timeout=5).status_code == HTTPStatus.OK
        except requests.RequestException:
            return False
