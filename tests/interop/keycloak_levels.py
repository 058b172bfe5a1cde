"""Levels of authentication in Keycloak: a flow that asks the password, and once more for the next.

What an administrator builds in the console out of *Condition - Level of Authentication*.
"""

from __future__ import annotations

from typing import Any, Final

from tests.interop.keycloak import REALM, Keycloak

FLOW: Final = "levels"
FORMS: Final = "level-forms"
_FLOWS: Final = f"/{REALM}/authentication/flows"
_EXECUTIONS: Final = f"/{REALM}/authentication/executions"
# By level: what is asked there, and for how many seconds it counts.
_LEVELS: Final = ((1, "auth-username-password-form", 36_000), (2, "auth-password-form", 0))


def make_flow(keycloak: Keycloak) -> str:
    """Make the flow and return its id: a cookie will do, else the forms of each level."""
    body = {"alias": FLOW, "providerId": "basic-flow", "topLevel": True, "builtIn": False}
    made = keycloak.admin("POST", _FLOWS, body)
    _step(keycloak, FLOW, "auth-cookie", "ALTERNATIVE")
    _subflow(keycloak, FLOW, FORMS, "ALTERNATIVE")
    for level, form, seconds in _LEVELS:
        _level(keycloak, level, form, seconds)
    return made.headers["Location"].rpartition("/")[2]


def _level(keycloak: Keycloak, level: int, form: str, seconds: int) -> None:
    """Make the forms of one level, which are passed over where it was not asked for."""
    name = f"level-{level}"
    _subflow(keycloak, FORMS, name, "CONDITIONAL")
    condition = _step(keycloak, name, "conditional-level-of-authentication", "REQUIRED")
    config = {"loa-condition-level": str(level), "loa-max-age": str(seconds)}
    body = {"alias": name, "config": config}
    keycloak.admin("POST", f"{_EXECUTIONS}/{condition}/config", body)
    _step(keycloak, name, form, "REQUIRED")


def _step(keycloak: Keycloak, flow: str, provider: str, requirement: str) -> str:
    keycloak.admin("POST", f"{_FLOWS}/{flow}/executions/execution", {"provider": provider})
    return _require(keycloak, flow, "providerId", provider, requirement)


def _subflow(keycloak: Keycloak, flow: str, name: str, requirement: str) -> None:
    body = {"alias": name, "type": "basic-flow", "description": "", "provider": "basic-flow"}
    keycloak.admin("POST", f"{_FLOWS}/{flow}/executions/flow", body)
    _require(keycloak, flow, "displayName", name, requirement)


def _require(keycloak: Keycloak, flow: str, member: str, value: str, requirement: str) -> str:
    """Say of the step of a flow that was just made how it counts; return its id."""
    steps: list[dict[str, Any]] = keycloak.admin("GET", f"{_FLOWS}/{flow}/executions").json()
    [found] = [step for step in steps if step.get(member) == value]
    keycloak.admin("PUT", f"{_FLOWS}/{flow}/executions", {**found, "requirement": requirement})
    return str(found["id"])
