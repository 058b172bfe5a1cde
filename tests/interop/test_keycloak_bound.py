"""Keycloak with what FAPI 2.0 asks: pushed requests, private_key_jwt, DPoP; and with levels.

Its own FAPI profiles want https addresses of every client, and all of this is on the loopback: each
of their demands is switched on for the client by itself.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey

from mo_demo.browser import Browser, Page
from mo_demo.process import reserved_port
from tests.interop.conftest import LocalBrowser, Ours
from tests.interop.keycloak import ACCESS_TOKEN_SECONDS, Keycloak
from tests.interop.keycloak_levels import make_flow
from tests.interop.npm_stage import GROUPS, LEVELLED, OURS, READABLE, USER, eventually

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("interop"),
    pytest.mark.product("Keycloak", "PS256, private_key_jwt, PAR, DPoP, levels"),
]

CLIENT = "mijn-onderwijs-bound"
_numbers = count(1)


@dataclass(frozen=True)
class Bound:
    """One more service of ours, held to FAPI 2.0, and a token to provision with."""

    service: Ours
    keycloak: Keycloak
    token: str

    def person(self) -> tuple[str, str]:
        """Register somebody at Keycloak and here, with two themes; return name and password."""
        name, password = f"gebonden{next(_numbers)}", secrets.token_urlsafe()
        body = {
            "schemas": [USER, OURS],
            "userName": name,
            "externalId": self.keycloak.make_person(name, password),
            OURS: {"affiliations": [{"value": "900001", "role": "gebruiker"}]},
        }
        status, made = self.service.scim("POST", "/Users", self.token, body)
        assert status == 201, made
        for group in GROUPS:
            members = {"displayName": group, "members": [{"value": made["id"]}]}
            assert self.service.scim("POST", "/Groups", self.token, members)[0] == 201
        return name, password

    def sign_in(self, browser: Browser, person: tuple[str, str]) -> Page:
        """Go through Keycloak's login page."""
        page = browser.open(f"{self.service.url}/oidc/login")
        name, password = person
        answers = {"username": name, "password": password}
        return browser.submit(page, page.form_with("password"), answers)

    def reads(self, browser: Browser, document: str = READABLE) -> bool:
        """Tell whether the document itself comes, and not a page to sign in with."""
        address = f"{self.service.url}/documents/{document}"
        page = browser.open(address)
        return (page.status, page.url) == (200, address)


@pytest.fixture(scope="module")
def bound(
    stage: tuple[Keycloak, Ours], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bound]:
    """Run it beside the Keycloak of the stage."""
    keycloak, _ = stage
    with reserved_port() as port:
        service = Ours(tmp_path_factory.mktemp("bound"), port)
    keycloak.add_portal(
        CLIENT,
        service.url,
        clientAuthenticatorType="client-jwt",
        authenticationFlowBindingOverrides={"browser": make_flow(keycloak)},
        attributes=_attributes(service.url),
    )
    key = service.folder / "key.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    service.settings |= {
        "MO_OIDC_ISSUER": keycloak.issuer,
        "MO_OIDC_CLIENT_ID": CLIENT,
        "MO_OIDC_CLIENT_AUTH": "private_key_jwt",
        "MO_OIDC_CLIENT_KEY_FILE": str(key),
        "MO_OIDC_FAPI2": "true",
        "MO_OIDC_ALGORITHMS": "PS256",
        "MO_OIDC_LINK": "sub:externalId",
        "MO_OIDC_USERINFO": "true",
        "MO_OIDC_REFRESH": "true",
    }
    service.start()
    scope = ("--institution", "900001", "--issuer", keycloak.issuer)
    made = json.loads(service.command("client", "create", "school", *scope, "--json"))
    yield Bound(service, keycloak, made["token"])
    service.stop()


def _attributes(service: str) -> dict[str, str]:
    return {
        "pkce.code.challenge.method": "S256",
        "post.logout.redirect.uris": f"{service}/oidc/signed-out",
        "backchannel.logout.url": f"{service}/oidc/backchannel-logout",
        "backchannel.logout.session.required": "true",
        "use.jwks.url": "true",
        "jwks.url": f"{service}/oidc/jwks",
        "token.endpoint.auth.signing.alg": "ES256",
        "id.token.signed.response.alg": "PS256",
        "require.pushed.authorization.requests": "true",
        "dpop.bound.access.tokens": "true",
    }


@pytest.mark.shows("sign in")
def test_a_person_reads_what_was_given_and_no_more(bound: Bound, browser: Browser) -> None:
    """UserInfo is asked too, with the token that is bound to our key."""
    page = bound.sign_in(browser, bound.person())
    assert page.status == 200, page.text
    assert bound.reads(browser)
    assert browser.open(f"{bound.service.url}/documents/zorg-900001").status == 403


@pytest.mark.shows("FAPI 2.0")
def test_the_browser_carries_a_reference_only(bound: Bound, browser: Browser) -> None:
    """Nothing of what is asked stands in the address, and Keycloak takes nothing else."""
    browser.stop_before = bound.keycloak.issuer
    address = browser.open(f"{bound.service.url}/oidc/login").url
    browser.stop_before = ""
    query = parse_qs(urlsplit(address).query)
    assert set(query) == {"client_id", "request_uri"}
    plain = "&response_type=code&scope=openid&redirect_uri=" + f"{bound.service.url}/oidc/callback"
    refused = browser.open(f"{address.partition('?')[0]}?client_id={CLIENT}{plain}")
    assert not refused.has_form_with("password")


@pytest.mark.shows("FAPI 2.0")
def test_a_reference_signs_nobody_in_elsewhere(bound: Bound, browser: Browser) -> None:
    """Keycloak takes it in another browser too; the answer there is refused, as not begun there."""
    browser.stop_before = bound.keycloak.issuer
    address = browser.open(f"{bound.service.url}/oidc/login").url
    elsewhere, (name, password) = LocalBrowser(), bound.person()
    page = elsewhere.open(address)
    answers = {"username": name, "password": password}
    page = elsewhere.submit(page, page.form_with("password"), answers)
    assert (page.status, "state_other_browser" in page.text) == (400, True)
    # Not by the portal, which would sign in by itself: who has a session is told so here.
    told = elsewhere.session.get(f"{bound.service.url}/me", headers={"Accept": "application/json"})
    assert told.status_code == 401
    elsewhere.session.close()


@pytest.mark.shows("sign out")
def test_signing_out_here_signs_out_there(bound: Bound, browser: Browser) -> None:
    """RP-initiated logout: the next sign-in asks for the password again."""
    bound.sign_in(browser, bound.person())
    assert bound.reads(browser)
    page = browser.open(f"{bound.service.url}/oidc/logout")
    assert page.url.startswith(f"{bound.service.url}/oidc/signed-out"), page.hops
    assert browser.open(f"{bound.service.url}/oidc/login").has_form_with("username")


@pytest.mark.shows("be signed out")
def test_a_session_ends_when_keycloak_ends_it(bound: Bound, browser: Browser) -> None:
    """Back-channel logout."""
    name, password = bound.person()
    bound.sign_in(browser, (name, password))
    assert bound.reads(browser)
    [user] = bound.keycloak.admin("GET", f"/school/users?username={name}&exact=true").json()
    bound.keycloak.end_sessions(user["id"])
    assert eventually(lambda: not bound.reads(browser))


@pytest.mark.shows("step-up")
def test_a_theme_with_a_level_asks_for_a_stronger_sign_in(bound: Bound, browser: Browser) -> None:
    """Keycloak asks the password of whom it knows once more, and tells the level.

    It knows two levels, of which one is enough; our table has more that would be.
    """
    name, password = bound.person()
    bound.sign_in(browser, (name, password))
    page = browser.open(f"{bound.service.url}/documents/{LEVELLED}")
    assert not page.has_form_with("username")
    page = browser.submit(page, page.form_with("password"), {"password": password})
    assert (page.status, page.url) == (200, f"{bound.service.url}/documents/{LEVELLED}")


@pytest.mark.shows("step-up")
def test_an_interrupted_step_up_opens_nothing(bound: Bound, browser: Browser) -> None:
    """The level is not that of the asking: what was open stays open, and the theme shut."""
    person = bound.person()
    bound.sign_in(browser, person)
    assert browser.open(f"{bound.service.url}/documents/{LEVELLED}").has_form_with("password")
    assert bound.reads(browser)
    assert not bound.reads(browser, LEVELLED)


@pytest.mark.shows("refresh")
def test_a_session_goes_on_with_the_key_that_it_began_with(bound: Bound, browser: Browser) -> None:
    """The access token has ended; Keycloak gives a new one for the proof of the same key."""
    bound.sign_in(browser, bound.person())
    before = bound.service.renewals()
    time.sleep(ACCESS_TOKEN_SECONDS + 1)
    assert bound.reads(browser)
    assert bound.service.renewals()[len(before) :] == ["ok"]
