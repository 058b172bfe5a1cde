"""Two live providers, one of which wants the codes of the other (RFC 9700 §4.4)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import responses
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from mo_access.settings import Settings
from tests.oidc.broker import Script
from tests.oidc.site import BASE, SESSION, Browser, Site, asked

OWN = "/oidc/callback/broker"
HOSTILE = "https://second.example"
# It promises no `iss`, whatever it is; the honest one is told apart by its address.
SECOND = {"name": "second", "issuer": HOSTILE, "client_id": "mo-rp", "own_callback": False}


@pytest.fixture
def hostile(rsa_key: RSAKey, mocked: responses.RequestsMock) -> Script:
    """The second provider."""
    made = Script(rsa_key, mocked, issuer=HOSTILE)
    made.document["authorization_response_iss_parameter_supported"] = False
    return made


@pytest.fixture
def site(make_site: Callable[[dict[str, object]], Site], hostile: Script) -> Site:
    """The service with both; the honest one sends no `iss` and has an address of its own."""
    assert hostile.calls == []
    told = {"oidc_name": "broker", "oidc_own_callback": True, "oidc_providers": (SECOND,)}
    made = make_site(told)
    made.script.document["authorization_response_iss_parameter_supported"] = False
    made.person(made.client())
    return made


def begin(browser: Browser, script: Script) -> dict[str, str]:
    """Begin a sign-in and return what the provider answers, which is no `iss`."""
    name = "second" if script.issuer == HOSTILE else "broker"
    answer = script.follow(browser.get(f"/oidc/login?provider={name}").location)
    del answer["iss"]
    return answer


def come(browser: Browser, path: str, answer: dict[str, str]) -> TestResponse:
    """Come back at an address."""
    return browser.get(path, query_string=answer)


def test_each_comes_back_where_it_was_told(site: Site, hostile: Script) -> None:
    """The address of its own is the redirect address, for the token endpoint as well."""
    browser = site.browser()
    away = browser.get("/oidc/login?provider=broker")
    assert asked(away)["redirect_uri"] == BASE + OWN
    answer = site.script.follow(away.location)
    assert come(browser, OWN, answer).status_code == 302
    assert browser.me().status_code == 200
    away = browser.get("/oidc/login?provider=second")
    assert asked(away)["redirect_uri"] == f"{BASE}/oidc/callback"
    assert hostile.calls == ["discovery"]


def test_a_code_of_the_one_never_goes_to_the_other(site: Site, hostile: Script) -> None:
    """The hostile one sends the browser on to the honest one: its code stops here."""
    attacker, victim = site.browser(), site.browser()
    begin(attacker, site.script)
    there = begin(victim, hostile)
    mixed = {"code": begin(site.browser(), site.script)["code"], "state": there["state"]}
    back = come(victim, OWN, mixed)
    assert (back.status_code, "response_address" in back.text) == (400, True)
    assert hostile.calls == ["discovery"]
    assert victim.cookie(SESSION) is None


@pytest.mark.parametrize("path", ["/oidc/callback", "/oidc/callback/second"])
def test_an_answer_at_another_address_is_refused(site: Site, path: str) -> None:
    """The hostile one cannot put its code under the honest one's sign-in; the state is used up."""
    browser = site.browser()
    answer = begin(browser, site.script)
    assert come(browser, path, answer).status_code == 400
    assert "token" not in site.script.calls
    assert "state_unknown" in come(browser, OWN, answer).text


def test_the_state_of_one_browser_is_nothing_in_another(site: Site) -> None:
    """At the address of its own as at the shared one."""
    answer = begin(site.browser(), site.script)
    other = site.browser()
    begin(other, site.script)
    assert "state_other_browser" in come(other, OWN, answer).text
    assert "token" not in site.script.calls


def test_the_address_stands_in_the_settings(tmp_path: Path) -> None:
    """Off by default: the shared address is what is registered at most providers."""
    told = {"var": tmp_path, "oidc_issuer": "https://a.example", "oidc_client_id": "mo"}
    second = {**SECOND, "own_callback": True}
    plain = Settings.model_validate({**told, "oidc_providers": (second,)})
    assert [p.own_callback for p in plain.providers] == [False, True]
