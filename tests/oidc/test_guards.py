"""Guards of host applications: each no with its reason, in the form that was asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, Role
from tests.oidc.site import Browser, Site, asked

HTML, JSON = {"Accept": "text/html,*/*;q=0.8"}, {"Accept": "application/json"}
EID = "urn:be:vlaanderen:authmech:eid"
# Of level 25 at least, the least demanding first.
SUFFICIENT = ("csamsms", "eidassubstantial", "csamtotp", "itsme", "eid", "eidashigh")


@pytest.fixture
def token(site: Site) -> str:
    """A platform client."""
    return site.client()


@pytest.fixture
def person(site: Site, token: str) -> str:
    """A gebruiker of 900001 with two themes there."""
    grants = (
        GrantClaim("leerlingen-openbaar", "900001"),
        GrantClaim("salarissen", "900001"),
    )
    return site.person(token, grants=grants)


@pytest.fixture
def browser(site: Site, person: str) -> Browser:
    """A browser in which that person is signed in."""
    made = site.browser()
    made.sign_in()
    return made


def test_a_browser_is_sent_to_sign_in_and_back(site: Site, person: str) -> None:
    """HTML without a session: to the login with the way back, query included."""
    visitor = site.browser()
    response = visitor.get("/host/pupils/900001?a=1&b=%2F", headers=HTML)
    assert response.status_code == 302
    assert asked(response)["next"] == "/host/pupils/900001?a=1&b=%2F"
    answer = site.script.follow(visitor.get(response.location).location)
    assert visitor.back(answer).location == "/host/pupils/900001?a=1&b=%2F"


def test_others_get_401(site: Site) -> None:
    """JSON, or a form post, without a session is 401."""
    visitor = site.browser()
    response = visitor.get("/host/pupils/900001", headers=JSON)
    assert (response.status_code, response.get_json()["reason_code"]) == (401, "no_session")
    assert visitor.post("/host/home", headers=HTML).status_code == 401
    assert visitor.get("/host/home").status_code == 401


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/host/pupils/900001", None),
        ("/host/pupils/900002", "no_affiliation"),
        ("/host/pupils/999999", "unknown"),
        ("/host/manage/900001", "no_role"),
        ("/host/manage/900002", "no_affiliation"),
        ("/host/staff/900001", None),
    ],
)
def test_every_no_has_its_reason(browser: Browser, path: str, reason: str | None) -> None:
    """Theme, role, level and institution are asked where the route says."""
    told = browser.get(path, headers=JSON)
    page = browser.get(path, headers=HTML)
    if reason is None:
        assert (told.status_code, page.status_code) == (200, 200)
        return
    assert (told.status_code, told.get_json()["reason_code"]) == (403, reason)
    assert page.status_code == 403
    assert f"<code>{reason}</code>" in page.text
    assert "1700" in page.text


def test_a_level_that_is_too_low_leads_to_a_stronger_sign_in(browser: Browser) -> None:
    """JSON: 403, its reason, and the way; a browser is sent there, and would come back here."""
    told = browser.get("/host/wages/900001?year=2026", headers=JSON)
    assert (told.status_code, told.get_json()["reason_code"]) == (403, "level_too_low")
    page = browser.get("/host/wages/900001?year=2026", headers=HTML)
    assert (page.status_code, page.location) == (302, told.get_json()["sign_in"])
    wish = asked(page)
    assert (wish["next"], wish["provider"]) == ("/host/wages/900001?year=2026", "broker")
    assert wish["acr_values"].split() == [f"{EID[:-3]}{name}" for name in SUFFICIENT]


def test_a_strong_sign_in_opens_more(site: Site, person: str) -> None:
    """The level of the session counts."""
    site.script.claims = {"acr": EID}
    browser = site.browser()
    browser.sign_in()
    assert browser.get("/host/wages/900001", headers=JSON).status_code == 200


def test_a_beheerder_manages(site: Site, token: str) -> None:
    """A beheerder is a gebruiker too, and reads no theme by that."""
    role = (AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER),)
    site.person(token, affiliations=role)
    browser = site.browser()
    browser.sign_in()
    statuses = [
        browser.get(f"/host/{path}/900001", headers=JSON).status_code
        for path in ("manage", "staff", "pupils")
    ]
    assert statuses == [200, 200, 403]


@pytest.mark.parametrize("told", [{"grants": ()}, {"active": False}, {"affiliations": ()}])
def test_withdrawal_bites_at_once(
    site: Site, token: str, person: str, browser: Browser, told: dict[str, Any]
) -> None:
    """Theme, person or affiliation withdrawn: the next request is refused."""
    assert browser.get("/host/pupils/900001", headers=JSON).status_code == 200
    site.change(token, person, **told)
    assert browser.get("/host/pupils/900001", headers=JSON).status_code in (401, 403)


def beheerder(site: Site, level: int) -> tuple[Site, str]:
    """Register a beheerder of 900001 where beheerders need this level."""
    said = (AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER),)
    return site, site.person(site.client(), affiliations=said)


def test_a_weak_session_is_a_gebruikers(make_site: Callable[[dict[str, object]], Site]) -> None:
    """Below `beheerder_min_level` one is no beheerder: told so, and led to a stronger sign-in."""
    site, _ = beheerder(make_site({"beheerder_min_level": 25}), 25)
    browser = site.browser()
    browser.sign_in()
    assert browser.get("/host/staff/900001", headers=JSON).status_code == 200
    assert browser.me().get_json()["affiliations"][0]["role"] == "gebruiker"
    told = browser.get("/host/manage/900001", headers=JSON)
    assert (told.status_code, told.get_json()["reason_code"]) == (403, "role_level_too_low")
    sent = browser.get("/host/manage/900001?a=1", headers=HTML)
    weakest = "urn:be:vlaanderen:authmech:csamsms"
    wishes = asked(sent)
    assert wishes["next"] == "/host/manage/900001?a=1"
    assert wishes["acr_values"].split()[0] == weakest
    site.script.claims = {"acr": EID}
    answer = site.script.follow(browser.get(sent.location).location)
    assert browser.back(answer).location == "/host/manage/900001?a=1"
    assert browser.get("/host/manage/900001", headers=JSON).status_code == 200
    assert browser.me().get_json()["affiliations"][0]["role"] == "beheerder"


def test_a_level_that_nobody_reaches_is_a_refusal(
    make_site: Callable[[dict[str, object]], Site],
) -> None:
    """There is nothing to ask for, so the page says why; a form post is never sent away."""
    site, _ = beheerder(make_site({"beheerder_min_level": 99}), 99)
    browser = site.browser()
    browser.sign_in()
    page = browser.get("/host/manage/900001", headers=HTML)
    assert page.status_code == 403
    assert "<code>role_level_too_low</code>" in page.text
