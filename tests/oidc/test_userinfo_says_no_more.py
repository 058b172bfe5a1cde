"""UserInfo tells of a person; how and when that person signed in is for the ID token to say."""

import time
from collections.abc import Callable, Mapping

import pytest

from mo_oidc import token_endpoint
from mo_oidc.id_token import VerifiedClaims
from mo_oidc.provider import Provider
from tests.oidc.broker import Script
from tests.oidc.world import World

EID = "urn:be:vlaanderen:authmech:eid"


def joined(
    provider: Provider, script: Script, claims: Mapping[str, object], said: Mapping[str, object]
) -> VerifiedClaims:
    """Return the claims of a sign-in when UserInfo says these of the same person."""
    script.userinfo = {"sub": "person-1", **said}
    told = VerifiedClaims({"sub": "person-1", **claims})
    return token_endpoint.with_userinfo(provider, told, "at-1")


@pytest.mark.parametrize("name", ["acr", "ACR", "amr", "auth_time"])
def test_nothing_of_the_sign_in_comes_from_userinfo(
    provider: Provider, script: Script, name: str
) -> None:
    """In no spelling, though the ID token does not tell it."""
    assert joined(provider, script, {}, {name: "x", "vo_id": "8a4d"}) == {
        "sub": "person-1",
        "vo_id": "8a4d",
    }


@pytest.mark.parametrize("name", ["vo_orgcode", "VO_Orgcode"])
def test_the_id_tokens_own_claims_win_in_any_spelling(
    provider: Provider, script: Script, name: str
) -> None:
    """A claim that is there twice by then would be unclear, or the other's word."""
    own = {"VO_ORGCODE": "900001"}
    assert joined(provider, script, own, {name: "900002"}) == {"sub": "person-1", **own}


def test_a_level_that_only_userinfo_tells_is_none(
    make_world: Callable[[dict[str, object]], World],
) -> None:
    """Neither strong nor recent: a theme with a level stays shut."""
    world = make_world({"oidc_userinfo": True})
    world.register()
    world.script.userinfo = {"sub": "person-1", "acr": EID, "auth_time": int(time.time())}
    agent = world.agent()
    assert agent.sign_in().status == 302
    assert world.site.rows("select acr, level, auth_time from session") == [(None, 0, None)]
