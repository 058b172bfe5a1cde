"""The Config plan, and what it asks of a document and of keys that rotate."""

from typing import Final

from joserfc.jwk import RSAKey

from tests.oidc.modules.basic import unsigned
from tests.oidc.modules.catalogue import ACCEPT, EITHER, REJECT, Outcome, module, signing_in
from tests.oidc.world import World
from tests.support.jose import public

CONFIG: Final = "Config RP"

module(CONFIG, "oidcc-client-test-idtoken-sig-none", EITHER)(unsigned)


@module(CONFIG, "oidcc-client-test-discovery-openid-config", ACCEPT)
def discovery(world: World) -> Outcome:
    """Every address comes from the document."""
    outcome = signing_in(world)
    assert world.script.calls[0] == "discovery"
    return outcome


@module(CONFIG, "oidcc-client-test-discovery-jwks-uri-keys", ACCEPT)
def jwks_uri(world: World) -> Outcome:
    """The keys come from jwks_uri."""
    outcome = signing_in(world)
    assert world.script.calls.count("jwks") == 1
    return outcome


@module(CONFIG, "oidcc-client-test-discovery-issuer-mismatch", REJECT)
def issuer_mismatch(world: World) -> Outcome:
    """The document is another issuer's: nothing of it is used."""
    world.script.document["issuer"] = f"{world.script.issuer}/other"
    outcome = signing_in(world)
    assert set(world.script.calls) == {"discovery"}
    return outcome


def _rotate(world: World, kid: str) -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": kid, "use": "sig"})
    world.script.key, world.script.jwks = key, {"keys": [public(key)]}


@module(CONFIG, "oidcc-client-test-signing-key-rotation-just-before-signing", ACCEPT)
def rotation_before_signing(world: World) -> Outcome:
    """The keys that we know are withdrawn while somebody signs in, twice within a minute."""
    assert signing_in(world).result == "accepted"
    for kid in ("k2", "k3"):
        agent = world.agent()
        page = agent.get(agent.get("/oidc/login").location)
        _rotate(world, kid)
        assert agent.come_back(page).status == 302
        assert agent.signed_in
    return Outcome("accepted", "ok")


@module(CONFIG, "oidcc-client-test-signing-key-rotation", ACCEPT)
def rotation(world: World) -> Outcome:
    """A second sign-in, with new keys under the same kid."""
    assert signing_in(world).result == "accepted"
    _rotate(world, "k1")
    return signing_in(world)
