"""The plans of logout: by us, by the provider behind the browser's back, and in its frames."""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from joserfc.jwk import ECKey

from mo_oidc.logout_token import EVENT
from tests.oidc.broker import CLIENT_ID, query_of
from tests.oidc.modules.catalogue import ACCEPT, REJECT, Outcome, module, signing_in
from tests.oidc.world import World
from tests.support.jose import b64, public, sign

RP_INITIATED: Final = "RP-Initiated Logout RP"
BACK: Final = "Back-Channel Logout RP"
FRONT: Final = "Front-Channel Logout RP"


def _signed_out(world: World) -> Outcome:
    agent = world.agent()
    assert signing_in(world, agent=agent).result == "accepted"
    page = agent.sign_out()
    assert (page.status, agent.signed_in) == (200, False)
    return Outcome("accepted" if "1700" in page.text else "?", "ok")


@module(RP_INITIATED, "oidcc-client-test-rp-init-logout", ACCEPT)
def rp_init(world: World) -> Outcome:
    """Hint, client, return address and state go to the provider; the way back is public."""
    agent = world.agent()
    assert signing_in(world, agent=agent).result == "accepted"
    asked = query_of(agent.get("/oidc/logout").location)
    assert asked["client_id"] == CLIENT_ID
    assert asked["post_logout_redirect_uri"] == f"{world.base}/oidc/signed-out"
    assert asked["id_token_hint"].count(".") == 2
    assert asked["state"]
    return _signed_out(world)


@module(RP_INITIATED, "oidcc-client-test-rp-init-logout-other-state", ACCEPT)
def rp_init_other_state(world: World) -> Outcome:
    """The state that comes back is another."""
    world.script.after_logout = {"state": "another"}
    return _signed_out(world)


@module(RP_INITIATED, "oidcc-client-test-rp-init-logout-no-state", ACCEPT)
def rp_init_no_state(world: World) -> Outcome:
    """No state comes back."""
    world.script.after_logout = {"state": None}
    return _signed_out(world)


def logout_claims(world: World, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a logout token as the suite makes it; None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": world.script.issuer,
        "sub": "person-1",
        "aud": CLIENT_ID,
        "jti": f"j-{time.monotonic_ns()}",
        "sid": "s-1",
        "events": {EVENT: {}},
        "iat": now,
        "exp": now + 120,
        "unknown_claim": {"of": ["the", "suite"]},
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _told(world: World, token: str) -> Outcome:
    """Send a logout token; 200 or 400 exactly, never kept, and the session follows."""
    agent = world.agent()
    world.script.claims = {"sid": "s-1"}
    assert signing_in(world, agent=agent).result == "accepted"
    reply = world.notify({"logout_token": token})
    assert reply.status in (200, 400)
    assert reply.headers["Cache-Control"] == "no-store"
    assert agent.signed_in is (reply.status == 400)
    code = "ok" if reply.status == 200 else _last_code(world)
    return Outcome("accepted" if reply.status == 200 else "refused", code)


def _last_code(world: World) -> str:
    """Return the code of the last refusal, which the provider is not told: from our measures."""
    counted = world.refused_logouts()
    assert len(counted) == 1
    return counted[0]


def _defective(world: World, changed: Mapping[str, Any]) -> Outcome:
    claims = logout_claims(world, changed)
    return _told(world, sign(claims, world.script.key, typ="logout+jwt"))


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout", ACCEPT)
def back_channel(world: World) -> Outcome:
    """A sound token ends the session; then a sign-out by us works as well."""
    assert _defective(world, {}).result == "accepted"
    return _signed_out(world)


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", REJECT)
def back_channel_unsigned(world: World) -> Outcome:
    """An unsigned logout token."""
    token = sign(logout_claims(world, {}), world.script.key, typ="logout+jwt")
    return _told(world, b64(b'{"alg": "none"}') + "." + token.split(".")[1] + ".")


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-no-event", REJECT)
def back_channel_no_event(world: World) -> Outcome:
    """No events."""
    return _defective(world, {"events": None})


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", REJECT)
def back_channel_nonce(world: World) -> Outcome:
    """A nonce."""
    return _defective(world, {"nonce": "n"})


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", REJECT)
def back_channel_wrong_alg(world: World) -> Outcome:
    """A good signature of an algorithm that was not agreed."""
    key = ECKey.generate_key("P-256", parameters={"kid": "e1"})
    world.script.jwks = {"keys": [public(world.script.key), public(key)]}
    return _told(world, sign(logout_claims(world, {}), key, "ES256", typ="logout+jwt"))


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", REJECT)
def back_channel_wrong_aud(world: World) -> Outcome:
    """For somebody else."""
    return _defective(world, {"aud": f"{CLIENT_ID}-1"})


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", REJECT)
def back_channel_wrong_event(world: World) -> Outcome:
    """Another event."""
    return _defective(world, {"events": {"http://schemas.openid.net/event/other": {}}})


@module(BACK, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", REJECT)
def back_channel_wrong_iss(world: World) -> Outcome:
    """By another issuer."""
    return _defective(world, {"iss": f"{world.script.issuer}/1"})


def _front(world: World) -> str:
    told = urlencode({"iss": world.script.issuer, "sid": "s-1"})
    return f"{world.base}/oidc/frontchannel-logout?{told}"


@module(FRONT, "oidcc-client-test-rp-frontchannel-rpinitlogout", ACCEPT)
def front_channel(world: World) -> Outcome:
    """Signing out in one browser: the frame ends the other sessions of that provider session."""
    world.script.claims, world.script.frames = {"sid": "s-1"}, [_front(world)]
    other = world.agent()
    assert signing_in(world, agent=other).result == "accepted"
    outcome = _signed_out(world)
    assert not other.signed_in
    return outcome


@module(FRONT, "oidcc-client-test-rp-frontchannel-opinitlogout", ACCEPT)
def front_channel_by_provider(world: World) -> Outcome:
    """The provider's page holds ours in a frame; our policy lets it, and it alone."""
    world.script.claims = {"sid": "s-1"}
    agent = world.agent()
    assert signing_in(world, agent=agent).result == "accepted"
    frame = world.agent().get(_front(world))
    assert f"frame-ancestors {world.script.issuer}" in frame.headers["Content-Security-Policy"]
    return Outcome("accepted" if frame.status == 200 and not agent.signed_in else "?", "ok")
