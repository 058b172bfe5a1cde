"""Signing in at our own addresses, as a browser sees it."""

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from mo_oidc.flow import MAX_PENDING
from tests.oidc.broker import ISSUER, Answer
from tests.oidc.site import BASE, BROWSER, SESSION, Browser, Site, asked

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


def test_a_whole_sign_in(site: Site, person: str, browser: Browser) -> None:
    """From the login link to where one wanted to go, with a session and who it is."""
    response = browser.sign_in("?next=/host/home")
    assert (response.status_code, response.location) == (302, "/host/home")
    me = browser.me()
    assert me.status_code == 200
    body = me.get_json()
    assert body["id"] == person
    assert body["sub"] == "person-1"
    assert body["issuer"] == ISSUER
    assert (body["userName"], body["name"]) == ("user-8a4d", "An Peeters")
    assert body["affiliations"] == [
        {"institution": "900001", "name": "Eerste", "role": "gebruiker"}
    ]
    assert (body["themes"], body["acr"]) == ([], None)
    assert body["expires"].endswith("+00:00")
    assert browser.get("/host/home").get_json() == {"person": person}


def test_the_way_to_the_provider(browser: Browser) -> None:
    """The redirect address comes from the settings, whatever Host says."""
    response = browser.client.get(
        "/oidc/login",
        base_url="https://evil.example",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
    )
    assert response.status_code == 302
    assert response.location.startswith(f"{ISSUER}/authorize?")
    assert asked(response)["redirect_uri"] == f"{BASE}/oidc/callback"


def test_cookies_are_hard(person: str, browser: Browser) -> None:
    """Both cookies are `__Host-`, Secure, HttpOnly, Lax, for the whole site; nothing in them."""
    start = browser.get("/oidc/login")
    browser.script.follow(start.location)
    answer = {**asked(start), "code": "c", "iss": ISSUER}
    back = browser.back({name: answer[name] for name in ("code", "state", "iss")})
    cookies = start.headers.getlist("Set-Cookie") + back.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == [BROWSER, SESSION]
    for cookie in cookies:
        parts = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    assert back.headers["Cache-Control"] == "no-store"


def test_only_hashes_are_stored(site: Site, person: str, browser: Browser) -> None:
    """Neither cookie value, state nor token is in the store."""
    answer = browser.start()
    browser.back(answer)
    cookie = browser.cookie(SESSION)
    held = repr(site.rows("select * from session") + site.rows("select * from one_time"))
    for secret in (cookie, browser.cookie(BROWSER), answer["state"], "eyJhbGciOi"):
        assert secret
        assert secret not in held


def test_a_new_id_at_every_sign_in(site: Site, person: str, browser: Browser) -> None:
    """A planted or earlier session id never becomes the new one, and the earlier one ends."""
    browser.client.set_cookie(SESSION, "planted", domain="mo.example")
    browser.sign_in()
    first = browser.cookie(SESSION)
    browser.sign_in()
    second = browser.cookie(SESSION)
    assert first is not None
    assert len({"planted", first, second}) == 3
    browser.client.set_cookie(SESSION, first, domain="mo.example")
    assert browser.me().status_code == 401


def test_a_state_works_once(person: str, browser: Browser) -> None:
    """The same answer again is refused on the callback itself."""
    answer = browser.start()
    assert browser.back(answer).status_code == 302
    again = browser.back(answer)
    assert again.status_code == 400
    assert "state_unknown" in again.text


def test_a_state_is_used_up_by_a_failure(site: Site, person: str, browser: Browser) -> None:
    """A failed exchange cannot be tried again with the same state."""
    answer = browser.start()
    site.script.answers["token"] = (500, {}, "")
    assert browser.back(answer).status_code == 502
    site.script.answers.clear()
    assert browser.back(answer).status_code == 400


def test_a_state_works_in_its_browser_only(site: Site, person: str, browser: Browser) -> None:
    """Somebody else's answer, with or without a browser cookie, signs nobody in."""
    for victim in (site.browser(), site.browser()):
        answer = browser.start()
        if victim is not browser:
            victim.start()
        browser.script.nonce = ""
        response = victim.back(answer)
        assert response.status_code == 400
        assert victim.cookie(SESSION) is None
    bare = site.browser()
    assert bare.back(browser.start()).status_code == 400
    assert "token" not in site.script.calls


def test_parallel_answers_sign_in_once(site: Site, person: str, browser: Browser) -> None:
    """Of many simultaneous redemptions of one state exactly one wins."""
    answer = browser.start()
    cookie = browser.cookie(BROWSER) or ""
    statuses: list[int] = []

    def redeem() -> None:
        other = site.browser()
        other.client.set_cookie(BROWSER, cookie, domain="mo.example")
        statuses.append(other.back(answer).status_code)

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [302] + [400] * 7


def test_ten_sign_ins_may_be_pending(site: Site, person: str, browser: Browser) -> None:
    """Several tabs work; beyond ten the oldest gives way, and the newest always works."""
    answers = [(browser.start(), site.script.nonce) for _ in range(MAX_PENDING + 2)]
    assert "state_unknown" in browser.back(answers[0][0]).text
    for answer, nonce in (answers[2], answers[-1]):
        site.script.nonce = nonce
        assert browser.back(answer).status_code == 302


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "state_missing"),
        ("state=", "state_missing"),
        ("code=a", "state_missing"),
        ("state=unknown&code=a", "state_unknown"),
        ("error=access_denied", "state_missing"),
        ("error=access_denied&state=unknown", "state_unknown"),
        ("state=a&state=b&code=c", "parameter_repeated"),
        ("state=%00%ff&code=%0d%0a", "state_unknown"),
    ],
)
def test_a_callback_out_of_the_blue(site: Site, browser: Browser, query: str, code: str) -> None:
    """Whatever a browser sends by itself gets a 4xx page and no request to the provider."""
    response = browser.get(f"/oidc/callback?{query}", headers=HTML)
    assert response.status_code == 400
    assert code in response.text
    assert site.script.calls == []


def test_an_error_of_the_provider_is_not_echoed(browser: Browser) -> None:
    """error_description and error_uri are never shown."""
    answer = {**browser.start(), "error": "access_denied", "error_description": "<b>EVIL</b>"}
    answer.pop("code")
    response = browser.back(answer)
    assert response.status_code == 400
    assert "provider_access_denied" in response.text
    assert "EVIL" not in response.text


def test_the_answer_may_come_as_a_form(person: str, browser: Browser) -> None:
    """response_mode=form_post: the same checks, also for errors and repetitions."""
    assert browser.post("/oidc/callback", data=browser.start()).status_code == 302
    assert browser.me().status_code == 200
    error = {**browser.start(), "error": "login_required"}
    assert browser.post("/oidc/callback", data=error).status_code == 400
    answer = browser.start()
    split = browser.post("/oidc/callback", query_string={"code": "x"}, data=answer)
    assert split.status_code == 400


@pytest.mark.parametrize(
    ("where", "answer", "status"),
    [
        ("discovery", requests.ConnectionError("down"), 503),
        ("discovery", (500, {}, ""), 502),
        ("discovery", requests.ReadTimeout("slow"), 504),
    ],
)
def test_login_while_the_provider_is_down(
    site: Site, browser: Browser, where: str, answer: Answer | Exception, status: int
) -> None:
    """Provider trouble is a page with 502, 503 or 504; once it is well, so is sign-in."""
    site.script.answers[where] = answer
    response = browser.get("/oidc/login", headers=HTML)
    assert response.status_code == status
    assert "1700" in response.text
    site.script.answers.clear()
    assert browser.get("/oidc/login").status_code == 302


@pytest.mark.parametrize("where", ["token", "jwks"])
@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "application/json"}, "[]"),
        (200, {}, "<html>"),
        (200, {}, b"\xff\xfe"),
        (204, {}, ""),
        (500, {}, ""),
        (302, {"Location": "http://127.0.0.1/"}, ""),
        requests.ConnectionError("down"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_callback_while_the_provider_is_in_trouble(
    site: Site,
    person: str,
    browser: Browser,
    where: str,
    answer: Any,  # noqa: ANN401 - a test may say anything
) -> None:
    """Never 500, whatever the provider's back-end says, and no session."""
    start = browser.start()
    site.script.answers[where] = answer
    assert browser.back(start).status_code in (502, 503, 504)
    assert browser.cookie(SESSION) is None


def test_refused_tokens_are_a_4xx_page(site: Site, person: str, browser: Browser) -> None:
    """A token with a defect stops on the callback itself."""
    site.script.claims = {"aud": "other"}
    response = browser.sign_in()
    assert response.status_code == 400
    assert "audience" in response.text


@pytest.mark.parametrize(
    "query", ["?max_age=x", "?prompt=evil", "?provider=unknown", "?provider=a&provider=b"]
)
def test_a_login_link_that_cannot_be_followed(browser: Browser, query: str) -> None:
    """A wish that is not understood is 400, never ignored."""
    assert browser.get(f"/oidc/login{query}").status_code == 400


def test_what_the_link_asks_is_enforced(site: Site, person: str, browser: Browser) -> None:
    """acr_values and max_age of the link go to the provider and are checked in the end."""
    assert browser.sign_in("?acr_values=urn:be:vlaanderen:authmech:itsme").status_code == 400
    site.script.claims = {"acr": "urn:be:vlaanderen:authmech:eid"}
    assert browser.sign_in("?acr_values=urn:be:vlaanderen:authmech:itsme").status_code == 302
    assert browser.me().get_json()["acr"] == "urn:be:vlaanderen:authmech:eid"
    assert browser.sign_in("?max_age=60").status_code == 400
    site.script.claims = {"auth_time": int(time.time())}
    assert browser.sign_in("?max_age=60").status_code == 302


def test_others_may_start_a_sign_in(person: str, browser: Browser) -> None:
    """Third-party-initiated login: iss, login_hint and target_link_uri, by GET or POST."""
    told = {"iss": ISSUER, "login_hint": "an", "target_link_uri": f"{BASE}/host/home"}
    for response in (
        browser.get("/oidc/login", query_string=told),
        browser.post("/oidc/login", data=told),
    ):
        assert asked(response)["login_hint"] == "an"
        answer = browser.script.follow(response.location)
        assert browser.back(answer).location == "/host/home"
    assert browser.get("/oidc/login?iss=https://evil.example").status_code == 400


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", f"{BASE}.evil.example/", f"{BASE}//e.x/"]
)
def test_no_sign_in_leads_elsewhere(person: str, browser: Browser, wanted: str) -> None:
    """A return address of another site becomes the front page."""
    response = browser.get("/oidc/login", query_string={"next": wanted})
    answer = browser.script.follow(response.location)
    assert browser.back(answer).location == "/"


def test_several_providers_are_offered(
    make_site: Callable[[dict[str, object]], Site],
) -> None:
    """With more than one provider a person chooses; a state belongs to the one it was made for."""
    second = {
        "name": "second",
        "label": "Tweede",
        "issuer": "https://second.example",
        "client_id": "x",
    }
    site = make_site({"oidc_providers": ({**second},)})
    browser = site.browser()
    page = browser.get("/oidc/login?next=/host/home", headers=HTML)
    assert page.status_code == 200
    assert "provider=second" in page.text
    assert "next=%2Fhost%2Fhome" in page.text
    assert "28 november 2000" in page.text
    assert browser.start("?provider=broker")["iss"] == ISSUER
    away = browser.get("/oidc/login?provider=broker")
    assert parse_qs(urlsplit(away.location).query)["client_id"] == ["mo-rp"]


def test_too_many_failures_wait(
    make_site: Callable[[dict[str, object]], Site],
) -> None:
    """Beyond the limit of failed sign-ins of an address the callback answers 429; logout never."""
    site = make_site({"failed_sign_ins_per_minute": 3})
    statuses = [site.browser().get("/oidc/callback?state=x").status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert site.browser().post("/oidc/backchannel-logout").status_code == 400


def test_an_answer_of_another_provider_is_refused(site: Site, browser: Browser) -> None:
    """A mix-up, where another provider answers with our state, stops before the token endpoint."""
    answer = {**browser.start(), "iss": "https://second.example"}
    assert "response_issuer" in browser.back(answer).text
    assert "token" not in site.script.calls


def test_a_provider_may_be_set_to_ask_more(
    make_site: Callable[[dict[str, object]], Site],
) -> None:
    """Settings: a level for every sign-in, the answer as a form, UserInfo always."""
    itsme = "urn:be:vlaanderen:authmech:itsme"
    told = {"oidc_acr_values": itsme, "oidc_response_mode": "form_post", "oidc_userinfo": True}
    site = make_site(told)
    site.person(site.client())
    site.script.userinfo = {"sub": "person-1"}
    browser = site.browser()
    start = browser.get("/oidc/login")
    assert "SameSite=None" in start.headers["Set-Cookie"]
    assert (asked(start)["acr_values"], asked(start)["response_mode"]) == (itsme, "form_post")
    answer = site.script.follow(start.location)
    assert browser.post("/oidc/callback", data=answer).status_code == 400
    site.script.claims = {"acr": itsme}
    assert browser.post("/oidc/callback", data=browser.start()).status_code == 302
    assert site.script.calls[-1] == "userinfo"
