"""``serve`` and ``demo``: the server, and the whole story next to a real broker."""

from __future__ import annotations

import os
import socket
import sys

import click

from mo_access import settings as configuration
from mo_access.commands.desk import finding, make_current
from mo_access.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def serve(host: str, port: int, workers: int) -> None:
    """Answer requests until stopped. TLS ends in the proxy in front."""
    settings = configuration.load()
    configuration.keys(settings)
    make_current(settings)
    _follow_port(settings, port)
    if _taken(host, port):
        click.echo(f"mo-access: {host}:{port} is taken or cannot be used", err=True)
        finding()
    chosen = ["--host", host, "--port", str(port), "--workers", str(workers)]
    # In place of this process: the workers are forked from it, and would carry the command line.
    _become("deploy.server", *chosen)


@click.command()
@click.option("--once", is_flag=True, help="Tell and check the story, then end.")
def demo(*, once: bool) -> None:
    """Show the whole story next to a real identity broker, until Ctrl-C."""
    # In place of this process, so that Ctrl-C and its end are the demo's own.
    _become("mo_demo", *(["--once"] if once else []))


def _become(module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - our own module, without a shell


def _follow_port(settings: Settings, port: int) -> None:
    """Where no base URL was set, the workers take the port that was asked for."""
    if "base_url" not in settings.model_fields_set:
        configuration.hand_down_base_url(f"http://127.0.0.1:{port}")


def _taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
