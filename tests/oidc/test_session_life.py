"""How a session begins, lasts and ends, by every way that the design names (issue 5, item 6)."""

import time
from collections.abc import Iterator

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.service.upkeep import Upkeep
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_web import shared
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import ISSUER, Script
from tests.oidc.modules.ending import logout_claims
from tests.oidc.site import BASE, Site
from tests.oidc.staging import two_nodes
from tests.oidc.world import Agent, World
from tests.support.jose import sign

KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
HOUR = 3_600_000_000


@pytest.fixture
def nodes(settings: Settings, script: Script, database: Database) -> Iterator[tuple[World, World]]:
    """Two nodes on one database, once for each engine, and a person."""
    with two_nodes(settings, script, database) as made:
        yield made


def elsewhere(agent: Agent, node: World) -> Agent:
    """Return the same browser, whose next request another node answers."""
    other = node.agent()
    other.wire.set_cookie(node.cookie, agent.session or "")
    return other


def test_a_session_counts_on_every_node(nodes: tuple[World, World]) -> None:
    """Signed in on one, known on the other; signed out there, unknown here at once."""
    first, second = nodes
    agent = first.agent()
    assert agent.sign_in().status == 302
    there = elsewhere(agent, second)
    assert there.signed_in
    there.get("/oidc/logout")
    assert not agent.signed_in


def test_a_sign_in_may_begin_on_one_node_and_end_on_another(nodes: tuple[World, World]) -> None:
    """State, nonce and verifier are in the database; each counts once on all nodes together."""
    first, second = nodes
    agent, other = first.agent(), second.agent()
    page = agent.get(agent.get("/oidc/login").location)
    other.wire.set_cookie("__Host-mo_browser", agent.wire.cookie("__Host-mo_browser") or "")
    assert other.come_back(page).status == 302
    assert agent.come_back(page).code == "state_unknown"


def test_a_logout_token_counts_once_on_all_nodes(nodes: tuple[World, World]) -> None:
    """The memory of jti is shared: the other node answers 400 to the same token."""
    first, second = nodes
    first.script.claims = {"sid": "s-1"}
    agent = first.agent()
    agent.sign_in()
    token = sign(logout_claims(first, {}), first.script.key, typ="logout+jwt")
    assert second.notify({"logout_token": token}).status == 200
    assert not agent.signed_in
    assert first.notify({"logout_token": token}).status == 400
    assert second.notify({"logout_token": token}).status == 400


def test_one_node_renews(
    settings: Settings, script: Script, database: Database, nodes: tuple[World, World]
) -> None:
    """A session that two nodes are asked about at once is renewed by one (no reuse of a token)."""
    renewing = []
    for node in nodes:
        told = Settings(
            **{
                **settings.model_dump(exclude_unset=True),
                "database_url": database.url,
                "oidc_refresh": True,
            }
        )
        app = create_app(told, node.site.database, KEYS, [door(told), host.door()])
        renewing.append(World(Site(app, script, node.site.database, KEYS), BASE, over_http=False))
    script.refresh = {}
    agent = renewing[0].agent()
    agent.sign_in()
    renewing[0].let_time_pass()
    there = elsewhere(agent, renewing[1])
    assert there.signed_in
    assert agent.signed_in
    assert script.calls.count("token") == 2


@pytest.mark.parametrize(
    ("told", "why"),
    [({"active": False}, "deactivated"), ({"affiliations": ()}, "still somebody")],
)
def test_deactivation_ends_sessions_on_every_node(
    nodes: tuple[World, World], told: dict[str, object], why: str
) -> None:
    """The next request on another node finds no session; losing an affiliation ends none."""
    first, second = nodes
    agent = first.agent()
    agent.sign_in()
    there = elsewhere(agent, second)
    first.site.change(first.token, first.person, **told)
    assert there.signed_in is (why == "still somebody")


def test_a_deleted_person_is_signed_out(nodes: tuple[World, World]) -> None:
    """DELETE over SCIM does as deactivation does."""
    from mo_access.service import clients, people  # noqa: PLC0415 - only this test deletes

    first, second = nodes
    agent = first.agent()
    agent.sign_in()
    with first.site.unit() as uow:
        actor = clients.by_token(uow, first.token)
        assert actor is not None
        people.delete(uow, actor, first.person, lambda _: None)
        uow.commit()
    assert not elsewhere(agent, second).signed_in
    assert not agent.signed_in


@pytest.mark.parametrize(
    "change", ["update person set blocked = 'x'", "update person set active = 0"]
)
def test_a_block_ends_sessions(nodes: tuple[World, World], change: str) -> None:
    """A person who is blocked, or switched off by the platform, has no session."""
    first, _ = nodes
    agent = first.agent()
    agent.sign_in()
    first.site.execute(change)
    assert not agent.signed_in


def test_limits(nodes: tuple[World, World]) -> None:
    """A session ends when it was idle for too long, and at its absolute end in any case."""
    first, _ = nodes
    settings = shared.of(first.site.app).settings
    now = int(time.time() * 1_000_000)
    for column, over in (
        ("seen", now - settings.session_idle_seconds * 1_000_000 - 1_000_000),
        ("expires", now - 1),
    ):
        agent = first.agent()
        agent.sign_in()
        assert agent.signed_in
        first.site.execute(f"update session set {column} = {over}")  # noqa: S608 - ours
        assert not agent.signed_in


def test_use_keeps_a_session_from_being_idle(nodes: tuple[World, World]) -> None:
    """Its use is noted, once a minute at most."""
    first, _ = nodes
    agent = first.agent()
    agent.sign_in()
    first.site.execute("update session set seen = seen - 90000000")
    before = first.site.rows("select seen from session")
    assert agent.signed_in
    after = first.site.rows("select seen from session")
    assert after > before
    assert agent.signed_in
    assert first.site.rows("select seen from session") == after


def test_what_is_over_is_swept(nodes: tuple[World, World]) -> None:
    """The upkeep deletes sessions that are over and leaves those that live."""
    first, _ = nodes
    agent = first.agent()
    agent.sign_in()
    first.agent().sign_in()
    first.site.execute("update session set expires = 5 where pk = (select max(pk) from session)")
    parts = shared.of(first.site.app)
    Upkeep(first.site.database, KEYS, HOUR, parts.tally).sweep()
    assert first.site.rows("select count(*) from session") == [(1,)]
    assert agent.signed_in


def test_a_copied_cookie_is_dead_after_signing_out(nodes: tuple[World, World]) -> None:
    """Whoever copied it before has nothing, on whichever node."""
    first, second = nodes
    agent = first.agent()
    agent.sign_in()
    thieves = [elsewhere(agent, first), elsewhere(agent, second)]
    assert all(thief.signed_in for thief in thieves)
    agent.sign_out()
    assert not any(thief.signed_in for thief in thieves)


def test_the_provider_finds_sessions_by_index(nodes: tuple[World, World]) -> None:
    """Back-channel logout looks sessions up by (issuer, sid) and (issuer, subject)."""
    first, _ = nodes
    if first.site.database.dialect_name == "sqlite":
        for column in ("sid", "subject"):
            plan = first.site.rows(
                f"explain query plan delete from session where issuer = 'a' and {column} = 'b'"  # noqa: S608 - ours
            )
            assert "USING INDEX" in repr(plan) or "USING COVERING INDEX" in repr(plan), plan
    else:
        held = repr(first.site.rows("select indexdef from pg_indexes where tablename='session'"))
        assert "(issuer, sid)" in held
        assert "(issuer, subject)" in held


def test_a_restored_cookie_names_no_new_session(nodes: tuple[World, World]) -> None:
    """Cookies that were never given: empty, huge, odd; each is nobody, and no 500."""
    first, _ = nodes
    for value in ("", "x" * 256, "x" * 257, "é", "a b", "null", "../..", "' or 1=1 --"):
        agent = first.agent()
        agent.wire.set_cookie(first.cookie, value)
        assert agent.me().status == 401


def test_the_same_person_twice(nodes: tuple[World, World]) -> None:
    """Each sign-in is a session of its own; a subject-only notice ends both."""
    first, second = nodes
    one, two = first.agent(), second.agent()
    one.sign_in()
    two.sign_in()
    assert first.site.rows("select count(*) from session") == [(2,)]
    token = sign(logout_claims(first, {"sid": None}), first.script.key, typ="logout+jwt")
    assert second.notify({"logout_token": token}).status == 200
    assert not one.signed_in
    assert not two.signed_in


def test_issuers_do_not_end_each_others_sessions(nodes: tuple[World, World]) -> None:
    """A sid is its issuer's own."""
    first, _ = nodes
    first.script.claims = {"sid": "s-1"}
    agent = first.agent()
    agent.sign_in()
    first.site.execute("update session set issuer = 'https://second.example'")
    token = sign(logout_claims(first, {}), first.script.key, typ="logout+jwt")
    assert first.notify({"logout_token": token}).status == 200
    first.site.execute(f"update session set issuer = '{ISSUER}'")  # noqa: S608 - ours
    assert agent.signed_in
