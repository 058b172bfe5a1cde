"""The page that the load bench writes: machine, versions, table; what a person wrote is kept."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

HEAD: Final = (
    "| work | server | req/s | of anchor | CPU us | p50 ms | p99 ms | failed |\n"
    "|---|---|---:|---:|---:|---:|---:|---|"
)
MARK: Final = "<!-- Above: written by `python -m bench.load`. Below: by hand. -->"
_PACKAGES: Final = ("flask", "granian", "gunicorn", "sqlalchemy", "scim2-models", "scim2-server")


def write(
    path: Path,
    chosen: argparse.Namespace,
    lines: Iterable[str],
    memory: Iterable[tuple[str, float]],
) -> None:
    """Write the generated part and keep what stands below the mark."""
    kept = path.read_text().partition(MARK)[2] if path.exists() else "\n"
    page = "\n".join([*_intro(chosen), "", *lines, "", *_memory(memory), "", MARK])
    path.write_text(page + kept)


def failures(failed: Mapping[int, int], done: int) -> str:
    """Tell how many failed and by which status; nothing when none did."""
    statuses = ", ".join(str(status) for status in sorted(failed))
    return f"{sum(failed.values())} of {done} ({statuses})" if failed else ""


def machine() -> str:
    """Say on what was measured, with which versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}; {versions}."
    )


def put(path: Path, marks: tuple[str, str], lines: Iterable[str]) -> None:
    """Write what stands between two marks, and keep all else; without them, at the end."""
    begin, end = marks
    page = path.read_text() if path.exists() else ""
    above, _, rest = page.partition(begin)
    below = rest.partition(end)[2] if rest else "\n"
    text = "\n".join(lines)
    path.write_text(f"{above.rstrip()}\n\n{begin}\n\n{text}\n\n{end}{below}")


def _intro(chosen: argparse.Namespace) -> list[str]:
    return [
        "# Performance",
        "",
        (
            f"`python -m bench.load --people {chosen.people} --rounds {chosen.rounds} "
            f"--seconds {chosen.seconds:g}`: {chosen.people:,} people at 50 institutions "
            f"on our side, {min(chosen.people, chosen.peer_people):,} on the others'. Medians "
            "over the rounds, servers in turn, one load generator on the same machine."
        ),
        "",
        (
            "*Anchor*: a Flask hello-world under `gunicorn -w 2`, measured just before each "
            "stretch. *CPU us*: of all the server's processes, per request. Believe "
            "the ratios and the CPU, not the requests per second."
        ),
        "",
        machine(),
    ]


def _memory(memory: Iterable[tuple[str, float]]) -> list[str]:
    rows = [f"| {name} | {mebibytes:,.0f} |" for name, mebibytes in memory]
    return ["| memory after all this, PSS | MiB |", "|---|---:|", *rows]
