"""A provider that stalls: so many threads wait for it, and the next people get a page at once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from requests import PreparedRequest

from mo_web import shared
from mo_web.turnstile import Turnstile
from tests.oidc.broker import Answer
from tests.oidc.world import World
from tests.web.test_turnstile import waiting

CROWDED = (503, "too_many_waiting")


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service with room for one, which waits for no turn longer than a moment."""
    made = make_world({"oidc_refresh": True, "oidc_par": True, "oidc_userinfo": True})
    made.register()
    made.script.document["pushed_authorization_request_endpoint"] = f"{made.script.issuer}/par"
    made.script.refresh = {}
    made.script.userinfo = {"sub": "person-1"}
    return made


@pytest.fixture
def turns(world: World) -> Turnstile:
    """What counts who waits."""
    found = shared.of(world.site.app).turns
    found._each, found._patience = 1, 0.05
    return found


@dataclass
class Watch:
    """Notes how many wait while the provider is asked something."""

    turns: Turnstile
    seen: list[tuple[str, int]] = field(default_factory=list)

    def judge(self, name: str, _request: PreparedRequest) -> Answer | None:
        """Refuse nothing."""
        self.seen.append((name, sum(map(len, self.turns._inside.values()))))
        return None

    def headers(self) -> dict[str, str]:
        """Say nothing more."""
        return {}


def test_every_question_to_a_provider_takes_a_turn(world: World, turns: Turnstile) -> None:
    """Whatever step it stalls at, who waits there is counted, once, and leaves again."""
    world.script.guard = watch = Watch(turns)
    agent = world.agent()
    assert agent.sign_in().status == 302
    world.let_time_pass()
    assert agent.signed_in
    asked = ["discovery", "par", "token", "jwks", "userinfo", "token"]
    assert watch.seen == [(name, 1) for name in asked]
    assert not any(turns._inside.values())


def test_a_crowd_stops_no_other_page(world: World, turns: Turnstile) -> None:
    """Beginning and ending a sign-in get the page of a provider in trouble; the rest is served."""
    early, late, here = world.agent(), world.agent(), world.agent()
    assert here.sign_in().status == 302
    page = late.get(late.get("/oidc/login").location)
    with waiting(turns, "broker", 1):
        for reply in (early.get("/oidc/login"), late.come_back(page)):
            assert (reply.status, reply.code) == CROWDED
            assert reply.headers["Retry-After"] == "5"
        assert (late.signed_in, here.signed_in) == (False, True)
        assert early.get("/oidc/signed-out").status == 200
    assert early.sign_in().status == 302


def test_a_session_that_cannot_be_renewed_for_the_crowd_goes_on(
    world: World, turns: Turnstile
) -> None:
    """It is put off like any trouble at the provider; the refresh token was not used."""
    agent = world.agent()
    agent.sign_in()
    world.let_time_pass()
    with waiting(turns, "broker", 1):
        assert agent.signed_in
    world.let_time_pass()
    assert agent.signed_in
    assert world.script.good_refresh == "rt-2"
