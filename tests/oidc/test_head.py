"""HEAD looks and changes nothing: neither a session ends by it, nor is a code used up."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.oidc.broker import query_of
from tests.oidc.world import HTML, Agent, Reply, World


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service and somebody who may sign in."""
    made = make_world({})
    made.register()
    made.script.claims = {"sid": "s-1"}
    return made


def look(agent: Agent, path: str) -> Reply:
    """Send HEAD."""
    return agent.wire.ask("HEAD", f"{agent.world.base}{path}", None, HTML)


def test_no_session_ends_by_head(world: World) -> None:
    """Signing out, here or by the provider's frame, takes a GET."""
    agent = world.agent()
    agent.sign_in()
    front = urlencode({"iss": world.script.issuer, "sid": "s-1"})
    for path, allowed in (
        ("/oidc/logout", "GET, OPTIONS, POST"),
        (f"/oidc/frontchannel-logout?{front}", "GET, OPTIONS"),
    ):
        seen = look(agent, path)
        assert (seen.status, seen.headers["Allow"], seen.text) == (405, allowed, "")
        assert agent.signed_in
    world.agent().get(f"/oidc/frontchannel-logout?{front}")
    assert not agent.signed_in


@pytest.mark.parametrize("own", [False, True])
def test_no_answer_is_used_up_by_head(
    make_world: Callable[[dict[str, object]], World], own: bool
) -> None:
    """A scanner that looks at the link of the way back does not spoil the sign-in."""
    world = make_world({"oidc_own_callback": own})
    world.register()
    agent = world.agent()
    answer = world.script.authorize(agent.get("/oidc/login").location)
    back = answer[1]["Location"].removeprefix(world.base)
    assert query_of(back)["code"] == "code-1"
    assert look(agent, back).status == 405
    assert agent.get(back).status == 302
    assert agent.signed_in


def test_what_changes_nothing_may_be_looked_at(world: World) -> None:
    """The pages themselves answer HEAD as they answer GET, without a body."""
    agent = world.agent()
    for path in ("/oidc/signed-out", "/oidc/jwks", "/oidc/login", "/me", "/me/sessions"):
        assert (look(agent, path).status, look(agent, path).text) == (agent.get(path).status, "")
