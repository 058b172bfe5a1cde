"""The way of a sign-in through the flow, for tests to bend."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mo_oidc import flow
from mo_oidc.flow import Finished, LoginRequest, Start
from mo_oidc.provider import Provider
from mo_web.faults import Fault
from tests.oidc.broker import Script

REDIRECT = "https://mo.example/oidc/callback"
BROWSER = "browser-hash"


def begin(provider: Provider, request: LoginRequest | None = None) -> Start:
    """Start a sign-in."""
    return flow.start(provider, request or LoginRequest(), REDIRECT, BROWSER)


def asked(started: Start) -> dict[str, str]:
    """Return the parameters of the authorization request."""
    query = parse_qs(urlsplit(started.url).query, strict_parsing=True)
    return {name: values[0] for name, values in query.items()}


def sign_in(
    provider: Provider,
    script: Script,
    changed: Mapping[str, str | None] | None = None,
    request: LoginRequest | None = None,
) -> Finished:
    """Go through a whole sign-in, the answer changed as told (None leaves a member out)."""
    started = begin(provider, request)
    good = {**script.follow(started.url), **(changed or {})}
    answer = {name: value for name, value in good.items() if value is not None}
    pending = flow.open_pending(started.pending.to_payload(), BROWSER, REDIRECT)
    return flow.finish(provider, pending, answer, int(time.time()))


def fault(provider: Provider, script: Script, changed: Any = None) -> tuple[str, int]:  # noqa: ANN401 - a test may say anything
    """Return the code and status with which a sign-in stops."""
    with pytest.raises(Fault) as stopped:
        sign_in(provider, script, changed)
    return stopped.value.code, stopped.value.status
