"""How often the database is asked for a decision (rule 7: afresh, so it must be cheap)."""

from __future__ import annotations

import pytest

from tests.authzen.conftest import OPEN, World, ask
from tests.support.statements import asked


@pytest.mark.parametrize("client", ["linde", "platform"])
def test_an_evaluation_takes_seven_statements(
    world: World, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    """One for the client with its scope and six for the facts, however much a person holds."""
    question = ask(world.people["an"], f"900001:{OPEN}")
    with asked(monkeypatch) as statements:
        assert world.json("evaluation", question, client)["decision"] is True
    assert len(statements) == 7, statements


def test_a_no_about_somebody_elses_asks_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An institution outside the scope is a no before any person is looked at (ruling 9)."""
    question = ask(world.people["els"], f"900002:{OPEN}")
    with asked(monkeypatch) as statements:
        assert world.json("evaluation", question)["decision"] is False
    assert len(statements) == 1, statements


def test_a_proxy_without_a_session_asks_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends no cookie is nobody, and that is known without the database."""
    with asked(monkeypatch) as statements:
        assert world.http.get(f"/forward-auth?theme={OPEN}&institution=900001").status_code == 401
    assert statements == []
