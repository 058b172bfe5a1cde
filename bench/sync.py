"""Sync a made-up nation into a real server and write what it costs: ``python -m bench.sync``.

A first sync by Bulk, another by single requests with nightly ones after it, each beside another
client that reads, asks for decisions and writes. Two sizes tell whether the cost of one person
stays the same, and only then what more people would take.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import databases, report, servers, sign_ins, sync_report
from bench.aside import Kind, beside
from bench.drive import once
from bench.nation import Nation, as_json, found, renaming
from bench.scim_sides import person
from bench.servers import Server
from bench.sync_report import Run
from bench.syncing import Syncing

BEGIN: Final = "<!-- Written by `python -m bench.sync`, from here -->"
END: Final = "<!-- to here. -->"
WAYS: Final = ("by Bulk", "by single requests")
BESIDE: Final = 50
FIRST_BESIDE: Final = 900_000_000
THEME: Final = "900001:leerlingen-openbaar"


def main() -> None:
    """Measure every engine, way and size, and write the section of the page."""
    chosen = _arguments()
    with tempfile.TemporaryDirectory(prefix="mo-bench-") as folder, ExitStack() as stack:
        runs = list(_runs(chosen, Path(folder), stack))
    lines = sync_report.section(runs, _command(chosen))
    report.put(chosen.output, (BEGIN, END), lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[2_500, 10_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--output", type=Path, default=Path("docs/performance.md"))
    databases.add_to(parser)
    return parser.parse_args()


def _command(chosen: argparse.Namespace) -> str:
    sizes = " ".join(map(str, chosen.people))
    engine = " --postgres" if chosen.postgres else ""
    named = "".join(f' "{way}"' for way in chosen.ways)
    ways = "" if len(chosen.ways) == len(WAYS) else f" --ways{named}"
    return f"python -m bench.sync --people {sizes} --workers {chosen.workers}{ways}{engine}"


def _runs(chosen: argparse.Namespace, folder: Path, stack: ExitStack) -> Iterator[Run]:
    for engine, fresh in databases.chosen(chosen.postgres, folder, stack):
        for people in sorted(chosen.people):
            for way in chosen.ways:
                run = Run(engine, people, way)
                _tell(f"{people:,} people on {engine}, {way}")
                _measure(run, folder, fresh(), chosen.workers)
                yield run


def _measure(run: Run, folder: Path, url: str, workers: int) -> None:
    nation = Nation(run.people)
    token, other = found(nation, folder, url)
    env = {"MO_VAR": str(folder), "MO_DATABASE_URL": url}
    env["MO_SCIM_REQUESTS_PER_SECOND"] = "1000000"
    people = [f"e{FIRST_BESIDE + n}" for n in range(BESIDE)]
    with ExitStack() as stack:
        env |= stack.enter_context(sign_ins.provider(people))
        server = stack.enter_context(servers.ours(run.engine, env, token, workers))
        kinds = _beside(server, other)
        with beside(server.port, server.pids(), kinds) as aside:
            broker = Syncing(nation, server, aside)
            steps = broker.by_bulk if run.way == "by Bulk" else broker.singly
            for phase in steps():
                run.phases.append(phase)
                _tell(phase.line())


def _beside(server: Server, token: str) -> dict[str, Kind]:
    """Register the other client's people, and give what it will ask."""
    scim, host = replace(server, token=token), replace(server, token=token, prefix="")
    ids = [_registered(scim, FIRST_BESIDE + n) for n in range(BESIDE)]
    writes = [
        scim.request("PATCH", f"/Users/{known}", as_json(renaming(f"Els {turn}")))
        for turn in range(2)
        for known in ids
    ]
    return {
        "GET": Kind([scim.request("GET", f"/Users/{known}") for known in ids], 10),
        "evaluation": Kind([_evaluation(host, known) for known in ids], 10),
        "write": Kind(writes, 4),
        "sign-in": Kind([b""], 2, sign_ins.signed_in),
    }


def _registered(server: Server, number: int) -> str:
    sent = person(number) | {"entitlements": [{"value": THEME}]}
    status, body = once(server.port, server.request("POST", "/Users", as_json(sent)))
    if status != 201:  # noqa: PLR2004 - created
        raise RuntimeError(f"POST of a person beside was answered {status}: {body[:300]!r}")
    return sync_report.value_of(body, "id")


def _evaluation(server: Server, known: str) -> bytes:
    asked = {
        "subject": {"type": "user", "id": known},
        "action": {"name": "read"},
        "resource": {"type": "theme", "id": THEME},
    }
    request = server.request(
        "POST", "/access/v1/evaluation", as_json(asked), kind="application/json"
    )
    status, body = once(server.port, request)
    if status != 200 or b"true" not in body:  # noqa: PLR2004 - ok
        raise RuntimeError(f"an evaluation was answered {status}: {body[:300]!r}")
    return request


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
