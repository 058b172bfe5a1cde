"""Who gets in after the provider vouched, and what is shown of them."""

import logging
import time
from datetime import datetime

import pytest

from tests.oidc.site import SESSION, Browser, Site

HTML = {"Accept": "text/html"}
INSZ = "85073003328"


@pytest.fixture
def person(site: Site) -> str:
    """A registered gebruiker of 900001, known to the provider by vo_id."""
    return site.person(site.client())


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser."""
    return site.browser()


def test_unknown_people_are_told_what_to_do(site: Site, browser: Browser) -> None:
    """Nobody registered: 403 with the code, whom to ask and the notice; audited."""
    response = browser.sign_in()
    assert response.status_code == 403
    for text in ("unknown_person", "1700", "mijnonderwijs@vlaanderen.be", "28 november 2000"):
        assert text in response.text
    assert browser.cookie(SESSION) is None
    assert "unknown_person" in repr(site.rows("select * from audit_event"))


def test_the_refusal_page_exists_in_english(site: Site, browser: Browser) -> None:
    """A reader of English gets English, and the page says in which language it is."""
    response = browser.get(
        "/oidc/callback", query_string=browser.start(), headers={"Accept-Language": "en"}
    )
    assert '<html lang="en">' in response.text
    assert "No access" in response.text
    assert "Geen toegang" not in response.text


def test_inactive_people_are_refused(site: Site, browser: Browser) -> None:
    """A person whom the client has deactivated does not get in."""
    token = site.client(platform=False, institutions=("900001",))
    person = site.person(token)
    site.change(token, person, active=False)
    response = browser.sign_in()
    assert response.status_code == 403
    assert "inactive" in response.text


def test_withdrawal_bites_on_the_next_request(site: Site, browser: Browser) -> None:
    """Deactivation through a client ends the live session at once."""
    token = site.client()
    person = site.person(token)
    browser.sign_in()
    assert browser.me().status_code == 200
    site.change(token, person, active=False)
    assert browser.me().status_code == 401


def test_a_target_group_that_is_not_let_in(site: Site, person: str, browser: Browser) -> None:
    """A registered person in another target group is refused with 403 and audited."""
    site.script.claims = {"vo_doelgroepcode": "EA"}
    response = browser.sign_in()
    assert response.status_code == 403
    assert "target_group" in response.text
    assert "target_group" in repr(site.rows("select * from audit_event"))


def test_a_person_found_by_number(site: Site, browser: Browser) -> None:
    """A claim linked to the INSZ finds the person, however it is written; a bad one does not."""
    token = site.client()
    site.person(token, "other", insz=INSZ)
    site.script.claims = {"vo_id": None, "rrn": "85.07.30-033.28"}
    assert browser.sign_in().status_code == 302
    site.script.claims = {"vo_id": None, "rrn": "85073003329", "sub": "person-2"}
    site.script.userinfo = {"sub": "person-2"}
    assert browser.sign_in().status_code == 403


def test_pairs_that_disagree_are_refused(site: Site, browser: Browser) -> None:
    """vo_id of one person with the number of another is `identity_conflict`."""
    token = site.client()
    site.person(token)
    site.person(token, "other", insz=INSZ)
    site.script.claims = {"rrn": INSZ}
    response = browser.sign_in()
    assert response.status_code == 403
    assert "identity_conflict" in response.text


def test_the_capacity_narrows_the_session(site: Site, person: str, browser: Browser) -> None:
    """Signed in for another school, the affiliation here does not count; ignored roles are told."""
    site.script.claims = {
        "vo_orgcode": "900002",
        "mijnonderwijs_rol_3d": ["MijnOnderwijsPortaalBeheerder:900001"],
    }
    browser.sign_in()
    assert browser.me().get_json()["affiliations"] == []
    assert "roles_ignored" in repr(site.rows("select * from audit_event"))


def test_the_provider_may_shorten_the_session(site: Site, person: str, browser: Browser) -> None:
    """`session_expiry` is honoured when it is sooner than ours; one that is over opens nothing."""
    site.script.claims = {"session_expiry": int(time.time()) + 600}
    assert browser.sign_in().status_code == 302
    expires = datetime.fromisoformat(browser.me().get_json()["expires"])
    assert expires.timestamp() == site.script.claims["session_expiry"]
    site.script.claims = {"session_expiry": int(time.time()) - 1}
    assert "session_over" in browser.sign_in().text
    site.script.claims = {"session_expiry": "soon"}
    assert browser.sign_in().status_code == 400


def test_signed_in_pages_are_kept_from_caches(person: str, browser: Browser) -> None:
    """`no-store`, `Vary: Cookie` and a policy without unsafe-inline on what one sees signed in."""
    browser.sign_in()
    for response in (browser.me(), browser.get("/me", headers=HTML)):
        assert response.headers["Cache-Control"] == "no-store"
        assert "Cookie" in response.headers["Vary"]
        assert "unsafe-inline" not in response.headers["Content-Security-Policy"]


def test_me_as_a_page(person: str, browser: Browser) -> None:
    """The page shows the same fields, `sub` verbatim and escaped."""
    browser.script.claims = {"sub": "a<b>&'"}
    browser.sign_in()
    page = browser.get("/me", headers=HTML)
    assert page.mimetype == "text/html"
    assert "a&lt;b&gt;&amp;&#39;" in page.text
    for name in browser.me().get_json():
        assert f"<dt>{name}</dt>" in page.text


def test_me_without_a_session(browser: Browser) -> None:
    """401, as JSON or as a page; a session cookie of somebody's invention is no session."""
    assert browser.me().get_json() == {"error": "unauthenticated", "reason_code": "no_session"}
    assert browser.get("/me", headers=HTML).status_code == 401
    browser.client.set_cookie(SESSION, "x" * 43, domain="mo.example")
    assert browser.me().status_code == 401


def test_nothing_secret_is_logged(
    site: Site,
    person: str,
    browser: Browser,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No code, state, token, number or session id in the log, whether it works or not."""
    caplog.set_level(logging.DEBUG)
    site.script.claims = {"rrn": INSZ}
    answer = browser.start()
    browser.back(answer)
    session = browser.cookie(SESSION)
    browser.back(answer)
    out = capsys.readouterr()
    told = out.out + out.err + caplog.text
    for secret in (answer["state"], "code-1", "at-1", "eyJ", INSZ, session, "s" * 40):
        assert secret is not None
        assert secret not in told
