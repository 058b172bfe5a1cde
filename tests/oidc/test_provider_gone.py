"""A provider that is configured no more, or is another by now, vouches for no session of before."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import Script
from tests.oidc.site import BASE, Site
from tests.oidc.test_measures import lines
from tests.oidc.world import Agent, World

KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
Node = Callable[[dict[str, object]], World]
GONE: dict[str, dict[str, object]] = {
    "none is configured": {"oidc_issuer": None, "oidc_client_id": None},
    "another is configured": {"oidc_name": "other"},
    "the name means another": {"oidc_issuer": "https://second.example"},
}
STAYS: dict[str, dict[str, object]] = {
    "as it was": {},
    "client": {"oidc_client_id": "renamed", "oidc_client_secret": "changed"},
    "mode": {"oidc_mode": "hybrid"},
    "one more": {
        "oidc_providers": (
            {"name": "second", "issuer": "https://second.example", "client_id": "mo"},
        )
    },
}


@pytest.fixture
def node(settings: Settings, script: Script, database: Database) -> Iterator[Node]:
    """Give a maker of nodes on one database, once for each engine, settings changed as told."""
    usual = {**settings.model_dump(exclude_unset=True), "database_url": database.url}
    with ExitStack() as stack:

        def make(changed: dict[str, object]) -> World:
            told = Settings(**{**usual, **changed})
            opened = Database(database.url)
            stack.callback(opened.close)
            app = create_app(told, opened, KEYS, [door(told), host.door()])
            return World(Site(app, script, opened, KEYS), BASE, over_http=False)

        yield make


@pytest.fixture
def before(node: Node) -> World:
    """The service as it was, with somebody whom its provider signs in."""
    made = node({})
    with made.site.unit() as uow:
        host.seed(uow)
        uow.commit()
    made.register()
    return made


def later(agent: Agent, world: World) -> Agent:
    """Return the same browser, whose next request the service answers as it is now."""
    other = world.agent()
    other.wire.set_cookie(world.cookie, agent.session or "")
    return other


@pytest.mark.parametrize("changed", GONE.values(), ids=GONE)
def test_its_sessions_end_at_the_next_request(
    before: World,
    node: Node,
    changed: dict[str, object],
    listen: Callable[[], io.StringIO],
) -> None:
    """For good, on every node, written down once; nothing is asked of anybody."""
    agent = before.agent()
    agent.sign_in()
    now = node(changed)
    calls, log = len(before.script.calls), listen()
    there = later(agent, now)
    assert [there.me().status, there.me().status] == [401, 401]
    assert before.site.rows("select count(*) from session") == [(0,)]
    assert not agent.signed_in
    (event,) = before.site.events("session.end")
    assert (event["outcome"], event["person"]) == ("not_trusted", before.person)
    assert event["facts"]["code"] == "provider_unknown"
    assert [line["code"] for line in lines(log.getvalue(), "session_ended")] == ["provider_unknown"]
    assert len(before.script.calls) == calls


@pytest.mark.parametrize("changed", STAYS.values(), ids=STAYS)
def test_other_changes_end_no_session(
    before: World, node: Node, changed: dict[str, object]
) -> None:
    """It is by name and issuer that a provider is the one of before."""
    agent = before.agent()
    agent.sign_in()
    assert later(agent, node(changed)).signed_in
    assert before.site.events("session.end") == []


def test_sessions_of_others_go_on(before: World, node: Node) -> None:
    """Only those end that came from the provider that is gone."""
    second = {"name": "second", "issuer": "https://second.example", "client_id": "mo"}
    agent, other = before.agent(), before.agent()
    agent.sign_in()
    before.site.execute("update session set provider = 'second', issuer = 'https://second.example'")
    other.sign_in()
    alone: dict[str, object] = {
        "oidc_issuer": None,
        "oidc_client_id": None,
        "oidc_providers": (second,),
    }
    now = node(alone)
    assert later(agent, now).signed_in
    assert not later(other, now).signed_in
