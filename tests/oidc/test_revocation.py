"""The refresh token of a session that ended goes back to its provider (RFC 7009)."""

import io
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from mo_access.client_keys import ClientKey
from mo_access.service import blocks, clients, people, renewals, sessions
from mo_access.service.upkeep import Upkeep
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import giving_back
from mo_oidc.metadata import read_metadata
from mo_web import shared
from mo_web.fetch import FetchError, FetchFault
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, ISSUER, Answer, Script, form_of
from tests.oidc.fapi_broker import verified
from tests.oidc.modules.ending import logout_claims
from tests.oidc.revocation_kit import outcomes, taking_back
from tests.oidc.test_measures import lines
from tests.oidc.test_own_sessions import PATH, form, numbers
from tests.oidc.world import Agent, World
from tests.support.jose import sign

HOUR = 3_600_000_000
OVER = "update session set seen = 1"


@pytest.fixture
def world(settings: Settings, script: Script, database: Database) -> Iterator[World]:
    """The service on each engine, before a provider that takes tokens back."""
    with taking_back(settings, script, database.url) as made:
        yield made


@pytest.fixture
def lone(
    settings: Settings, script: Script, sqlite_template: Path, tmp_path: Path
) -> Iterator[World]:
    """The same on one engine, for what no database takes part in."""
    shutil.copy(sqlite_template, tmp_path / "mo.sqlite")
    with taking_back(settings, script, settings.database_url) as made:
        yield made


def signed_in(world: World) -> Agent:
    """Return a browser in which the person is signed in."""
    world.script.claims = {"sid": "s-1"}
    agent = world.agent()
    assert agent.sign_in().status == 302
    return agent


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


def by_operator(world: World, _agent: Agent) -> None:
    """End it by its number."""
    with world.site.unit() as uow:
        assert sessions.end_one(uow, sessions.listed(uow, HOUR)[0].pk)
        uow.commit()


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


def test_the_request(lone: World) -> None:
    """A form with the token and what it is, as who we are at the token endpoint (§2.1)."""
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    request = lone.script.requests[-1]
    assert (request.method, request.url) == ("POST", f"{ISSUER}/revoke")
    assert form_of(request) == {"token": "rt-1", "token_type_hint": "refresh_token"}
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("transport", ["http"], indirect=True)
def test_over_real_http(make_world: Callable[[dict[str, object]], World]) -> None:
    """The same before a provider on a port of its own."""
    world = make_world({"oidc_refresh": True})
    world.register()
    world.script.refresh = {}
    world.script.document["revocation_endpoint"] = f"{world.script.issuer}/revoke"
    signed_in(world).get("/oidc/logout")
    assert outcomes(world) == {"ok": 1.0}
    assert world.script.revoked == ["rt-1"]


def test_another_way_to_say_who_we_are(lone: World) -> None:
    """What the document says of this endpoint counts before what it says of the other."""
    lone.script.document["revocation_endpoint_auth_methods_supported"] = ["client_secret_post"]
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    request = lone.script.requests[-1]
    assert "Authorization" not in request.headers
    told = form_of(request)
    assert (told["client_id"], told["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)


def test_an_assertion_is_for_the_issuer(lone: World) -> None:
    """With `private_key_jwt` the audience is the issuer here too, never the endpoint."""
    key = ECKey.generate_key("P-256")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    signed_in(lone).get("/oidc/logout")
    way = {"client_auth": "private_key_jwt", "client_key": ClientKey(key, "ES256")}
    provider.config = replace(provider.config, **way)
    outcomes(lone)
    claims = verified(form_of(lone.script.requests[-1])["client_assertion"], key, ("ES256",))
    assert (claims["aud"], claims["iss"]) == (ISSUER, CLIENT_ID)


def test_with_a_certificate_at_its_own_address() -> None:
    """The alias for clients with a certificate is taken, by them alone (RFC 8705 §5)."""
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint")
    document: dict[str, Any] = {name: f"{ISSUER}/{name}" for name in names}
    alias = "https://mtls.broker.example/revoke"
    document |= {"issuer": ISSUER, "mtls_endpoint_aliases": {"revocation_endpoint": alias}}
    told = [read_metadata(document, ISSUER, certificate=has) for has in (True, False)]
    wanted = [alias, document["revocation_endpoint"]]
    assert [metadata.revocation_endpoint for metadata in told] == wanted


@pytest.mark.parametrize("address", [None, "", 7, "http://broker.example/revoke", "ftp://x", "é"])
def test_no_endpoint_or_an_odd_one(lone: World, address: object) -> None:
    """Signing in goes on as ever; nothing is sent anywhere."""
    lone.script.document["revocation_endpoint"] = address
    agent = signed_in(lone)
    assert agent.get("/oidc/logout").status == 302
    assert outcomes(lone) == {"no_endpoint": 1.0}
    assert "revocation" not in lone.script.calls


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((204, {}, ""), "ok"),
        ((200, {}, "not json"), "ok"),
        ((400, {}, '{"error": "unsupported_token_type"}'), "revocation_refused"),
        ((401, {}, '{"error": "invalid_client"}'), "revocation_refused"),
        ((403, {}, "<html>rt-1</html>"), "revocation_refused"),
        ((404, {}, ""), "revocation_refused"),
    ],
)
def test_every_answer_has_a_code(lone: World, answer: Answer, code: str) -> None:
    """What the provider decided is final, whatever it answers."""
    lone.script.answers["revocation"] = answer
    signed_in(lone).get("/oidc/logout")
    assert outcomes(lone) == {code: 1.0}
    assert lone.script.calls.count("revocation") == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((503, {"Retry-After": "3600"}, ""), "revocation_status"),
        ((500, {}, ""), "revocation_status"),
        ((429, {}, ""), "revocation_status"),
        ((302, {"Location": "https://evil.example"}, ""), "revocation_redirect"),
        ((200, {}, "x" * 300_000), "revocation_too_large"),
        (requests.ConnectTimeout(), "revocation_timeout"),
        (requests.ConnectionError(), "revocation_unreachable"),
    ],
)
def test_trouble_is_tried_again_and_stops_nobody(
    lone: World, answer: Answer | Exception, code: str, listen: Callable[[], io.StringIO]
) -> None:
    """A slow, huge, absent or failing provider: signed out at once, the token goes back later."""
    log = listen()
    lone.script.answers["revocation"] = answer
    agent = signed_in(lone)
    assert agent.get("/oidc/logout").status == 302
    giving = giving_back(lone.site.app)
    assert giving.step()
    assert not giving.step()
    (line,) = lines(log.getvalue(), "token_revocation_postponed")
    assert (line["code"], line["provider"], bool(line["request_id"])) == (code, "broker", True)
    assert lone.script.calls.count("revocation") == 1


def test_the_document_may_be_away_too(lone: World) -> None:
    """A provider that cannot be found any more is trouble like another."""
    signed_in(lone).get("/oidc/logout")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    lone.site.app.extensions["mo_oidc"].all = (
        type(provider)(provider.config, _unreachable, lambda: 0.0),
    )
    assert outcomes(lone) == {}
    assert "revocation" not in lone.script.calls


def _unreachable(_url: str) -> dict[str, object]:
    raise FetchError(FetchFault.UNREACHABLE)


def test_never_to_another_provider(lone: World) -> None:
    """A name that means another issuer by now is not sent what the first one gave."""
    signed_in(lone).get("/oidc/logout")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    provider.config = replace(provider.config, issuer="https://other.example")
    assert outcomes(lone) == {"provider_unknown": 1.0}
    assert "revocation" not in lone.script.calls


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
    assert world.script.revoked == ["rt-1", "rt-2", "rt-3"]


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


def test_a_token_without_its_key(lone: World) -> None:
    """A key that is gone: a code, and nothing is sent."""
    signed_in(lone)
    lone.site.execute("update session set refresh_sealed = id_token_sealed")
    lone.agent()
    by_operator(lone, lone.agents[0])
    assert outcomes(lone) == {"seal_broken": 1.0}


def test_a_session_without_a_token(settings: Settings, script: Script, database: Database) -> None:
    """Nothing is held, nothing waits, nothing is counted."""
    with taking_back(settings, script, database.url, oidc_refresh=False) as world:
        signed_in(world).get("/oidc/logout")
        assert outcomes(world) == {}


def test_nothing_secret_is_logged(lone: World, listen: Callable[[], io.StringIO]) -> None:
    """One line with the code, the provider and the request that ended the session."""
    log = listen()
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    (line,) = lines(log.getvalue(), "token_revocation")
    (ended,) = lines(log.getvalue(), "logout")
    assert (line["code"], line["provider"]) == ("ok", "broker")
    assert line["request_id"] == ended["request_id"]
    assert "rt-" not in log.getvalue()
    assert "rt-" not in json.dumps(lone.site.events("session.end"))


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
