"""The refresh token of a session that ended goes back to its provider (RFC 7009)."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from mo_access.service import blocks, clients, people, renewals, sessions
from mo_access.service.upkeep import Upkeep
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import giving_back
from mo_web import shared
from tests.oidc.broker import Script
from tests.oidc.modules.ending import logout_claims
from tests.oidc.revocation_kit import HOUR, by_operator, outcomes, signed_in, taking_back
from tests.oidc.test_own_sessions import PATH, form, numbers
from tests.oidc.world import Agent, World
from tests.support.jose import sign

OVER = "update session set seen = 1"


@pytest.fixture
def world(settings: Settings, script: Script, database: Database) -> Iterator[World]:
    """The service on each engine, before a provider that takes tokens back."""
    with taking_back(settings, script, database.url) as made:
        yield made


def sweep(world: World) -> None:
    """Let the upkeep of a process come by."""
    parts = shared.of(world.site.app)
    put = parts.held_tokens.put
    Upkeep(world.site.database, world.site.keys, HOUR, parts.tally, hand_on=put).sweep()


def rest_and_sweep(world: World, _agent: Agent) -> None:
    """Leave the session unused for long."""
    world.site.execute(OVER)
    sweep(world)


def by_back_channel(world: World, _agent: Agent) -> None:
    """Let the provider say so, behind the browser's back."""
    token = sign(logout_claims(world, {}), world.script.key, typ="logout+jwt")
    assert world.notify({"logout_token": token}).status == 200


def by_front_channel(world: World, agent: Agent) -> None:
    """Let the provider say so, in a frame."""
    agent.get(f"/oidc/frontchannel-logout?iss={world.script.issuer}&sid=s-1")


def by_own_list(_world: World, agent: Agent) -> None:
    """End it on the page of one's own sessions."""
    assert agent.post(f"{PATH}/end", form(agent, numbers(agent)[0])).status == 303


def by_block(world: World, _agent: Agent) -> None:
    """Block the person."""
    with world.site.unit() as uow:
        blocks.block_person(uow, world.person, "for the test")
        uow.commit()


def by_removal(world: World, _agent: Agent) -> None:
    """Have the only client delete the person."""
    with world.site.unit() as uow:
        actor = clients.by_token(uow, world.token)
        assert actor is not None
        people.delete(uow, actor, world.person, lambda _: None)
        uow.commit()


WAYS: dict[str, Callable[[World, Agent], object]] = {
    "signed out": lambda _, agent: agent.get("/oidc/logout"),
    "own sessions": by_own_list,
    "back channel": by_back_channel,
    "front channel": by_front_channel,
    "deactivated": lambda world, _: world.site.change(world.token, world.person, active=False),
    "removed": by_removal,
    "blocked": by_block,
    "operator": by_operator,
    "unused": rest_and_sweep,
}


@pytest.mark.parametrize("way", WAYS)
def test_however_a_session_ends(world: World, way: str) -> None:
    """Its token goes back once, and not while anybody waits for the end of the session."""
    agent = signed_in(world)
    WAYS[way](world, agent)
    assert not agent.signed_in
    assert "revocation" not in world.script.calls
    assert outcomes(world) == {"ok": 1.0}
    assert world.script.revoked == ["rt-1"]
    assert outcomes(world) == {"ok": 1.0}


def test_a_session_that_goes_on_keeps_its_sign_in(world: World) -> None:
    """Some providers end all that a person has there with one token: the last one goes back."""
    agent, other = signed_in(world), signed_in(world)
    agent.get("/oidc/logout")
    assert outcomes(world) == {"session_goes_on": 1.0}
    other.get("/oidc/logout")
    assert outcomes(world) == {"session_goes_on": 1.0, "ok": 1.0}
    assert world.script.revoked == ["rt-2"]


def test_a_session_that_is_over_holds_nothing_up(world: World) -> None:
    """One that is only not swept yet is none, and neither is that of somebody else."""
    signed_in(world)
    world.site.execute(OVER)
    world.script.claims = {"sub": "person-2"}
    world.agent().sign_in()
    signed_in(world).get("/oidc/logout")
    assert outcomes(world) == {"ok": 1.0}


def test_all_sessions_at_once(world: World) -> None:
    """Whoever is withdrawn goes on nowhere: every token goes back."""
    for _ in range(3):
        signed_in(world)
    world.site.change(world.token, world.person, active=False)
    assert outcomes(world) == {"ok": 3.0}
    assert sorted(world.script.revoked) == ["rt-1", "rt-2", "rt-3"]


@pytest.mark.parametrize(
    ("chosen", "code", "revoked"),
    [("last", "session_goes_on", []), ("each", "ok", ["rt-1"]), ("off", "switched_off", [])],
)
def test_a_step_up_replaces_a_session(
    settings: Settings,
    script: Script,
    database: Database,
    chosen: str,
    code: str,
    revoked: list[str],
) -> None:
    """By default the new session is not endangered for the old one's token; a setting decides."""
    with taking_back(settings, script, database.url, oidc_revocation=chosen) as world:
        agent = signed_in(world)
        script.claims["auth_time"] = int(time.time())
        assert agent.sign_in("?max_age=0").status == 302
        assert agent.signed_in
        assert outcomes(world) == {code: 1.0}
        assert script.revoked == revoked


def test_a_token_that_came_too_late(world: World) -> None:
    """A session that ended while it was renewed: the old token goes back, and the new one."""
    agent = signed_in(world)
    world.let_time_pass()
    with world.site.unit() as uow:
        turn = renewals.claim(uow, sessions.own(uow, world.person, HOUR)[0])
        assert turn is not None
        uow.commit()
    agent.get("/oidc/logout")
    with world.site.unit() as uow:
        assert not renewals.keep(uow, turn, renewals.Renewed("rt-late", None, uow.now, uow.now))
        uow.commit()
    assert outcomes(world) == {"ok": 2.0}
    assert world.script.revoked == ["rt-1", "rt-late"]


def test_a_turn_that_was_lost_revokes_nothing(world: World) -> None:
    """The session lives on with a token that may be the very same."""
    signed_in(world)
    world.let_time_pass()
    with world.site.unit() as uow:
        turn = renewals.claim(uow, sessions.own(uow, world.person, HOUR)[0])
        assert turn is not None
        uow.commit()
    world.site.execute("update session set renewing_until = renewing_until + 1")
    with world.site.unit() as uow:
        assert not renewals.keep(uow, turn, renewals.Renewed("rt-1", None, uow.now, uow.now))
        uow.commit()
    assert outcomes(world) == {}


def test_a_renewal_whose_answer_was_refused(world: World) -> None:
    """The session ends with what it held; what the defective answer brought goes back as well."""
    agent = signed_in(world)
    world.script.refresh_claims = {"sub": "person-2"}
    world.let_time_pass()
    assert not agent.signed_in
    assert outcomes(world) == {"ok": 2.0}
    assert world.script.revoked == ["rt-1", "rt-2"]


def test_what_is_undone_gives_nothing_back(world: World) -> None:
    """Neither an operation that failed inside a whole, nor a transaction that never was."""
    signed_in(world)
    with world.site.unit() as uow:
        live = sessions.listed(uow, HOUR)[0].pk
        with suppress(LookupError), uow.attempt():
            sessions.end_one(uow, live)
            raise LookupError
        uow.commit()
        sessions.end_one(uow, live)
        uow.rollback()
        uow.commit()
        sessions.end_one(uow, live)
    assert outcomes(world) == {}
    assert len(world.site.rows("select pk from session")) == 1


def test_a_session_without_a_token(settings: Settings, script: Script, database: Database) -> None:
    """Nothing is held, nothing waits, nothing is counted."""
    with taking_back(settings, script, database.url, oidc_refresh=False) as world:
        signed_in(world).get("/oidc/logout")
        assert outcomes(world) == {}


def test_the_thread(world: World) -> None:
    """In a serving process a thread of its own does it, and ends when it is told to."""
    told = threading.Event()
    (provider,) = world.site.app.extensions["mo_oidc"].all
    real = provider.metadata

    def metadata() -> object:
        told.set()
        return real()

    provider.metadata = metadata
    giving = giving_back(world.site.app)
    giving.start()
    signed_in(world).get("/oidc/logout")
    assert told.wait(5)
    giving.stop()
    assert world.script.revoked == ["rt-1"]
    assert outcomes(world) == {"ok": 1.0}
