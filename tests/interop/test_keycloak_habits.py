"""What an administrator may choose in Keycloak: signatures, keys, answers, kinds of tokens."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from pydantic import SecretStr

from mo_access.settings import Provider
from mo_demo.browser import Browser, Page
from mo_demo.process import reserved_port
from mo_web import subjects
from mo_web.faults import TokenRefused
from mo_web.introspection import Introspector
from tests.interop.conftest import LocalBrowser, Ours
from tests.interop.keycloak import BROKER, PORTAL, Keycloak, audience, own_subject

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("interop"),
    pytest.mark.product("Keycloak", "four signatures, form_post, person by name"),
]

PORTAL_BY_NAME = "mijn-onderwijs-naam"
SIGNATURES = ("RS256", "PS256", "ES256", "EdDSA")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_numbers = count(1)


@dataclass(frozen=True)
class ByName:
    """One more service of ours, which finds people by their user name, and its own token."""

    service: Ours
    token: str

    def person(self, keycloak: Keycloak) -> tuple[str, str]:
        """Register somebody at Keycloak and here; return user name and password."""
        name, password = f"naam{next(_numbers)}", secrets.token_urlsafe()
        keycloak.make_person(name, password)
        body = {"schemas": [USER], "userName": name, "externalId": f"hr-{name}"}
        assert self.service.scim("POST", "/Users", self.token, body)[0] == 201
        return name, password

    def sign_in(self, browser: Browser, person: tuple[str, str], more: str = "") -> Page:
        """Go through Keycloak's login page and its form with the answer."""
        page = browser.open(f"{self.service.url}/oidc/login?next=/me{more}")
        name, password = person
        form = page.form_with("password")
        page = browser.submit(page, form, {"username": name, "password": password})
        if page.has_form_with("code"):
            page = browser.submit(page, page.form_with("code"), {})
        return page

    def knows(self, browser: Browser) -> bool:
        """Tell whether somebody is signed in with this browser."""
        address = f"{self.service.url}/me"
        answer = browser.session.get(address, headers={"Accept": "application/json"}, timeout=30)
        return answer.status_code == 200


@pytest.fixture(scope="module")
def by_name(
    stage: tuple[Keycloak, Ours], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ByName]:
    """Run it beside the Keycloak of the stage; answers come as a form, in four signatures."""
    keycloak, _ = stage
    with reserved_port() as port:
        service = Ours(tmp_path_factory.mktemp("by-name"), port)
    keycloak.add_portal(PORTAL_BY_NAME, service.url, **_front_channel(service.url))
    service.settings |= {
        "MO_OIDC_ISSUER": keycloak.issuer,
        "MO_OIDC_CLIENT_ID": PORTAL_BY_NAME,
        "MO_OIDC_CLIENT_SECRET": keycloak.secret,
        "MO_OIDC_LINK": "preferred_username:userName",
        "MO_OIDC_SCOPES": "openid profile",
        "MO_OIDC_ALGORITHMS": " ".join(SIGNATURES),
        "MO_OIDC_RESPONSE_MODE": "form_post",
    }
    service.start()
    scope = ("--institution", "900001", "--issuer", keycloak.issuer)
    made = json.loads(service.command("client", "create", "school", *scope, "--json"))
    yield ByName(service, made["token"])
    service.stop()


def _front_channel(service: str) -> dict[str, object]:
    """Return what differs for a client that is signed out through the browser."""
    attributes = {
        "pkce.code.challenge.method": "S256",
        "post.logout.redirect.uris": f"{service}/oidc/signed-out",
        "frontchannel.logout.url": f"{service}/oidc/frontchannel-logout",
        "frontchannel.logout.session.required": "true",
    }
    return {"frontchannelLogout": True, "attributes": attributes}


@pytest.mark.shows("sign in")
@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_a_person_is_found_by_name_whatever_the_signature(
    stage: tuple[Keycloak, Ours], by_name: ByName, browser: Browser, algorithm: str
) -> None:
    """The answer comes as a form post, the link from the scope `profile`."""
    keycloak, _ = stage
    keycloak.sign_with(PORTAL_BY_NAME, algorithm)
    page = by_name.sign_in(browser, by_name.person(keycloak), "&max_age=600")
    assert (page.status, page.url) == (200, f"{by_name.service.url}/me"), page.text
    assert by_name.knows(browser)


def test_a_signature_that_was_not_agreed_on_is_refused(
    stage: tuple[Keycloak, Ours], by_name: ByName, browser: Browser
) -> None:
    """RS512 is Keycloak's to choose, and not ours to accept unasked."""
    keycloak, _ = stage
    keycloak.sign_with(PORTAL_BY_NAME, "RS512")
    page = by_name.sign_in(browser, by_name.person(keycloak))
    keycloak.sign_with(PORTAL_BY_NAME, "RS256")
    assert (page.status, by_name.knows(browser)) == (400, False)
    assert "algorithm" in page.text


@pytest.mark.shows("sign in")
def test_a_wrong_password_never_leaves_keycloak(
    stage: tuple[Keycloak, Ours], by_name: ByName, browser: Browser
) -> None:
    """Keycloak shows its form again, and here nobody is signed in."""
    keycloak, _ = stage
    name, password = by_name.person(keycloak)
    page = by_name.sign_in(browser, (name, f"not-{password}"))
    assert page.has_form_with("password")
    assert page.url.startswith(keycloak.issuer)
    assert not by_name.knows(browser)


@pytest.mark.shows("be signed out")
def test_keycloaks_page_of_signing_out_ends_the_session(
    stage: tuple[Keycloak, Ours], by_name: ByName, browser: Browser
) -> None:
    """Front-channel logout: what a browser loads of us from Keycloak's page, with its session."""
    keycloak, _ = stage
    by_name.sign_in(browser, by_name.person(keycloak))
    assert by_name.knows(browser)
    page = browser.open(f"{keycloak.issuer}/protocol/openid-connect/logout")
    page = browser.submit(page, page.form_with("session_code"), {})
    [frame] = re.findall(r'<iframe src="([^"]+)"', page.text)
    assert browser.open(html.unescape(frame)).status == 200
    assert not by_name.knows(browser)


def test_new_keys_of_the_realm_are_taken_up_at_once(
    stage: tuple[Keycloak, Ours], by_name: ByName, browser: Browser
) -> None:
    """A sign-in and a machine's token after it need no restart, though keys are remembered."""
    keycloak, service = stage
    person = by_name.person(keycloak)
    by_name.sign_in(browser, person)
    old = keycloak.machine_token()
    assert service.scim("GET", "/Users?count=1", old)[0] == 200
    keycloak.renew_keys()
    fresh = LocalBrowser()
    by_name.sign_in(fresh, person)
    signed_in = by_name.knows(fresh)
    fresh.session.close()
    assert signed_in
    assert service.scim("GET", "/Users?count=1", keycloak.machine_token())[0] == 200


@pytest.mark.shows("provision")
def test_a_stock_service_account_is_refused_as_a_person(stage: tuple[Keycloak, Ours]) -> None:
    """Its subject is an account of its own, with a user name: our page says what to change."""
    keycloak, service = stage
    stock = ["basic", "profile", "email", "service_account"]
    mappers = [audience(f"{service.url}/scim/v2")]
    keycloak.add_machine("stock", service.url, defaultClientScopes=stock, protocolMappers=mappers)
    _let_in(stage, "stock")
    status, answer = service.scim("GET", "/Users", keycloak.machine_token("stock"))
    assert (status, "(person)" in answer["detail"]) == (401, True)


@pytest.mark.shows("provision")
def test_a_lightweight_token_provisions_too(
    stage: tuple[Keycloak, Ours],
) -> None:
    """The mappers fill it; a person's tells the session, by which it is refused."""
    keycloak, service = stage
    mappers = [audience(f"{service.url}/scim/v2"), own_subject("light")]
    light = {"client.use.lightweight.access.token.enabled": "true"}
    keycloak.add_machine("light", service.url, attributes=light, protocolMappers=mappers)
    _let_in(stage, "light")
    machine = keycloak.machine_token("light")
    assert service.scim("GET", "/Users?count=1", machine)[0] == 200
    name, password = f"licht{next(_numbers)}", secrets.token_urlsafe()
    keycloak.make_person(name, password)
    own = keycloak.person_token(name, password, "light")
    status, answer = service.scim("GET", "/Users", own)
    assert (status, "(person)" in answer["detail"]) == (401, True)


@pytest.mark.shows("provision")
def test_no_machine_provisions_by_introspection(stage: tuple[Keycloak, Ours]) -> None:
    """Keycloak answers who is in the audience, and looks the subject up among its accounts.

    So a service account is told as somebody, and the client as its own subject as nobody: with
    Keycloak it is the keys that tell, and the door asks nothing else about a JWT of an issuer it
    knows.
    """
    keycloak, service = stage
    ours, whole = audience(PORTAL, "client"), ["basic", "profile", "email", "service_account"]
    keycloak.add_machine("told", service.url, defaultClientScopes=whole, protocolMappers=[ours])
    keycloak.add_machine("own", service.url, protocolMappers=[ours, own_subject("own")])
    asking = Introspector([_provider(keycloak)], 0)
    account = asking.token(keycloak.machine_token("told"))
    assert account.claims["username"] == "service-account-told"
    assert "told" not in subjects.machine(account).names
    for client in ("own", BROKER):
        with pytest.raises(TokenRefused, match="not_active"):
            asking.token(keycloak.machine_token(client))


def _let_in(stage: tuple[Keycloak, Ours], client: str) -> None:
    """Let a client of Keycloak in at our service."""
    keycloak, service = stage
    oauth = ("--oauth-issuer", keycloak.issuer, "--oauth-client-id", client)
    service.command("client", "create", client, "--institution", "900001", *oauth)


def _provider(keycloak: Keycloak) -> Provider:
    return Provider(
        name="keycloak",
        issuer=keycloak.issuer,
        client_id=PORTAL,
        client_secret=SecretStr(keycloak.secret),
    )
