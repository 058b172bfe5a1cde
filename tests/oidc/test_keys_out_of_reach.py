"""A token of a key that we do not know: refused where the keys are fresh, unjudged where not."""

from collections.abc import Callable

import pytest
from joserfc.jwk import RSAKey

from mo_oidc.provider import BudgetedKeys, Provider
from mo_web.faults import ProviderTrouble
from mo_web.jws import verify_signature
from tests.oidc.broker import Answer, Script
from tests.oidc.world import Agent, World
from tests.support.jose import public, sign

DOWN: Answer = (500, {}, "")


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service set to renew, and a provider that gives refresh tokens."""
    made = make_world({"oidc_refresh": True})
    made.register()
    made.script.refresh = {}
    return made


@pytest.fixture
def agent(world: World) -> Agent:
    """A browser in which somebody is signed in, by a key that is known since."""
    made = world.agent()
    assert made.sign_in().status == 302
    return made


def sign_with(script: Script, key: RSAKey) -> None:
    """Let the provider sign with a key that it does not publish yet, under its own kid."""
    script.key, script.header = key, {"kid": "new"}


def test_a_session_goes_on_while_its_new_token_cannot_be_judged(
    world: World, agent: Agent, other_rsa_key: RSAKey
) -> None:
    """A new key, and its set out of reach: what came is kept, and judged once it can be read."""
    sign_with(world.script, other_rsa_key)
    world.script.answers["jwks"] = DOWN
    world.let_time_pass()
    assert agent.signed_in
    assert world.site.events("session.end") == []
    world.script.answers.clear()
    world.script.jwks = {"keys": [public(other_rsa_key, kid="new")]}
    world.let_time_pass()
    assert agent.signed_in
    assert world.script.good_refresh == "rt-3"
    assert world.script.calls.count("token") == 3


def test_a_session_ends_by_a_token_of_a_key_that_is_not_published(
    world: World, agent: Agent, other_rsa_key: RSAKey
) -> None:
    """The keys were fetched anew and the token's is not among them: it is nobody's."""
    sign_with(world.script, other_rsa_key)
    world.let_time_pass()
    assert not agent.signed_in
    assert world.why_renewal_ended() == "signature"
    assert world.script.calls.count("jwks") == 2


def test_a_session_ends_by_a_wrong_signature_once_the_keys_are_back(
    world: World, agent: Agent, other_rsa_key: RSAKey
) -> None:
    """To be unjudged for a while is not to be believed."""
    sign_with(world.script, other_rsa_key)
    world.script.answers["jwks"] = DOWN
    world.let_time_pass()
    assert agent.me().status == 200
    world.script.answers.clear()
    world.let_time_pass()
    assert agent.me().status == 401
    assert world.why_renewal_ended() == "signature"


def test_nobody_signs_in_by_a_token_that_cannot_be_judged(
    world: World, agent: Agent, other_rsa_key: RSAKey
) -> None:
    """No session, and the page says that it is the provider's trouble, not the person's."""
    assert agent.signed_in
    sign_with(world.script, other_rsa_key)
    world.script.answers["jwks"] = DOWN
    other = world.agent()
    came = other.sign_in()
    assert (came.status, came.code, other.signed_in) == (502, "keys_status", False)
    world.script.answers.clear()
    came = other.sign_in()
    assert (came.status, came.code, other.signed_in) == (400, "signature", False)


def test_a_logout_token_that_cannot_be_judged_is_a_defect(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """Within the budget it is the provider's trouble, beyond it a wrong signature: 400 both."""
    provider.keys()
    script.answers["jwks"] = DOWN
    came = []
    for number in range(7):
        token = sign({"sub": "p"}, other_rsa_key, kid=f"forged-{number}")
        with pytest.raises(Exception, match=r"keys_status|signature") as fault:
            verify_signature(token, ("RS256",), ("jwt",), BudgetedKeys(provider))
        came.append(isinstance(fault.value, ProviderTrouble))
    assert came == [True] * 5 + [False] * 2
    assert script.calls.count("jwks") == 6
