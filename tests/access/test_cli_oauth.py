"""Whose access tokens act as a client, on the command line."""

from __future__ import annotations

import pytest

from tests.access.test_cli import Run, run, seeded

__all__ = ["run", "seeded"]

CLIENT = ("--oauth-issuer", "https://kc.example", "--oauth-client-id", "robot")
MAKE = ("client", "create", "school", "--institution", "900001")


def test_the_account_of_an_oauth_client_is_told_and_changed(seeded: Run) -> None:
    """The list shows it, in both forms, and a change replaces or ends it."""
    seeded(*MAKE, *CLIENT, "--oauth-subject", "f-1", "--json")
    [listed] = seeded("client", "list", "--json").json
    assert listed["oauth"] == [["https://kc.example", "robot", "f-1"]]
    assert "f-1" in seeded("client", "list").out
    assert seeded("client", "change", "school", *CLIENT).code == 0
    [listed] = seeded("client", "list", "--json").json
    assert listed["oauth"] == [["https://kc.example", "robot", None]]
    assert "robot" in seeded("client", "list").out
    assert seeded("client", "change", "school", "--no-oauth").code == 0
    assert seeded("client", "list", "--json").json[0]["oauth"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("client", "change", "x", "--oauth-subject", "s"), 2, "needs --oauth-issuer"),
        ((*MAKE, "--oauth-client-id", "robot"), 2, "go together"),
        ((*MAKE, *CLIENT[:3], "a\nb"), 2, "one line"),
        ((*MAKE, *CLIENT, "--oauth-subject", ""), 1, "a subject is"),
        ((*MAKE, *CLIENT, "--oauth-subject", "a\nb"), 1, "a subject is"),
        ((*MAKE, *CLIENT, "--oauth-subject", "85073003328"), 1, "a person's number"),
    ],
)
def test_what_cannot_be_is_a_line_and_a_code(
    seeded: Run, arguments: tuple[str, ...], code: int, text: str
) -> None:
    """Nothing is made, and no number is repeated."""
    answer = seeded(*arguments)
    assert (answer.code, text in answer.err) == (code, True), answer.err
    assert "85073003328" not in answer.err
    assert seeded("client", "list", "--json").json == []
