"""My sessions: a person sees and ends the own ones, by a form of ours, and nobody else's."""

import re
from collections.abc import Callable

import pytest

from tests.oidc.world import JSON, Agent, World

PATH = "/me/sessions"


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service and a person."""
    made = make_world({})
    made.register()
    return made


@pytest.fixture
def agent(world: World) -> Agent:
    """A browser in which that person is signed in."""
    made = world.agent()
    made.sign_in()
    return made


def numbers(agent: Agent) -> list[str]:
    """Return the numbers of the sessions on the page, newest first."""
    return re.findall(r'name="session" value="(\d+)"', agent.get(PATH).text)


def form(agent: Agent, number: str) -> dict[str, str]:
    """Return the page's form for a session."""
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', agent.get(PATH).text)
    assert token is not None
    return {"csrf_token": token[1], "session": number}


def test_the_list(world: World, agent: Agent) -> None:
    """Newest first, which one is this, when and where; as a page and as JSON."""
    second = world.agent()
    second.sign_in()
    page = agent.get(PATH)
    assert (page.status, page.text.count("Deze browser")) == (200, 1)
    assert len(numbers(agent)) == 2
    assert "broker.example" in page.text or "127.0.0.1" in page.text
    told = second.get(PATH, JSON)
    assert told.text.count('"this":true') == 1
    assert world.person not in told.text
    assert "eyJ" not in told.text


def test_without_a_session(world: World) -> None:
    """401 on both, and nothing is told."""
    visitor = world.agent()
    assert visitor.get(PATH, JSON).status == 401
    assert visitor.get(PATH).status == 401
    assert visitor.post(f"{PATH}/end", {"session": "1"}).status == 401


def test_ending_another_session_of_mine(world: World, agent: Agent) -> None:
    """It is over at its next request; this one goes on. It is in the audit trail."""
    other = world.agent()
    other.sign_in()
    mine = numbers(other)[1]
    reply = other.post(f"{PATH}/end", form(other, mine))
    assert (reply.status, reply.location) == (303, PATH)
    assert (agent.signed_in, other.signed_in) == (False, True)
    events = [e for e in world.site.events("session.end") if e["outcome"] == "own"]
    assert [(e["person"], e["facts"]["sessions"]) for e in events] == [(world.person, [int(mine)])]


def test_ending_this_session(agent: Agent) -> None:
    """It ends as signing out here does."""
    reply = agent.post(f"{PATH}/end", form(agent, numbers(agent)[0]))
    assert (reply.status, reply.location) == (303, "/oidc/signed-out")
    assert not agent.signed_in


def test_ending_all_others(world: World, agent: Agent) -> None:
    """One button for what one does not recognise; with nothing to end it is no error."""
    others = [world.agent() for _ in range(3)]
    for other in others:
        other.sign_in()
    assert agent.post(f"{PATH}/end", form(agent, "others")).status == 303
    assert agent.signed_in
    assert not any(other.signed_in for other in others)
    assert agent.post(f"{PATH}/end", form(agent, "others")).status == 303


def test_somebody_elses_session(world: World, agent: Agent) -> None:
    """It is answered exactly like one that does not exist, and goes on."""
    world.site.person(world.token, "other")
    world.script.claims = {"sub": "person-2", "vo_id": "other"}
    stranger = world.agent()
    stranger.sign_in()
    theirs = numbers(stranger)[0]
    assert theirs not in numbers(agent)
    foreign = agent.post(f"{PATH}/end", form(agent, theirs))
    absent = agent.post(f"{PATH}/end", form(agent, "999999"))
    assert (foreign.status, absent.status) == (404, 404)
    without_id = re.compile(r"<code>[0-9a-f]{32}</code>")
    assert without_id.sub("", foreign.text) == without_id.sub("", absent.text)
    assert stranger.signed_in


@pytest.mark.parametrize(
    "number", ["", "-1", "1e3", "٣", "9" * 40, "9" * 19, "1 or 1=1", "\x00", "OTHERS"]
)
def test_what_is_no_number(agent: Agent, number: str) -> None:
    """404, never 500, and nothing ends."""
    assert agent.post(f"{PATH}/end", form(agent, number)).status == 404
    assert agent.signed_in


@pytest.mark.parametrize("token", [None, "", "0" * 64, "THEIRS"])
def test_a_form_of_another_site_ends_nothing(world: World, agent: Agent, token: str | None) -> None:
    """Without our token, or with that of another browser, the answer is 403 (CSRF)."""
    stranger = world.agent()
    stranger.sign_in()
    told = form(agent, numbers(agent)[0])
    told["csrf_token"] = form(stranger, "1")["csrf_token"] if token == "THEIRS" else token or ""
    if token is None:
        del told["csrf_token"]
    assert agent.post(f"{PATH}/end", told).status == 403
    assert agent.signed_in
    assert agent.get(f"{PATH}/end").status == 405


def test_a_program_may_do_it_too(world: World, agent: Agent) -> None:
    """JSON: the list holds the token of the form, and the answer how many ended."""
    world.agent().sign_in()
    token = re.search(r'"csrf_token":"([0-9a-f]+)"', agent.get(PATH, JSON).text)
    assert token is not None
    told = {"session": "others", "csrf_token": token[1]}
    reply = agent.post(f"{PATH}/end", told, JSON)
    assert (reply.status, reply.text.strip()) == (200, '{"ended":1}')


def test_the_way_there(agent: Agent) -> None:
    """It is linked from who am I."""
    assert f'href="{PATH}"' in agent.get("/me").text
