"""The npm package oidc-provider, as it is published: four habits of providers, and both tokens."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import pytest

from mo_demo.browser import Browser, Page
from mo_demo.process import reserved_port
from tests.interop import node_provider
from tests.interop.conftest import Ours
from tests.interop.node_provider import BROKER, NodeProvider, answer_sign_in

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interop-npm")]

READABLE = "telling-900001"
GROUP = "MO_900001_leerlingen-openbaar"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
# Every character that a secret may hold (RFC 6749, appendix A) and that an encoding would touch.
SECRET = f"a+b c/d:e%f&{secrets.token_urlsafe()}"

# What the four differ in: the signature, how we say who we are, how the answer comes back, and
# where the claim that finds the person stands.
HABITS = {
    "plain": ("RS256", ("client_secret_basic",), {}, {}),
    "posting": (
        "PS256",
        ("client_secret_post", "client_secret_basic"),
        {"token_endpoint_auth_method": "client_secret_post"},
        {"response_mode": "form_post"},
    ),
    "userinfo": (
        "ES256",
        ("client_secret_basic", "client_secret_post"),
        {},
        {"link": "employee_number:externalId", "scopes": "openid profile"},
    ),
    "signed": (
        "Ed25519",
        ("client_secret_basic",),
        {"userinfo_signed_response_alg": "Ed25519"},
        {"link": "employee_number:externalId", "scopes": "openid profile"},
    ),
}
_numbers = count(1)


@dataclass(frozen=True)
class Stage:
    """Our service, the four providers that it believes, and a client of ours that provisions."""

    service: Ours
    providers: dict[str, NodeProvider]
    token: str

    @property
    def plain(self) -> NodeProvider:
        """Return the provider without habits."""
        return self.providers["plain"]

    def person(self) -> str:
        """Provision somebody with a theme to read; return what the person signs in with."""
        login = f"persoon{next(_numbers)}"
        users = [self._user(login, login), self._user(f"{login}-nr", f"nr-{login}")]
        members = [{"value": user} for user in users]
        group = {"displayName": GROUP, "members": members}
        assert self.service.scim("POST", "/Groups", self.token, group)[0] == 201
        return login

    def _user(self, name: str, external_id: str) -> str:
        body = {
            "schemas": [USER, OURS],
            "userName": name,
            "externalId": external_id,
            OURS: {"affiliations": [{"value": "900001", "role": "gebruiker"}]},
        }
        status, made = self.service.scim("POST", "/Users", self.token, body)
        assert status == 201, made
        return str(made["id"])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run the providers and our service beside each other for the whole module."""
    folder = tmp_path_factory.mktemp("npm")
    with ExitStack() as ports:
        service = Ours(folder, ports.enter_context(reserved_port()))
        providers = {
            name: NodeProvider(
                name, ports.enter_context(reserved_port()), service.url, *habits, secret=SECRET
            )
            for name, habits in HABITS.items()
        }
    with ExitStack() as running:
        running.callback(node_provider.start(list(providers.values()), folder).stop)
        told = [provider.settings for provider in providers.values()]
        service.settings |= {
            "MO_OIDC_PROVIDERS": json.dumps(told),
            "MO_INTROSPECTION_SECONDS": "0",
        }
        running.callback(service.start().stop)
        yield Stage(service, providers, _client(service, providers))


def _client(service: Ours, providers: dict[str, NodeProvider]) -> str:
    issuers = [part for one in providers.values() for part in ("--issuer", one.issuer)]
    oauth = ("--oauth-issuer", providers["plain"].issuer, "--oauth-client-id", BROKER)
    made = service.command(
        "client", "create", "npm", "--institution", "900001", *issuers, *oauth, "--json"
    )
    return str(json.loads(made)["token"])


def sign_in(stage: Stage, browser: Browser, name: str, login: str, more: str = "") -> Page:
    """Go through the pages of a provider and back to us."""
    page = browser.open(f"{stage.service.url}/oidc/login?provider={name}{more}")
    return answer_sign_in(browser, page, login)


def reads(stage: Stage, browser: Browser) -> bool:
    """Tell whether the document itself comes, and not a page to sign in with."""
    address = f"{stage.service.url}/documents/{READABLE}"
    page = browser.open(address)
    return (page.status, page.url) == (200, address)


@pytest.mark.parametrize("name", HABITS)
def test_a_person_reads_what_was_given_and_no_more(
    stage: Stage, browser: Browser, name: str
) -> None:
    """Whatever the habit of the provider: one theme opens, the other is refused."""
    page = sign_in(stage, browser, name, stage.person())
    assert page.status == 200, page.text
    assert reads(stage, browser)
    assert browser.open(f"{stage.service.url}/documents/zorg-900001").status == 403


@pytest.mark.parametrize("name", HABITS)
def test_whom_nobody_provisioned_is_told_what_to_do(
    stage: Stage, browser: Browser, name: str
) -> None:
    """An account at the provider opens nothing here by itself."""
    page = sign_in(stage, browser, name, "niemand")
    assert page.status == 403
    assert "1700" in page.text


@pytest.mark.parametrize("name", HABITS)
def test_signing_out_here_signs_out_there(stage: Stage, browser: Browser, name: str) -> None:
    """RP-initiated logout, with the provider's question in between."""
    sign_in(stage, browser, name, stage.person())
    page = browser.open(f"{stage.service.url}/oidc/logout")
    assert not reads(stage, browser)
    page = browser.submit(page, page.form_with("xsrf"), {}, "logout=yes")
    assert page.url.startswith(f"{stage.service.url}/oidc/signed-out"), page.hops
    again = browser.open(f"{stage.service.url}/oidc/login?provider={name}")
    assert again.has_form_with("login")


@pytest.mark.parametrize("name", HABITS)
def test_a_session_ends_when_the_provider_ends_it(
    stage: Stage, browser: Browser, name: str
) -> None:
    """Back-channel logout: who signs out at the provider is signed out here too."""
    sign_in(stage, browser, name, stage.person())
    assert reads(stage, browser)
    page = browser.open(f"{stage.providers[name].issuer}/session/end")
    browser.submit(page, page.form_with("xsrf"), {}, "logout=yes")
    deadline = time.monotonic() + 10
    while (still := reads(stage, browser)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not still


def test_who_turns_back_at_the_provider_is_told_so(stage: Stage, browser: Browser) -> None:
    """The provider's `access_denied` becomes a page, not an error of ours."""
    page = browser.open(f"{stage.service.url}/oidc/login?provider=plain")
    [abort] = [link for link in page.links("/interaction/") if link.endswith("/abort")]
    page = browser.open(f"{stage.plain.issuer}/interaction/{abort}")
    assert page.status == 400
    assert "provider_access_denied" in page.text


def test_a_sign_in_may_be_asked_to_be_recent(stage: Stage, browser: Browser) -> None:
    """`max_age` is enforced with the provider's `auth_time`; `prompt=login` asks again."""
    login = stage.person()
    sign_in(stage, browser, "plain", login, "&max_age=60")
    assert reads(stage, browser)
    again = browser.open(f"{stage.service.url}/oidc/login?provider=plain&prompt=login")
    assert again.has_form_with("login")


def test_only_the_machines_opaque_token_provisions(stage: Stage, browser: Browser) -> None:
    """Asked about at the provider (RFC 7662); a person's has a subject and is nobody's."""
    token = stage.plain.machine_token()
    assert stage.service.scim("GET", "/Users?count=1", token)[0] == 200
    own = stage.plain.person_token(browser, stage.person())
    assert stage.service.scim("GET", "/Users", own)[0] == 401
    assert stage.service.scim("GET", "/Users", secrets.token_urlsafe())[0] == 401
    stage.plain.post("/token/revocation", BROKER, {"token": token})
    assert stage.service.scim("GET", "/Users?count=1", token)[0] == 401


def test_only_the_machines_jwt_for_us_provisions(stage: Stage, browser: Browser) -> None:
    """RFC 9068: our audience, and the client as its own subject."""
    ours = f"{stage.service.url}/scim/v2"
    machine = stage.plain.machine_token(ours)
    assert stage.service.scim("GET", "/Users?count=1", machine)[0] == 200
    elsewhere = stage.plain.machine_token("https://elsewhere.example/scim/v2")
    assert stage.service.scim("GET", "/Users", elsewhere)[0] == 401
    login = stage.person()
    own = stage.plain.person_token(browser, login, ours)
    assert stage.service.scim("GET", "/Users", own)[0] == 401
    status, me = stage.service.scim("GET", "/Me", own)
    assert (status, me["userName"]) == (200, login)


def test_another_machine_of_the_provider_is_nobody(stage: Stage) -> None:
    """The same client id at another provider is another client, whatever its token says."""
    other = stage.providers["posting"]
    assert stage.service.scim("GET", "/Users", other.machine_token())[0] == 401
    jwt = other.machine_token(f"{stage.service.url}/scim/v2")
    assert stage.service.scim("GET", "/Users", jwt)[0] == 401
