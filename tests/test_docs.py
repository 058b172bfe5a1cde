"""The documentation keeps up with the code: every reason code has its cause and remedy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_access.domain.policy import Reason
from mo_access.service.claimed_rights import REASONS as IGNORED_FOR
from mo_access.service.held_tokens import NotGiven
from mo_access.service.sign_in import MESSAGES
from mo_web.fetch import FetchFault

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), ROOT / "deploy" / "README.md"])
FAULTS = {"FlowRefused", "TokenRefused", "ClaimsRefused", "ProviderTrouble"}
RAISERS = sorted([*ROOT.glob("mo_oidc/*.py"), *ROOT.glob("mo_web/*.py")])
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def explained() -> dict[str, tuple[str, str]]:
    """Return (cause, remedy) by code, as the page tells them."""
    text = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    return {code: (cause, remedy) for code, cause, remedy in ROW.findall(text)}


def codes_of_faults() -> set[str]:
    """Return every code that a sign-in fault is raised with; ``…`` stands for a variable part."""
    trees = (ast.parse(path.read_text()) for path in RAISERS)
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = (call for call in calls if getattr(call.func, "id", "") in FAULTS and call.args)
    return {code for call in named for code in texts(call.args[0])}


def texts(value: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be."""
    if isinstance(value, ast.Constant):
        yield str(value.value)
    elif isinstance(value, ast.IfExp):
        yield from texts(value.body)
        yield from texts(value.orelse)
    elif isinstance(value, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "…" for p in value.values)
        yield "".join(map(str, parts))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_decision_is_explained(reason: Reason) -> None:
    """Cause and remedy stand in docs/reasons.md."""
    assert all(explained().get(reason.value, ()))
    assert reason.value in explained()


# Codes that no raise holds literally: pages without a session or with one that is too old, strict
# JSON, a session whose key is gone, and a class of its own.
HANDED_ON = {"no_session", "sign_in_too_old", "header_json", "payload_json", "seal_broken"} | {
    "too_many_waiting"
}


@pytest.mark.parametrize("code", [*sorted(MESSAGES), *sorted(HANDED_ON)])
def test_every_refusal_of_a_person_is_explained(code: str) -> None:
    """The codes of mo_access.service.sign_in, and those that are handed on by name."""
    assert code in explained()
    assert any(f'"{code}"' in path.read_text("utf-8") for path in ROOT.glob("mo_*/**/*.py"))


@pytest.mark.parametrize("code", sorted(codes_of_faults()))
def test_every_fault_of_a_sign_in_is_explained(code: str) -> None:
    """The codes that mo_oidc and mo_web raise, found in their source."""
    assert code in explained()


@pytest.mark.parametrize("fault", FetchFault)
def test_every_fault_of_an_outbound_request_is_explained(fault: FetchFault) -> None:
    """They appear behind the step, as in ``discovery_timeout``."""
    assert f"`{fault.value}`" in explained()["…_…"][0]


@pytest.mark.parametrize("why", NotGiven)
def test_every_token_that_does_not_go_back_is_explained(why: NotGiven) -> None:
    """The codes of mo_access.service.held_tokens."""
    assert why in explained()


def test_nothing_is_explained_that_does_not_exist() -> None:
    """A code that is gone from the code goes from the page too."""
    known = {reason.value for reason in Reason} | set(MESSAGES) | codes_of_faults() | set(NotGiven)
    assert set(explained()) - known - IGNORED_FOR == HANDED_ON
    assert set(explained()) >= IGNORED_FOR


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder that is there."""
    found = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in found if not (page.parent / link).exists()] == []
