"""The host application of docs/how-to/host-application.md, run as it stands there."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from mo_access import settings as loading
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, Role
from mo_access.settings import Settings
from mo_web import shared
from tests.oidc import host
from tests.oidc.broker import Script, query_of
from tests.oidc.site import BASE, Site
from tests.oidc.world import JSON, Agent, World

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "host-application.md"
CODE = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
EID = "urn:be:vlaanderen:authmech:eid"


@pytest.fixture
def world(
    settings: Settings, script: Script, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The application of the page, with a beheerder who reads a confidential theme."""
    Path(settings.database_url.removeprefix("sqlite:///")).write_bytes(sqlite_template.read_bytes())
    monkeypatch.setattr(loading, "load", lambda: settings)
    module = ModuleType("pupils")
    exec(compile(CODE[0], str(PAGE), "exec"), module.__dict__)  # noqa: S102 - the page's own code
    app: Flask = module.__dict__["app"]
    parts = shared.of(app)
    made = World(Site(app, script, parts.database, parts.keys), BASE, over_http=False)
    with made.site.unit() as uow:
        host.seed(uow)
        uow.commit()
    made.site.execute(
        "update theme set slug = 'leerlingen-vertrouwelijk' where slug = 'salarissen'"
    )
    made.register(
        affiliations=(AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER),),
        grants=(GrantClaim("leerlingen-vertrouwelijk", "900001"),),
    )
    yield made
    parts.database.close()


def test_it_is_about_thirty_lines() -> None:
    """Nobody has to write more than this."""
    assert len([line for line in CODE[0].splitlines() if line.strip()]) <= 30


def test_a_visitor_is_signed_in_stepped_up_and_served(world: World) -> None:
    """From nobody to the page: one sign-in, one step-up, each time back to where it was asked."""
    agent = world.agent()
    assert agent.get("/pupils/900001", JSON).status == 401
    back = _follow(agent, agent.get("/pupils/900001").location)
    assert back == "/pupils/900001"
    stronger = agent.get(back)
    assert (stronger.status, "acr_values" in stronger.location) == (302, True)
    world.script.claims = {"acr": EID}
    assert _follow(agent, stronger.location) == "/pupils/900001"
    assert agent.get("/pupils/900001").text == "The pupils of 900001, for person-1"


def _follow(agent: Agent, link: str) -> str:
    return agent.come_back(agent.get(agent.get(link).location)).location


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ({"acr": EID, "auth_time": int(time.time())}, (200, '{"started":"900001"}')),
        ({"acr": EID, "auth_time": 5}, (403, "sign_in_too_old")),
        ({"auth_time": int(time.time())}, (403, "level_too_low")),
    ],
)
def test_a_beheerder_must_have_signed_in_just_now(
    world: World, claims: dict[str, Any], wanted: tuple[int, str]
) -> None:
    """Role, level and age of the sign-in together, as JSON with the way to a better one."""
    world.script.claims = claims
    agent = world.agent()
    agent.sign_in()
    reply = agent.post("/pupils/900001/export", {}, JSON)
    assert reply.status == wanted[0]
    assert wanted[1] in reply.text.replace(" ", "").replace("\n", "")
    assert agent.post("/pupils/900002/export", {}, JSON).status == 403
    assert query_of(agent.get("/oidc/login").location)["redirect_uri"].startswith(BASE)


def test_its_own_problems_are_drawn_by_itself(world: World) -> None:
    """What is not there is answered by the host, not by sign-in."""
    reply = world.agent().get("/pupils/", JSON)
    assert (reply.status, '"error"' in reply.text) == (404, True)


def test_the_page_names_every_guard() -> None:
    """Each public name of the guards is explained."""
    from mo_oidc import guards  # noqa: PLC0415 - only this test

    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in guards.__all__ if name not in text] == []
