"""What the operator is told of sessions whose provider is configured no more."""

from __future__ import annotations

import json
import time

import pytest
from sqlalchemy import select

from mo_access.service import sessions
from mo_access.storage.schema import person as person_table
from tests.access.test_cli import Run, person, run, seeded, unit

__all__ = ["run", "seeded"]
HOUR, ENDS = 3_600_000_000, "end at their next request"


@pytest.fixture
def configured(seeded: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One provider, somebody, and nothing that doctor would find."""
    monkeypatch.setenv("MO_BASE_URL", "https://mo.example")
    monkeypatch.setenv("MO_OIDC_NAME", "acm")
    monkeypatch.setenv("MO_OIDC_ISSUER", "https://op.example")
    monkeypatch.setenv("MO_OIDC_CLIENT_ID", "mo")
    person(json.loads(seeded("client", "create", "broker", "--platform", "--json").out)["token"])
    return seeded


def opened(provider: str, issuer: str, mode: str = "scim", life: int = HOUR) -> None:
    """Open a session of that person, which came from a provider."""
    with unit() as uow:
        found = uow.conn.one(select(person_table.c.pk))
        assert found is not None
        sessions.open_session(
            uow,
            int(found[0]),
            reach=None,
            everywhere=1,
            provider=provider,
            issuer=issuer,
            subject="an",
            sid=None,
            acr=None,
            level=0,
            capacity=None,
            id_token="none",
            expires=int(time.time() * 1_000_000) + life,
            mode=mode,
        )
        uow.commit()


def warnings(configured: Run) -> list[str]:
    """Return what checking the configuration says of sessions."""
    told = configured("config", "check", "--json").json["warnings"]
    return [line for line in told if "session" in line]


def test_sessions_of_a_provider_that_is_gone_are_counted(configured: Run) -> None:
    """By provider and reason, by both commands; those that are over count no more."""
    opened("acm", "https://op.example")
    for _ in range(2):
        opened("old", "https://old.example")
    opened("acm", "https://elsewhere.example")
    opened("acm", "https://op.example", "jit")
    opened("old", "https://old.example", life=-1)
    told = [
        f"{number} session(s) of provider {name!r} at {issuer} in mode {mode} {ENDS} ({code})"
        for number, name, issuer, mode, code in (
            (1, "acm", "https://elsewhere.example", "scim", "provider_unknown"),
            (1, "acm", "https://op.example", "jit", "provider_mode"),
            (2, "old", "https://old.example", "scim", "provider_unknown"),
        )
    ]
    assert warnings(configured) == told
    answer = configured("doctor", "--json")
    (found,) = [check for check in answer.json if not check["well"]]
    assert found["check"] == "every session is of a provider that is configured"
    assert (found["remedy"], answer.code) == ("; ".join(told), 1)


def test_where_there_are_none_nothing_is_told(configured: Run) -> None:
    """The sessions of providers that are configured are well."""
    opened("acm", "https://op.example")
    assert warnings(configured) == []
    assert configured("doctor", "--json").code == 0
