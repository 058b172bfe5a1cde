"""What newman reports of Microsoft's collection, judged; `make conformance` plays it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance import newman_parts
from conformance.newman_parts import NotHere
from conformance.postman import Mistake, judged, mistakes, playable, postman
from conformance.report import Outcome
from conformance.target import Target

COLLECTION: dict[str, Any] = {
    "info": {"name": "SCIM Tests"},
    "item": [
        {"name": "Get Token", "item": [{"id": "t", "name": "Get Token", "request": {}}]},
        {
            "name": "Users",
            "item": [
                {
                    "id": "a",
                    "name": "Post",
                    "request": {"body": {"raw": '{\r\n "externalId": "${__UUID}", "id": "x"}'}},
                },
                {
                    "id": "b",
                    "name": "Again",
                    "request": {"body": {"raw": '{"externalId" :"22fbc523", "userName": "x"}'}},
                },
                {"id": "c", "name": "Get", "request": {"method": "GET"}},
            ],
        },
        {"id": "d", "name": "Last", "request": {}},
    ],
}
WRONG = {"message": "expected 204 but got 200"}
KNOWN = (Mistake("Users / Post", ("204",), "the RFC allows 200"),)


def report(*executions: dict[str, Any]) -> dict[str, Any]:
    """Return what newman writes of these executions."""
    return {"collection": COLLECTION, "run": {"executions": list(executions)}}


def done(name: str, request: str, *assertions: tuple[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as newman writes it
    """Return one execution; an assertion is its name, and what was wrong or None."""
    told = [
        {"assertion": a} if wrong is None else {"assertion": a, "error": wrong}
        for a, wrong in assertions
    ]
    return {"item": {"id": name, "name": request}, "assertions": told, **more}


def outcomes(told: dict[str, Any], *known: Mistake) -> dict[str, str]:
    """Return what came of each check."""
    return {check.name: str(check.outcome) for check in judged(told, known)}


def test_what_the_list_names_is_disputed_and_nothing_else() -> None:
    """The same assertion of another request fails, and so does another of the same."""
    told = report(
        done("a", "Post", ("204", WRONG), ("has a name", WRONG), ("204", WRONG)),
        done("c", "Get", ("204", WRONG), ("200", None)),
        done("d", "Last", ("204", WRONG)),
    )
    assert outcomes(told, *KNOWN) == {
        "Users / Post: 204": "disputed",
        "Users / Post: has a name": "failed",
        "Users / Post: 204 (2)": "failed",
        "Users / Get: 204": "failed",
        "Users / Get: 200": "passed",
        "Last: 204": "failed",
    }


def test_a_mistake_that_passes_is_passed() -> None:
    """Another service may do as the collection asks."""
    assert outcomes(report(done("a", "Post", ("204", None))), *KNOWN) == {
        "Users / Post: 204": "passed"
    }


def test_a_disputed_check_tells_the_reason_and_what_came() -> None:
    """For the page."""
    [check] = judged(report(done("a", "Post", ("204", WRONG))), KNOWN)
    assert check.outcome is Outcome.disputed
    assert check.reason == "the RFC allows 200 (expected 204 but got 200)"


def test_no_answer_a_broken_script_and_a_check_that_is_gone_are_failures() -> None:
    """A run that asserted less than it should is not a good one."""
    told = report(
        done("b", "Again", requestError={"message": "ECONNREFUSED"}),
        done("c", "Get", testScript=[{"error": {"message": "no JSON"}}, {"cursor": 1}]),
    )
    assert outcomes(told, *KNOWN) == {
        "Users / Again: no answer": "failed",
        "Users / Get: its script": "failed",
        "Users / Post: 204": "failed",
    }
    assert outcomes(report()) == {"the collection": "failed"}


def test_what_is_played_has_its_own_identifiers_and_no_sample_token() -> None:
    """Postman makes a new identifier each time; nothing else of a body is touched."""
    played = json.loads(playable(json.dumps(COLLECTION)))
    assert [item["name"] for item in played["item"]] == ["Users", "Last"]
    post, again, get = played["item"][0]["item"]
    assert post["request"]["body"]["raw"] == '{\r\n "externalId": "{{$guid}}", "id": "x"}'
    assert again["request"]["body"]["raw"] == '{"externalId" :"{{$guid}}", "userName": "x"}'
    assert get == COLLECTION["item"][1]["item"][2]


def test_without_node_it_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of the service."""
    monkeypatch.setenv("PATH", str(tmp_path))
    suite = postman(Target("http://127.0.0.1:1/scim/v2", "t"), tmp_path)
    assert (suite.failures, suite.count(Outcome.left_out)) == ([], 1)
    assert "needs npm" in suite.checks[0].reason


def test_another_file_than_the_pinned_one_is_never_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from the net nor from the folder where it is kept."""
    monkeypatch.setattr(newman_parts, "_fetched", lambda: b"{}")
    with pytest.raises(RuntimeError, match="pinned"):
        newman_parts.collection(tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(newman_parts, "_fetched", refuse)
    with pytest.raises(NotHere, match="no net"):
        newman_parts.collection(tmp_path)


def refuse() -> bytes:
    """Answer as a machine without a way to the repository does."""
    raise NotHere("no net")


def test_every_mistake_has_a_reason() -> None:
    """Eight assertions, each with a section of a standard or what it misunderstands."""
    known = mistakes()
    assert sum(len(one.assertions) for one in known) == 8
    assert all("RFC" in one.reason for one in known)
