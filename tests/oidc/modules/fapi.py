"""The plan of the FAPI 2.0 Security Profile: private_key_jwt, PAR and DPoP, on every run.

The provider holds our requests to the profile (`tests.oidc.fapi_broker`), and publishes decoys
that share the name of its key.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from joserfc.jwk import ECKey, RSAKey

from tests.oidc.broker import CLIENT_ID
from tests.oidc.fapi_broker import Guard
from tests.oidc.modules.basic import _unsigned
from tests.oidc.modules.catalogue import ACCEPT, REJECT, Outcome, Play, module, signing_in
from tests.oidc.modules.going_on import _after_a_while
from tests.oidc.world import World
from tests.support.jose import public

FAPI: Final = "FAPI 2.0 Security Profile Final RP"
PREFIX: Final = "fapi2-security-profile-final-client-"
_FOLDER: Final = tempfile.TemporaryDirectory()
KEY_FILE: Final = Path(_FOLDER.name, "client.json")
SETTINGS: Final = {
    "oidc_fapi2": True,
    "oidc_client_secret": "",
    "oidc_client_auth": "private_key_jwt",
    "oidc_client_key_file": str(KEY_FILE),
    "oidc_algorithms": ("PS256", "ES256"),
    "oidc_userinfo": True,
}
KEY_FILE.write_text(json.dumps(RSAKey.generate_key(2048).as_dict(private=True)), encoding="utf-8")


def guarded(world: World) -> Guard:
    """Make the provider one of FAPI 2.0, which knows our keys by the address where they are."""
    script = world.script
    guard = Guard(script, json.loads(world.agent().get("/oidc/jwks").text))
    script.guard, script.alg = guard, "PS256"
    script.document["pushed_authorization_request_endpoint"] = f"{script.issuer}/par"
    script.document["id_token_signing_alg_values_supported"] = ["PS256", "RS256", "none"]
    script.token["token_type"] = "DPoP"
    script.userinfo = {"sub": "person-1"}
    decoys: list[RSAKey | ECKey] = [RSAKey.generate_key(2048), ECKey.generate_key("P-256")]
    named = [public(decoy, kid=script.key.kid) for decoy in decoys]
    script.jwks = {"keys": [*named, public(script.key)]}
    return guard


def fapi(name: str, expected: str, **settings: object) -> Callable[[Callable[..., Outcome]], Play]:
    """Enter a function as a module of this plan: it plays on a world before a guarded provider."""

    def enter(play: Callable[[World, Guard], Outcome]) -> Play:
        def played(world: World) -> Outcome:
            guard = guarded(world)
            outcome = play(world, guard)
            assert guard.faults == []
            return outcome

        return module(FAPI, PREFIX + name, expected, {**SETTINGS, **settings})(played)

    return enter


@fapi("test-happy-path", ACCEPT)
def happy(world: World, guard: Guard) -> Outcome:
    """PAR, a nonce asked for at token and UserInfo, each met by one more request."""
    outcome = signing_in(world)
    assert world.script.calls.count("par") == 1
    assert world.script.calls.count("token") == 2
    assert guard.given
    assert signing_in(world) == outcome
    return outcome


@fapi("test-happy-path-no-dpop-nonce", ACCEPT)
def without_nonce(world: World, guard: Guard) -> Outcome:
    """A provider that asks for no nonce is asked once."""
    guard.nonces = False
    outcome = signing_in(world)
    assert world.script.calls.count("token") == world.script.calls.count("userinfo") == 1
    return outcome


@fapi("test-discovery-issuer-mismatch", REJECT)
def issuer_mismatch(world: World, _: Guard) -> Outcome:
    """The document is another issuer's: nothing is pushed."""
    world.script.document["issuer"] = f"{world.script.issuer}/other"
    outcome = signing_in(world)
    assert set(world.script.calls) == {"discovery"}
    return outcome


_CLAIMS: Final[Mapping[str, Mapping[str, object]]] = {
    "test-invalid-iss": {"iss": "https://other.example"},
    "test-invalid-aud": {"aud": f"{CLIENT_ID}-1"},
    "test-invalid-secondary-aud": {"aud": [CLIENT_ID, "unknown"], "azp": CLIENT_ID},
    "test-invalid-expired-exp": {"exp": 1_700_000_000},
    "test-invalid-missing-exp": {"exp": None},
    "test-invalid-missing-aud": {"aud": None},
    "test-invalid-missing-iss": {"iss": None},
    "test-invalid-nonce": {"nonce": "another"},
    "test-invalid-missing-nonce": {"nonce": None},
}


def _enter(name: str, expected: str, claims: Mapping[str, object]) -> None:
    @fapi(name, expected)
    def told(world: World, _: Guard) -> Outcome:
        world.script.claims = dict(claims)
        outcome = signing_in(world)
        # A token that is refused opens nothing: UserInfo is not asked.
        assert ("userinfo" in world.script.calls) == (expected == ACCEPT)
        return outcome


for _name, _claims in _CLAIMS.items():
    _enter(_name, REJECT, _claims)
_enter("test-valid-aud-as-array", ACCEPT, {"aud": [CLIENT_ID]})


@fapi("test-invalid-null-alg", REJECT)
def unsigned(world: World, _: Guard) -> Outcome:
    """An unsigned ID token."""
    world.script.id_token = lambda: _unsigned(world.script.plain_id_token())
    return signing_in(world)


@fapi("test-invalid-alternate-alg", REJECT)
def alternate(world: World, _: Guard) -> Outcome:
    """Signed with the provider's own key, by an algorithm that FAPI 2.0 does not take."""
    world.script.alg = "RS256"
    return signing_in(world)


@fapi("test-invalid-authorization-response-iss", REJECT)
def other_iss(world: World, _: Guard) -> Outcome:
    """The answer is another provider's: nothing more is sent to this one."""
    world.script.answer = {"iss": "https://other.example"}
    return _without_token(world)


@fapi("test-remove-authorization-response-iss", REJECT)
def no_iss(world: World, _: Guard) -> Outcome:
    """The answer does not say whose it is, nor does the document promise it."""
    del world.script.document["authorization_response_iss_parameter_supported"]
    world.script.answer = {"iss": None}
    return _without_token(world)


@fapi("test-ensure-authorization-response-with-invalid-state-fails", REJECT)
def other_state(world: World, _: Guard) -> Outcome:
    """A state that nobody gave."""
    world.script.answer = {"state": "another"}
    return _without_token(world)


@fapi("test-ensure-authorization-response-with-invalid-missing-state-fails", REJECT)
def no_state(world: World, _: Guard) -> Outcome:
    """No state."""
    world.script.answer = {"state": None}
    return _without_token(world)


def _without_token(world: World) -> Outcome:
    outcome = signing_in(world)
    assert set(world.script.calls) == {"discovery", "par"}
    return outcome


@fapi("test-token-endpoint-response-without-expires_in", ACCEPT)
def no_expires_in(world: World, _: Guard) -> Outcome:
    """How long the access token lives is not told."""
    del world.script.token["expires_in"]
    return signing_in(world)


@fapi("test-token-type-case-insensitivity", ACCEPT)
def token_type(world: World, _: Guard) -> Outcome:
    """The case of the token's type is free."""
    world.script.token["token_type"] = "dPoP"
    return signing_in(world)


@fapi("test-rs-dpop-auth-scheme-case-insensitivity", ACCEPT)
def scheme(world: World, guard: Guard) -> Outcome:
    """The case of the scheme with which UserInfo asks for a nonce is free."""
    guard.challenge = "dpOP"
    outcome = signing_in(world)
    assert world.script.calls.count("userinfo") == 2
    return outcome


@fapi("refresh-token-test", ACCEPT, oidc_refresh=True)
def refreshed(world: World, guard: Guard) -> Outcome:
    """Renewed twice, with the rotated token and the key that the session began with."""
    world.script.refresh = {}
    agent = world.agent()
    assert signing_in(world, agent=agent).result == "accepted"
    guard.nonces = False
    began = guard.jkt
    assert _after_a_while(world, agent).result == "accepted"
    outcome = _after_a_while(world, agent)
    assert (guard.jkt, world.script.good_refresh) == (began, "rt-3")
    return outcome
