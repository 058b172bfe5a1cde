"""The judges that others wrote: scim2-tester and scim-sanity, run as they come."""

from __future__ import annotations

import re
from contextlib import closing
from importlib.metadata import version
from typing import Any, Final

from scim2_models import EnterpriseUser, Group, ResourceType, ScimProvider, User
from scim2_tester import CheckResult, Status, check_server
from scim_sanity.probe.runner import run_probe_api

from conformance.report import Check, Outcome, Suite, numbered
from conformance.target import Target
from conformance.wire import Wire, client

_CHANGING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|https?://\S+")
_NO_STORAGE: Final = (
    "It judges implementations of its `ScimStorage`, which hands the whole new resource to "
    "`update`; ours turns a PATCH into rows (docs/designs/003). Its promises are held elsewhere: "
    "filters and pages in tests/scim, versions and lost updates in tests/access."
)
_NO_AGENTS: Final = "a draft for agents, not for people: we have no such resource type"


def tester(target: Target) -> Suite:
    """Run scim2-tester with the core User, enterprise and Group schemas.

    It writes random values, which our own extension rightly refuses (an institution is a
    number of six digits that exists); so it is told of the core schemas only.
    """
    kinds = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    known = ScimProvider([User, EnterpriseUser, Group], resource_types=kinds)
    with closing(Wire()) as wire:
        results = check_server(client(wire, target, known))
    return Suite("scim2-tester", version("scim2-tester"), list(numbered(map(_tested, results))))


def sanity(target: Target) -> Suite:
    """Run the probe of scim-sanity in its strict mode."""
    results: list[dict[str, Any]] = run_probe_api(target.url, token=target.token)["results"]
    return Suite(
        "scim-sanity", version("scim-sanity"), list(numbered(_probed(one) for one in results))
    )


def storage_contract() -> Suite:
    """Say why scim2-server's contract for storages does not apply."""
    check = Check("the contract of a `ScimStorage`", Outcome.left_out, _NO_STORAGE)
    return Suite("scim2-server storage contract", version("scim2-server"), [check])


def _tested(result: CheckResult) -> Check:
    name = f"{result.title or 'check'} {result.resource_type or ''}".strip()
    reason = _still(result.reason or "")
    if result.status in {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}:
        return Check(name, Outcome.passed)
    skipped = result.status is Status.SKIPPED
    return Check(name, Outcome.left_out if skipped else Outcome.failed, reason)


def _probed(result: dict[str, Any]) -> Check:
    name, said = str(result["name"]), _still(str(result.get("message", "")))
    if result["status"] == "pass":
        return Check(name, Outcome.passed)
    if result["status"] == "skip" and name.startswith("Agent"):
        return Check(name, Outcome.left_out, _NO_AGENTS)
    return Check(name, Outcome.left_out if result["status"] == "skip" else Outcome.failed, said)


def _still(text: str) -> str:
    """Leave out what changes with each run."""
    return _CHANGING.sub("…", text)
