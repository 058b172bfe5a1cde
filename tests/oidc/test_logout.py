"""Signing out: here, at the provider, and when the provider says so."""

import time
from typing import Any

import pytest
import requests

from mo_oidc.logout_token import EVENT
from tests.oidc.broker import CLIENT_ID, ISSUER, Script
from tests.oidc.site import BASE, SESSION, Browser, Site, asked
from tests.support.jose import sign

INSZ = "85073003328"


@pytest.fixture
def person(site: Site) -> str:
    """A registered person whose provider session is s-1."""
    site.script.claims = {"sid": "s-1"}
    return site.person(site.client())


@pytest.fixture
def browser(site: Site, person: str) -> Browser:
    """A browser in which that person is signed in."""
    made = site.browser()
    made.sign_in()
    assert made.me().status_code == 200
    return made


def logout_token(script: Script, **changed: Any) -> str:  # noqa: ANN401 - any claim
    """Return a signed logout token; None leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": "person-1",
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": f"j-{time.monotonic_ns()}",
        "events": {EVENT: {}},
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return sign(kept, script.key, typ="logout+jwt")


def notify(site: Site, token: str) -> int:
    """Send a logout token as the provider does and return the status."""
    response = site.browser().post("/oidc/backchannel-logout", data={"logout_token": token})
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code


def test_signing_out_here_and_at_the_provider(site: Site, browser: Browser) -> None:
    """Our session ends, then the browser goes to the provider with hint, client, return, state."""
    old = browser.cookie(SESSION)
    response = browser.get("/oidc/logout")
    assert response.location.startswith(f"{ISSUER}/logout?")
    query = asked(response)
    assert query["client_id"] == CLIENT_ID
    assert query["post_logout_redirect_uri"] == f"{BASE}/oidc/signed-out"
    assert query["id_token_hint"].startswith("eyJ")
    assert len(query["state"]) > 20
    assert browser.cookie(SESSION) is None
    browser.client.set_cookie(SESSION, old or "", domain="mo.example")
    assert browser.me().status_code == 401


def test_signing_out_by_form(browser: Browser) -> None:
    """POST signs out just as well."""
    assert browser.post("/oidc/logout").status_code == 302
    assert browser.me().status_code == 401


def test_no_number_in_the_address(site: Site) -> None:
    """An ID token that carries an INSZ is not put into a URL."""
    site.person(site.client(), insz=INSZ)
    site.script.claims = {"rrn": INSZ}
    browser = site.browser()
    browser.sign_in()
    query = asked(browser.get("/oidc/logout"))
    assert "id_token_hint" not in query
    assert query["client_id"] == CLIENT_ID


@pytest.mark.parametrize("query", ["", "?state=other", "?state=a&state=b", "?x=1"])
def test_the_page_after_signing_out(site: Site, query: str) -> None:
    """It is public, minds no missing or other state, and starts nothing."""
    response = site.browser().get(f"/oidc/signed-out{query}")
    assert response.status_code == 200
    assert "U bent afgemeld" in response.text
    assert "1700" in response.text
    assert site.script.calls == []


def test_signing_out_without_a_session(site: Site) -> None:
    """Nobody signed in: straight to the page."""
    response = site.browser().get("/oidc/logout")
    assert (response.status_code, response.location) == (302, "/oidc/signed-out")


def test_a_provider_without_logout(site: Site) -> None:
    """Without end_session_endpoint our own page is the end of the way."""
    site.script.document.pop("end_session_endpoint")
    site.person(site.client())
    browser = site.browser()
    browser.sign_in()
    assert browser.get("/oidc/logout").location == "/oidc/signed-out"


def test_signing_out_while_the_provider_is_down(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our session ends, whatever the provider does."""
    provider = site.app.extensions["mo_oidc"].all[0]
    site.script.answers["discovery"] = requests.ConnectionError("down")
    monkeypatch.setattr(provider._metadata, "_value", None)
    assert browser.get("/oidc/logout").location == "/oidc/signed-out"
    assert browser.me().status_code == 401


def test_nothing_is_held_while_the_provider_answers(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection or transaction is open while we wait for the provider."""
    provider = site.app.extensions["mo_oidc"].all[0]
    monkeypatch.setattr(provider._metadata, "_value", None)
    browser.get("/oidc/logout")
    assert site.script.calls.count("discovery") == 2
    assert site.script.held == []


def test_the_provider_ends_one_session(site: Site, browser: Browser) -> None:
    """A logout token with a sid ends that session and no other."""
    site.script.claims = {"sid": "s-2"}
    other = site.browser()
    other.sign_in()
    assert notify(site, logout_token(site.script, sid="s-1")) == 200
    assert browser.me().status_code == 401
    assert other.me().status_code == 200


def test_a_session_that_the_provider_gave_no_name_is_ended_by_its_subject(
    site: Site, browser: Browser
) -> None:
    """It may be the one that is meant; that of another subject, or another one by name, is not."""
    named, nameless, others = (site.browser() for _ in range(3))
    site.script.claims = {"sid": "s-2"}
    named.sign_in()
    site.script.claims = {"sid": None}
    nameless.sign_in()
    site.script.claims = {"sid": None, "sub": "person-2"}
    others.sign_in()
    assert notify(site, logout_token(site.script, sid="s-1")) == 200
    told = [b.me().status_code for b in (browser, nameless, named, others)]
    assert told == [401, 401, 200, 200]


def test_the_provider_ends_all_sessions(site: Site, browser: Browser) -> None:
    """A logout token with a subject only ends every session of that subject."""
    other = site.browser()
    other.sign_in()
    assert notify(site, logout_token(site.script)) == 200
    assert [browser.me().status_code, other.me().status_code] == [401, 401]


def test_somebody_elses_logout_ends_nothing(site: Site, browser: Browser) -> None:
    """Another subject, or a session that is not ours, is 200 and touches nobody."""
    assert notify(site, logout_token(site.script, sub="person-2")) == 200
    assert notify(site, logout_token(site.script, sid="s-9")) == 200
    assert browser.me().status_code == 200


def test_a_logout_token_works_once(site: Site, browser: Browser) -> None:
    """The same token again is 400."""
    token = logout_token(site.script, jti="once")
    assert notify(site, token) == 200
    assert notify(site, token) == 400
    assert notify(site, logout_token(site.script, jti="once")) == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"events": None},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"nonce": "n"},
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"jti": None},
        {"exp": 1},
        {"sub": None},
    ],
)
def test_a_defective_logout_token_is_400(
    site: Site, browser: Browser, changed: dict[str, Any]
) -> None:
    """Exactly 400, and the session lives on."""
    assert notify(site, logout_token(site.script, **changed)) == 400
    assert browser.me().status_code == 200


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 200_000, "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_logout_token_is_400(site: Site, token: str) -> None:
    """Rubbish is 400."""
    assert notify(site, token) == 400


def test_a_repeated_or_missing_token_is_400(site: Site, browser: Browser) -> None:
    """Two tokens, none, or a body of another kind."""
    token = logout_token(site.script)
    post = site.browser().post
    two = {"logout_token": [token, token]}
    assert post("/oidc/backchannel-logout", data=two).status_code == 400
    assert post("/oidc/backchannel-logout").status_code == 400
    assert post("/oidc/backchannel-logout", json={"logout_token": token}).status_code == 400
    assert site.browser().get("/oidc/backchannel-logout").status_code == 405
    assert browser.me().status_code == 200


def test_logout_without_reachable_keys_is_400(site: Site) -> None:
    """The provider's own trouble is 400 too: the sessions have not ended (§2.8)."""
    site.script.answers["jwks"] = (500, {}, "")
    assert notify(site, logout_token(site.script)) == 400


def test_an_id_token_is_no_logout_token(site: Site, browser: Browser) -> None:
    """A stolen ID token logs nobody out."""
    assert notify(site, site.script.make_id_token()) == 400
    assert browser.me().status_code == 200


def test_front_channel_logout(site: Site, browser: Browser) -> None:
    """Iss and sid end the session; anything less is 400 and ends nothing."""
    get = site.browser().get
    for query in ("", f"?iss={ISSUER}", "?sid=s-1", "?iss=https://evil.example&sid=s-1"):
        assert get(f"/oidc/frontchannel-logout{query}").status_code == 400
    assert get(f"/oidc/frontchannel-logout?iss={ISSUER}&sid=s-2").status_code == 200
    assert browser.me().status_code == 200
    assert not site.rows("select * from audit_event where kind = 'session.end'")
    assert get(f"/oidc/frontchannel-logout?iss={ISSUER}&sid=s-1").status_code == 200
    assert browser.me().status_code == 401
