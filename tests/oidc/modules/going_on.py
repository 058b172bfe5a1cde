"""The plans of sign-ins that others begin, and of sessions that are renewed."""

from typing import Final
from urllib.parse import quote, urlencode

from tests.oidc.broker import query_of
from tests.oidc.modules.catalogue import ACCEPT, REJECT, Outcome, module, signing_in
from tests.oidc.world import Agent, World

THIRD_PARTY: Final = "Third-Party-Initiated Login RP"
REFRESH: Final = "Refresh Token RP"
RENEWING: Final = {"oidc_refresh": True}


@module(THIRD_PARTY, "oidcc-client-test-3rd-party-init-login", ACCEPT)
def third_party(world: World) -> Outcome:
    """Begun elsewhere with iss, login_hint and target_link_uri, by GET and by POST."""
    told = {
        "iss": world.script.issuer,
        "login_hint": "an@school",
        "target_link_uri": f"{world.base}/host/home",
    }
    posting = world.agent()
    away = posting.post("/oidc/login", told)
    assert query_of(away.location)["login_hint"] == "an@school"
    assert posting.come_back(posting.get(away.location)).location == "/host/home"
    evil = {**told, "iss": "https://evil.example"}
    assert world.agent().get(f"/oidc/login?{urlencode(evil)}").code == "provider_unknown"
    agent = world.agent()
    assert agent.sign_in(f"?{urlencode(told, quote_via=quote)}").location == "/host/home"
    return Outcome("accepted" if agent.signed_in else "refused", "ok")


def _renewed(world: World) -> Outcome:
    """Sign in, let the access token end, and come back; a session that is over is refused."""
    world.script.refresh = {}
    agent = world.agent()
    assert signing_in(world, agent=agent).result == "accepted"
    return _after_a_while(world, agent)


def _after_a_while(world: World, agent: Agent) -> Outcome:
    world.let_time_pass()
    before = world.script.calls.count("token")
    alive = agent.signed_in
    assert world.script.calls.count("token") == before + 1
    if alive:
        return Outcome("accepted", "ok")
    return Outcome("refused", world.why_renewal_ended())


@module(REFRESH, "oidcc-client-test-refresh-token", ACCEPT, RENEWING)
def refreshed(world: World) -> Outcome:
    """Renewed twice: each time with the token that the time before gave."""
    outcome = _renewed(world)
    assert world.script.good_refresh == "rt-2"
    assert _after_a_while(world, world.agents[0]).result == "accepted"
    assert world.script.good_refresh == "rt-3"
    return outcome


@module(REFRESH, "oidcc-client-test-refresh-token-invalid-issuer", REJECT, RENEWING)
def refreshed_by_another(world: World) -> Outcome:
    """The renewed ID token is of another issuer."""
    world.script.refresh_claims = {"iss": f"{world.script.issuer}/1"}
    return _renewed(world)


@module(REFRESH, "oidcc-client-test-refresh-token-invalid-sub", REJECT, RENEWING)
def refreshed_for_another(world: World) -> Outcome:
    """The renewed ID token is of another subject."""
    world.script.refresh_claims = {"sub": "person-2"}
    return _renewed(world)
