"""A logout token that comes while a sign-in is on its way: the session does not open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc import admission, token_endpoint
from tests.oidc.broker import Script
from tests.oidc.modules.ending import logout_claims
from tests.oidc.staging import two_nodes
from tests.oidc.world import Agent, Reply, World
from tests.support.jose import sign

KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
Now = Callable[[], None]


@pytest.fixture(params=["scim", "jit"])
def mode(request: pytest.FixtureRequest) -> str:
    """How the provider is trusted."""
    return str(request.param)


@pytest.fixture
def nodes(
    settings: Settings, script: Script, database: Database, mode: str
) -> Iterator[tuple[World, World]]:
    """Two nodes on one database, once for each engine, and a person."""
    with two_nodes(settings, script, database, oidc_mode=mode) as made:
        yield made


@contextmanager
def after_the_exchange(monkeypatch: pytest.MonkeyPatch, then: Now) -> Iterator[None]:
    """Let something happen once tokens were given and before a session is opened."""
    exchange = token_endpoint.exchange

    def held_up(*told: Any) -> token_endpoint.Tokens:  # noqa: ANN401 - passed on
        tokens = exchange(*told)
        then()
        return tokens

    with monkeypatch.context() as patched:
        patched.setattr(token_endpoint, "exchange", held_up)
        yield


def notified(node: World, **changed: Any) -> None:  # noqa: ANN401 - any claim
    """Send a logout token, with other claims as told; ``iat`` is told from now."""
    if "iat" in changed:
        changed["iat"] += int(time.time())
    token = sign(logout_claims(node, changed), node.script.key, typ="logout+jwt")
    assert node.notify({"logout_token": token}).status == 200


def interrupted(
    nodes: tuple[World, World],
    monkeypatch: pytest.MonkeyPatch,
    agent: Agent,
    **changed: Any,  # noqa: ANN401 - any claim
) -> Reply:
    """Sign in on one node while the other one gets a logout token."""
    with after_the_exchange(monkeypatch, lambda: notified(nodes[1], **changed)):
        return agent.sign_in()


@pytest.mark.parametrize(
    ("sid", "changed"),
    [
        ("s-1", {}),
        ("s-1", {"sub": None}),
        ("s-1", {"sid": None}),
        (None, {"sid": None}),
        (None, {}),
        ("s-1", {"sub": None, "iat": -600}),
    ],
    ids=["both", "sid", "sub", "sub without sid", "sid unknown", "sid long ago"],
)
def test_the_session_does_not_open(
    nodes: tuple[World, World],
    monkeypatch: pytest.MonkeyPatch,
    sid: str | None,
    changed: dict[str, Any],
) -> None:
    """Whatever the token names it by; it is written down, and the person simply begins again."""
    first, _ = nodes
    first.script.claims = {"sid": sid} if sid else {}
    agent = first.agent()
    reply = interrupted(nodes, monkeypatch, agent, **changed)
    assert (reply.status, reply.code) == (403, "signed_out_meanwhile")
    assert not agent.signed_in
    (event,) = [e for e in first.site.events("sign_in") if e["facts"].get("code")]
    assert event["facts"]["code"] == "signed_out_meanwhile"
    assert agent.sign_in().status == 302
    assert agent.signed_in


@pytest.mark.parametrize(
    ("sid", "changed"),
    [
        ("s-1", {"sid": "s-2"}),
        ("s-1", {"sid": "s-2", "sub": None}),
        ("s-1", {"sid": None, "sub": "person-2"}),
        (None, {"sid": "s-2", "sub": None}),
        ("s-1", {"sid": None, "iat": -600}),
        (None, {"iat": -600}),
    ],
    ids=["another sid", "only another sid", "somebody else", "no sid", "long ago", "long ago too"],
)
def test_another_session_opens(
    nodes: tuple[World, World],
    monkeypatch: pytest.MonkeyPatch,
    sid: str | None,
    changed: dict[str, Any],
) -> None:
    """A token about somebody else, another session, or a time before this sign-in."""
    first, _ = nodes
    first.script.claims = {"sid": sid} if sid else {}
    agent = first.agent()
    assert interrupted(nodes, monkeypatch, agent, **changed).status == 302
    assert agent.signed_in


def test_a_session_that_is_being_opened_is_waited_for(
    nodes: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that comes just before the sign-in is durable ends the session right after."""
    first, second = nodes
    first.script.claims = {"sid": "s-1"}
    token = sign(logout_claims(first, {}), first.script.key, typ="logout+jwt")
    replies: list[int] = []
    told = threading.Thread(
        target=lambda: replies.append(second.notify({"logout_token": token}).status)
    )
    admit = admission.admit

    def held_up(*known: Any) -> str:  # noqa: ANN401 - passed on
        opened = admit(*known)
        told.start()
        # Time for it to come to where it must wait.
        told.join(0.3)
        return opened

    monkeypatch.setattr(admission, "admit", held_up)
    agent = first.agent()
    assert agent.sign_in().status == 302
    told.join(20)
    assert (replies, agent.signed_in) == ([200], False)


def test_a_sign_in_that_began_later_is_a_new_one(nodes: tuple[World, World]) -> None:
    """Within the same second, and with a name that the provider gives again."""
    first, second = nodes
    first.script.claims = {"sid": "s-1"}
    for changed in ({}, {"sid": None}):
        agent = first.agent()
        assert agent.sign_in().status == 302
        notified(second, **changed)
        assert not agent.signed_in
        assert agent.sign_in().status == 302
        assert agent.signed_in


def test_a_replayed_token_is_not_remembered_anew(
    nodes: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """400, and a sign-in on its way goes on."""
    first, second = nodes
    first.script.claims = {"sid": "s-1"}
    token = sign(logout_claims(first, {}), first.script.key, typ="logout+jwt")
    assert second.notify({"logout_token": token}).status == 200
    agent = first.agent()
    replies = []

    def replayed() -> None:
        replies.append(second.notify({"logout_token": token}).status)

    with after_the_exchange(monkeypatch, replayed):
        assert agent.sign_in().status == 302
    assert (replies, agent.signed_in) == ([400], True)


def test_a_browser_s_old_session_outlives_a_refusal_only_if_it_may(
    nodes: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refused sign-in changes nothing; the logout ended what it named."""
    first, _ = nodes
    first.script.claims = {"sid": "s-0"}
    agent = first.agent()
    agent.sign_in()
    first.script.claims = {"sid": "s-1"}
    assert interrupted(nodes, monkeypatch, agent, sub=None).code == "signed_out_meanwhile"
    assert agent.signed_in
    assert agent.sign_in().status == 302
    assert first.site.rows("select count(*) from session") == [(1,)]
