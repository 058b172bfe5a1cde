"""A command that ends sessions gives their refresh tokens back before it ends itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import responses
from sqlalchemy import select

from mo_access import cli, settings
from mo_access.commands import giving_back
from mo_access.service import clients, people, sessions
from mo_access.service.clients import NewClient
from mo_access.service.sessions import Renewal
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from tests.oidc.broker import form_of
from tests.oidc.site import draft

ISSUER = "https://op.example"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def provider() -> Iterator[responses.RequestsMock]:
    """A provider that takes tokens back."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint")
        document = {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in names}}
        mock.get(f"{ISSUER}/.well-known/openid-configuration", body=json.dumps(document))
        yield mock


@pytest.fixture
def run(
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give a function that runs ``mo-access``, with this provider, on either engine."""
    monkeypatch.chdir(tmp_path)
    told = {"DATABASE_URL": migrated_url, "AUTO_MIGRATE": "true", "OIDC_ISSUER": ISSUER}
    told |= {"OIDC_CLIENT_ID": "mo", "OIDC_CLIENT_SECRET": "s3cret", "OIDC_REFRESH": "true"}
    for name, value in told.items():
        monkeypatch.setenv(f"MO_{name}", value)
    # A provider may be https only where we are.
    monkeypatch.setenv("MO_BASE_URL", "https://mo.example")

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mo-access", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code, captured = ended.value.code, capsys.readouterr()
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return command


def signed_in(times: int) -> str:
    """Register somebody who is signed in so often, and return whom."""
    chosen = settings.load()
    database = Database(chosen.database_url)
    with UnitOfWork(database, keys=settings.keys(chosen), request_id="test") as uow:
        _, token = clients.create(uow, NewClient("platform", platform=True))
        actor = clients.by_token(uow, token)
        assert actor is not None
        made = people.create(uow, actor, draft("an", affiliations=())).id
        found = uow.conn.one(select(person.c.pk).where(person.c.id == made))
        assert found is not None
        for number in range(times):
            _open(uow, int(found[0]), f"rt-{number}")
        uow.commit()
    database.close()
    return made


def _open(uow: UnitOfWork, person_pk: int, refresh_token: str) -> None:
    hour = uow.now + 3_600_000_000
    sessions.open_session(
        uow,
        person_pk,
        reach=None,
        everywhere=1,
        provider="default",
        issuer=ISSUER,
        subject="an",
        sid=None,
        acr=None,
        level=0,
        capacity=None,
        id_token="none",
        expires=hour,
        renewal=Renewal(refresh_token, hour),
    )


def test_every_token_goes_back(run: Run, provider: responses.RequestsMock) -> None:
    """All sessions of a person end, all their tokens are given back, nothing more is said."""
    provider.post(f"{ISSUER}/revocation_endpoint", status=200)
    whom = signed_in(2)
    assert run("session", "end", "--person", whom, "--json") == (0, '{\n  "ended": 2\n}\n', "")
    sent = [form_of(call.request)["token"] for call in provider.calls if call.request.body]
    assert sorted(sent) == ["rt-0", "rt-1"]


def test_a_block_gives_back_too(run: Run, provider: responses.RequestsMock) -> None:
    """Whatever command it was by which the sessions ended."""
    provider.post(f"{ISSUER}/revocation_endpoint", status=200)
    whom = signed_in(1)
    code, _, err = run("block", "person", whom, "--reason", "for the test")
    assert (code, err) == (0, "")
    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    ("status", "said", "calls"),
    [
        (503, "revocation_status (3)", 2),
        (400, "revocation_refused (3)", 4),
    ],
)
def test_what_did_not_go_back_is_told(
    run: Run, provider: responses.RequestsMock, status: int, said: str, calls: int
) -> None:
    """The sessions have ended and the exit code is 0; a provider that is down is asked once."""
    provider.post(f"{ISSUER}/revocation_endpoint", status=status)
    whom = signed_in(3)
    code, out, err = run("session", "end", "--person", whom)
    assert (code, out) == (0, "3 session(s) ended\n")
    assert err == f"mo-access: refresh tokens that the provider still has: {said}\n"
    assert "rt-" not in err
    assert len(provider.calls) == calls


def test_a_command_has_an_end(
    run: Run, provider: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow a provider is: what is left is told and let go."""
    monkeypatch.setattr(giving_back, "SECONDS", -1.0)
    whom = signed_in(2)
    code, _, err = run("session", "end", "--person", whom)
    assert (code, "out_of_time (2)" in err, len(provider.calls)) == (0, True, 0)


def test_a_command_that_ends_nothing_asks_nobody(
    run: Run, provider: responses.RequestsMock
) -> None:
    """Nor one that finds no such session."""
    signed_in(1)
    assert run("session", "list")[0] == 0
    assert run("session", "end", "77")[0] == 1
    assert len(provider.calls) == 0
