"""``python -m conformance``: judge a SCIM service and write the page; exit 1 when it fails one."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conformance import outside, postman, stock_client
from conformance.player import LISTS, Player
from conformance.report import Suite, page
from conformance.target import ROOT, Target, own_service

PAGE: Final = ROOT / "docs" / "conformance" / "scim.md"


def main() -> int:
    """Judge the service that was named, or one of our own."""
    asked = _asked()
    if asked.base_url:
        judged = list(suites(Target(asked.base_url.rstrip("/"), asked.token, asked.strict_token)))
    else:
        with own_service() as target:
            judged = list(suites(target))
    asked.out.write_text(page(judged))
    failures = [f"{suite.title}: {line}" for suite in judged for line in suite.failures]
    for line in failures:
        print(line)
    print(
        f"{sum(len(suite.checks) for suite in judged)} checks, {len(failures)} failed: {asked.out}"
    )
    return 1 if failures else 0


def suites(target: Target) -> Iterator[Suite]:
    """Play every suite; the interop list only where there is a client on that profile."""
    yield outside.tester(target)
    yield outside.sanity(target)
    yield stock_client.stock_client(target)
    for name in ("microsoft", "okta", "ipsie"):
        yield Player(target.url, target.token).play(LISTS / f"{name}.toml")
    yield postman.postman(target)
    if target.strict_token:
        yield Player(target.url, target.strict_token).play(LISTS / "interop.toml")
    yield outside.storage_contract()


def _asked() -> Namespace:
    parser = ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument(
        "--base-url", help="of the service, ending in /scim/v2; else our own is run"
    )
    parser.add_argument("--token", default="", help="of a client with the default profile")
    parser.add_argument("--strict-token", default="", help="of a client with the profile strict")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write")
    asked = parser.parse_args()
    if asked.base_url and not asked.token:
        parser.error("--base-url needs --token")
    return asked


if __name__ == "__main__":
    sys.exit(main())
