"""Step-up: a stronger or more recent sign-in, there and back, enforced and never only asked."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from mo_access.domain.levels import DEFAULT_LEVELS, sufficient
from mo_access.domain.model import GrantClaim
from tests.oidc.broker import ISSUER, query_of
from tests.oidc.world import JSON, Agent, World

PREFIX = "urn:be:vlaanderen:authmech:"
ITSME, PASSWORD, EID = f"{PREFIX}itsme", f"{PREFIX}password", f"{PREFIX}eid"
WAGES = "/host/wages/900001"
GRANTS = (GrantClaim("leerlingen-openbaar", "900001"), GrantClaim("salarissen", "900001"))


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service, and a person with an open and a confidential theme."""
    made = make_world({})
    made.register(grants=GRANTS)
    return made


@pytest.fixture
def agent(world: World) -> Agent:
    """A browser in which that person is signed in with a password."""
    world.script.claims = {"acr": PASSWORD}
    made = world.agent()
    assert made.sign_in().status == 302
    return made


def there_and_back(agent: Agent, path: str) -> str:
    """Follow a guard to the provider and back; return where our callback leads, or its code."""
    away = agent.get(agent.get(path).location)
    back = agent.come_back(agent.get(away.location))
    return back.location or back.code


def test_a_document_of_a_confidential_theme_is_reached(world: World, agent: Agent) -> None:
    """Theme with a level: new sign-in with acr_values, back to the document, which then opens."""
    old = agent.session
    away = agent.get(agent.get(f"{WAGES}?year=2026").location)
    assert set(query_of(away.location)["acr_values"].split()) == set(sufficient(25))
    world.script.claims = {"acr": ITSME}
    back = agent.come_back(agent.get(away.location))
    assert back.location == f"{WAGES}?year=2026"
    assert agent.get(back.location).status == 200
    assert agent.session != old


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"acr": PASSWORD}, "acr_too_low"),
        ({"acr": "urn:unknown"}, "acr_too_low"),
        ({"acr": None}, "acr_too_low"),
        ({"acr": ["urn:be:vlaanderen:authmech:eid"]}, "acr"),
        ({"acr": ITSME.upper()}, "acr_too_low"),
    ],
)
def test_what_was_asked_is_not_trusted(
    world: World, agent: Agent, claims: dict[str, object], code: str
) -> None:
    """A provider that answers with too little, or nothing, opens nothing; the session stays."""
    world.script.claims = claims
    assert there_and_back(agent, WAGES) == code
    assert agent.signed_in
    assert agent.get(WAGES, JSON).status == 403


def test_a_provider_that_tells_no_level_leaves_it_at_nothing(world: World) -> None:
    """No acr: somebody is signed in, at level 0."""
    agent = world.agent()
    assert agent.sign_in().status == 302
    assert '"acr":null' in agent.me().text
    assert agent.get(WAGES, JSON).status == 403


def test_a_recent_sign_in_is_asked_and_enforced(world: World) -> None:
    """max_age: an unknown or old moment leads to the provider; what it answers is checked."""
    agent = world.agent()
    agent.sign_in()
    told = agent.get("/host/recent", JSON)
    assert (told.status, '"sign_in_too_old"' in told.text) == (403, True)
    away = agent.get(agent.get("/host/recent").location)
    assert query_of(away.location)["max_age"] == "900"
    for auth_time, wanted in (
        (None, "auth_time_missing"),
        (int(time.time()) - 3600, "auth_time"),
        ("now", "auth_time_type"),
        (int(time.time()) - 60, "/host/recent"),
    ):
        world.script.claims = {"auth_time": auth_time}
        assert there_and_back(agent, "/host/recent") == wanted
    assert agent.get("/host/recent").status == 200


def test_a_sign_in_grows_old(world: World) -> None:
    """The moment is that of the provider, not of our session; nothing but a new one helps."""
    world.script.claims = {"auth_time": int(time.time()) - 2000}
    agent = world.agent()
    agent.sign_in()
    assert agent.get("/host/recent", JSON).status == 403
    world.site.execute("update session set auth_time = auth_time + 1500000000")
    assert agent.get("/host/recent", JSON).status == 200


@pytest.mark.parametrize("auth_time", ["soon", -1, True, [1], 1 << 60])
def test_an_odd_moment_is_as_good_as_none(world: World, auth_time: object) -> None:
    """Unasked, an auth_time that is no time stops nobody, and counts for nothing."""
    world.script.claims = {"auth_time": auth_time}
    agent = world.agent()
    assert agent.sign_in().status == 302
    assert agent.get("/host/recent", JSON).status == 403


def test_a_host_may_ask_a_level(agent: Agent) -> None:
    """As a decorator, without any theme; one that nobody can reach is said as it is."""
    assert agent.get("/host/strong").status == 302
    page = agent.get("/host/unreachable")
    assert (page.status, page.code) == (403, "level_too_low")
    assert '"sign_in"' not in agent.get("/host/unreachable", JSON).text


def test_role_level_and_age_together(world: World, agent: Agent) -> None:
    """A role may be asked with both; the link asks for both at once, and both must be met."""
    away = agent.get(agent.get("/host/desk/900001").location)
    asked = query_of(away.location)
    assert (asked["max_age"], EID in asked["acr_values"]) == ("900", True)
    world.script.claims = {"acr": EID, "auth_time": int(time.time())}
    assert there_and_back(agent, "/host/desk/900001") == "/host/desk/900001"
    assert agent.get("/host/desk/900001").status == 200
    assert agent.get("/host/desk/900002", JSON).status == 403


def test_a_form_is_not_sent_away(agent: Agent) -> None:
    """What was posted would be lost: a page says so, and its link leads to the front page."""
    page = agent.post("/host/desk/900001", {"a": "b"})
    assert (page.status, page.code) == (403, "level_too_low")
    assert "/oidc/login?next=%2F&amp;" in page.text


def test_a_plain_function_guards_as_well(world: World, agent: Agent) -> None:
    """check_theme: 401 or the way to sign in without a session, the way to a fresh one with."""
    visitor = world.agent()
    assert visitor.get("/host/function/900001", JSON).status == 401
    assert visitor.get("/host/function/900001").location.startswith("/oidc/login?next=%2Fhost")
    assert agent.get("/host/function/900002").code == "no_affiliation"
    world.script.claims = {"auth_time": int(time.time())}
    assert there_and_back(agent, "/host/function/900001") == "/host/function/900001"
    assert agent.get("/host/function/900001").status == 200


@pytest.mark.parametrize("query", ["acr_values=x%00y", "max_age=-1", "max_age=1e3", "prompt=x"])
def test_a_wish_that_cannot_be_enforced_is_refused(agent: Agent, query: str) -> None:
    """An odd link is 400, and no sign-in without what it asked."""
    page = agent.get(f"/oidc/login?{query}")
    assert (page.status, page.location) == (400, "")


def test_every_value_of_the_table_means_its_level(world: World) -> None:
    """Each known acr opens what its level reaches, and only that."""
    for acr, level in DEFAULT_LEVELS.items():
        world.script.claims = {"acr": acr}
        agent = world.agent()
        assert agent.sign_in().status == 302
        assert agent.get(WAGES, JSON).status == (200 if level >= 25 else 403), acr
        met = agent.sign_in(f"?{urlencode({'acr_values': ITSME})}").status
        assert met == (302 if level >= 27 else 400), acr


def test_values_that_suffice() -> None:
    """The least demanding first; none when the table does not reach so far."""
    assert sufficient(27) == (ITSME, EID, f"{EID}ashigh")
    assert sufficient(36) == ()
    assert sufficient(1, {"a": 1, "b": 0}) == ("a",)


@pytest.mark.parametrize("transport", ["process"])
def test_each_provider_has_its_own_levels(make_world: Callable[[dict[str, object]], World]) -> None:
    """What an acr is worth is the table of who said it: elsewhere the same value may be nothing."""
    own = {"name": "own", "issuer": ISSUER, "acr_levels": {"urn:own:card": 30, "urn:own:pin": 10}}
    world = make_world({"oidc_providers": (own,)})
    world.register(grants=GRANTS)
    world.script.claims = {"acr": EID}
    agent = world.agent()
    assert agent.sign_in("?provider=own").status == 302
    away = agent.get(agent.get(WAGES).location)
    assert query_of(away.location)["acr_values"] == "urn:own:card"
    assert agent.come_back(agent.get(away.location)).code == "acr_too_low"
    world.script.claims = {"acr": "urn:own:card"}
    assert there_and_back(agent, WAGES) == WAGES
    assert agent.get(WAGES).status == 200
