"""The npm package oidc-provider, as it is published: four habits of providers, and both tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from tests.interop import node_provider
from tests.interop.node_provider import BROKER, PRODUCT, NodeProvider, answer_sign_in
from tests.interop.npm_contract import Contract
from tests.interop.npm_stage import (
    LEVELLED,
    Make,
    Stage,
    eventually,
    new_secret,
    reads,
    running_stage,
    sign_in,
    signed_in_long_ago,
)

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interop-npm")]

SECRET = new_secret()

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
SET_UPS = {
    "plain": "RS256, client_secret_basic",
    "posting": "PS256, client_secret_post, form_post",
    "userinfo": "ES256, client_secret_basic, person by UserInfo",
    "signed": "Ed25519, client_secret_basic, person by signed UserInfo",
}
each = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.product(PRODUCT, SET_UPS[n])) for n in HABITS]
)
plain = pytest.mark.product(PRODUCT, SET_UPS["plain"])


def _maker(name: str) -> Make:
    return lambda port, service: NodeProvider(name, port, service, *HABITS[name], secret=SECRET)


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Run the providers and our service beside each other for the whole module."""
    folder = tmp_path_factory.mktemp("npm")
    with running_stage(folder, {name: _maker(name) for name in HABITS}) as running:
        note_version(request.config, PRODUCT, node_provider.version())
        yield running


@pytest.fixture(scope="module")
def aged(stage: Stage) -> Iterator[dict[str, Browser]]:
    """Give, by provider, a browser that signed in longer ago than an access token lasts."""
    with signed_in_long_ago(stage) as [browsers]:
        yield browsers


@each
class TestEach(Contract):
    """Whatever the habit of the provider."""


@pytest.mark.shows("refresh")
@each
def test_a_session_goes_on_by_its_refresh_token(
    stage: Stage, aged: dict[str, Browser], name: str
) -> None:
    """The access token has ended; the provider gives a new one, and a new refresh token."""
    before = stage.service.renewals()
    assert reads(stage, aged[name])
    assert stage.service.renewals()[len(before) :] == ["ok"]


@plain
def test_a_stronger_sign_in_does_not_end_with_the_one_before(
    stage: Stage, browser: Browser
) -> None:
    """One grant holds both sessions' tokens here: giving the first one back would take it all."""
    login = stage.person()
    sign_in(stage, browser, "plain", login)
    told, revoked = len(stage.service.revocations()), stage.process.revoked()
    page = browser.open(f"{stage.service.url}/documents/{LEVELLED}")
    answer_sign_in(browser, page, login, "itsme")
    assert eventually(lambda: stage.service.revocations()[told:] == ["session_goes_on"])
    assert stage.process.revoked() == revoked
    assert reads(stage, browser, LEVELLED)


@plain
def test_who_turns_back_at_the_provider_is_told_so(stage: Stage, browser: Browser) -> None:
    """The provider's `access_denied` becomes a page, not an error of ours."""
    page = browser.open(f"{stage.service.url}/oidc/login?provider=plain")
    [abort] = [link for link in page.links("/interaction/") if link.endswith("/abort")]
    page = browser.open(f"{stage.plain.issuer}/interaction/{abort}")
    assert page.status == 400
    assert "provider_access_denied" in page.text


@plain
def test_a_sign_in_may_be_asked_to_be_recent(stage: Stage, browser: Browser) -> None:
    """`max_age` is enforced with the provider's `auth_time`; `prompt=login` asks again."""
    login = stage.person()
    sign_in(stage, browser, "plain", login, "&max_age=60")
    assert reads(stage, browser)
    again = browser.open(f"{stage.service.url}/oidc/login?provider=plain&prompt=login")
    assert again.has_form_with("login")


@pytest.mark.shows("provision")
@plain
def test_only_the_machines_opaque_token_provisions(stage: Stage, browser: Browser) -> None:
    """Asked about at the provider (RFC 7662); a person's has a subject and is nobody's."""
    token = stage.plain.machine_token()
    assert stage.service.scim("GET", "/Users?count=1", token)[0] == 200
    own = stage.plain.person_token(browser, stage.person())
    assert stage.service.scim("GET", "/Users", own)[0] == 401
    assert stage.service.scim("GET", "/Users", secrets.token_urlsafe())[0] == 401
    stage.plain.post("/token/revocation", BROKER, {"token": token})
    assert stage.service.scim("GET", "/Users?count=1", token)[0] == 401


@pytest.mark.shows("provision")
@plain
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


@pytest.mark.shows("provision")
@plain
def test_another_machine_of_the_provider_is_nobody(stage: Stage) -> None:
    """The same client id at another provider is another client, whatever its token says."""
    other = stage.providers["posting"]
    assert stage.service.scim("GET", "/Users", other.machine_token())[0] == 401
    jwt = other.machine_token(f"{stage.service.url}/scim/v2")
    assert stage.service.scim("GET", "/Users", jwt)[0] == 401
