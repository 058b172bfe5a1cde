"""Microsoft's Postman collection, played by newman as their makers publish them.

What it asserts and should not is in ``lists/newman.toml``; every other failure is one.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from conformance.newman_parts import KEPT, NotHere, collection, newman, newman_version
from conformance.player import LISTS
from conformance.report import Check, Outcome, Suite, numbered
from conformance.target import Target

TITLE: Final = "Microsoft's Postman collection, by newman"
_SECONDS: Final = 300
# Its bodies share two values of externalId, one of them `${__UUID}`, which Postman sends as it is.
# Two users of one client with one externalId are a conflict here, as two of one person must be.
_EXTERNAL_ID: Final = re.compile(r'("externalId"\s*:\s*)"[^"]*"')
_OWN_ID: Final = r'\1"{{$guid}}"'
# It asks the reference code's own `/Token`, a way in that no SCIM service has.
_OF_THE_SAMPLE: Final = "Get Token"


@dataclass(frozen=True)
class Mistake:
    """Assertions of the collection that are wrong or ask more than the RFC, and why."""

    request: str
    assertions: tuple[str, ...]
    reason: str


def postman(target: Target, kept: Path = KEPT) -> Suite:
    """Play the collection; left out, with the reason, where it cannot be had."""
    version = f"collection of 2023-08; newman {newman_version()}"
    try:
        told = _played(target, newman(kept), collection(kept))
    except NotHere as missing:
        return Suite(TITLE, version, [Check("the collection", Outcome.left_out, str(missing))])
    return Suite(TITLE, version, list(judged(told, mistakes())))


def mistakes() -> tuple[Mistake, ...]:
    """Read which failures are the collection's own (``lists/newman.toml``)."""
    told = tomllib.loads((LISTS / "newman.toml").read_text(encoding="utf-8"))
    return tuple(
        Mistake(one["request"], tuple(one["assertions"]), one["reason"]) for one in told["mistake"]
    )


def playable(text: str) -> str:
    """Return the collection without what only its own service has, each identifier its own."""
    collection = json.loads(text)
    collection["item"] = [one for one in collection["item"] if one["name"] != _OF_THE_SAMPLE]
    for item, _ in _requests(collection["item"]):
        body = item["request"].get("body") or {}
        if "raw" in body:
            body["raw"] = _EXTERNAL_ID.sub(_OWN_ID, body["raw"])
    return json.dumps(collection)


def judged(told: Mapping[str, Any], known: Iterable[Mistake]) -> Iterator[Check]:
    """Tell what newman's report says of each assertion; a known mistake that fails is disputed.

    A request that got no answer and a script that broke are failures, whatever was asserted. So is
    a mistake that the list names and the collection does not make.
    """
    reasons = {(one.request, name): one.reason for one in known for name in one.assertions}
    checks = list(numbered(_checks(told)))
    for check in checks:
        yield _disputed(check, reasons)
    made = {check.name for check in checks}
    for request, name in reasons:
        if f"{request}: {name}" not in made:
            yield Check(
                f"{request}: {name}",
                Outcome.failed,
                "no such check was made",
            )
    if not checks:
        yield Check("the collection", Outcome.failed, "newman reported no assertion")


def _disputed(check: Check, reasons: Mapping[tuple[str, str], str]) -> Check:
    request, _, name = check.name.partition(": ")
    reason = reasons.get((request, name))
    if check.outcome is not Outcome.failed or reason is None:
        return check
    return Check(check.name, Outcome.disputed, f"{reason} ({check.reason})")


def _checks(told: Mapping[str, Any]) -> Iterator[Check]:
    folders = {item["id"]: above for item, above in _requests(told["collection"]["item"])}
    for execution in told["run"]["executions"]:
        item = execution["item"]
        request = f"{folders.get(item['id'], '')}{item['name']}"
        for name, fault in _faults(execution):
            yield Check(f"{request}: {name}", Outcome.failed, fault)
        for one in execution.get("assertions") or ():
            fault = one.get("error")
            outcome = Outcome.passed if fault is None else Outcome.failed
            said = "" if fault is None else str(fault.get("message", "failed"))
            yield Check(f"{request}: {one['assertion']}", outcome, said)


def _faults(execution: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if fault := execution.get("requestError"):
        yield "no answer", str(fault.get("message", fault))
    for script in ("prerequestScript", "testScript"):
        for one in execution.get(script) or ():
            if fault := one.get("error"):
                yield "its script", str(fault.get("message", fault))


def _requests(items: Iterable[dict[str, Any]], above: str = "") -> Iterator[tuple[Any, str]]:
    """Give each request with the names of the folders that it is in."""
    for item in items:
        if "item" in item:
            yield from _requests(item["item"], f"{above}{item['name']} / ")
        else:
            yield item, above


def _played(target: Target, program: Path, text: str) -> Mapping[str, Any]:
    """Let newman play the collection in a folder of its own; return its report."""
    with tempfile.TemporaryDirectory(prefix="mo-newman-") as directory:
        asked, report = Path(directory) / "collection.json", Path(directory) / "report.json"
        # The token is in the file, not on the command line, where every process could read it.
        asked.write_text(_addressed(playable(text), target), encoding="utf-8")
        command = [
            *("node", str(program), "run", str(asked), "--suppress-exit-code"),
            *("--reporters", "json", "--reporter-json-export", str(report)),
            *("--timeout-request", "30000"),
        ]
        done = subprocess.run(  # noqa: S603 - a locked program, with arguments of our own
            command, cwd=directory, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if not report.is_file():
            raise RuntimeError(f"newman wrote no report: {(done.stderr or done.stdout)[-600:]}")
        told: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return told


def _addressed(collection: str, target: Target) -> str:
    """Tell the collection where the service is and with which token it is asked."""
    at = urlsplit(target.url)
    told = {
        "Protocol": at.scheme,
        "Server": at.hostname or "",
        "Port": "" if at.port is None else f":{at.port}",
        "Api": at.path.strip("/"),
        "token": target.token,
    }
    variables = [{"key": key, "value": value} for key, value in told.items()]
    return json.dumps({**json.loads(collection), "variable": variables})
