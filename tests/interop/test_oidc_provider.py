"""The npm package oidc-provider, as it is published: four habits of providers, and both tokens."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import pytest

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from tests.interop import node_provider
from tests.interop.node_provider import BROKER, PRODUCT, NodeProvider, answer_sign_in
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


@pytest.mark.shows("sign in")
@each
def test_a_person_reads_what_was_given_and_no_more(
    stage: Stage, browser: Browser, name: str
) -> None:
    """Whatever the habit of the provider: one theme opens, the other is refused."""
    page = sign_in(stage, browser, name, stage.person())
    assert page.status == 200, page.text
    assert reads(stage, browser)
    assert browser.open(f"{stage.service.url}/documents/zorg-900001").status == 403


@pytest.mark.shows("sign in")
@each
def test_whom_nobody_provisioned_is_told_what_to_do(
    stage: Stage, browser: Browser, name: str
) -> None:
    """An account at the provider opens nothing here by itself."""
    page = sign_in(stage, browser, name, "niemand")
    assert page.status == 403
    assert "1700" in page.text


@pytest.mark.shows("sign out")
@each
def test_signing_out_here_signs_out_there(stage: Stage, browser: Browser, name: str) -> None:
    """RP-initiated logout, with the provider's question in between."""
    sign_in(stage, browser, name, stage.person())
    page = browser.open(f"{stage.service.url}/oidc/logout")
    assert not reads(stage, browser)
    page = browser.submit(page, page.form_with("xsrf"), {}, "logout=yes")
    assert page.url.startswith(f"{stage.service.url}/oidc/signed-out"), page.hops
    again = browser.open(f"{stage.service.url}/oidc/login?provider={name}")
    assert again.has_form_with("login")


@pytest.mark.shows("be signed out")
@each
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


@pytest.mark.shows("refresh")
@each
def test_a_session_goes_on_by_its_refresh_token(
    stage: Stage, aged: dict[str, Browser], name: str
) -> None:
    """The access token has ended; the provider gives a new one, and a new refresh token."""
    before = stage.service.renewals()
    assert reads(stage, aged[name])
    assert stage.service.renewals()[len(before) :] == ["ok"]


@each
def test_a_session_that_ends_gives_its_refresh_token_back(
    stage: Stage, browser: Browser, name: str
) -> None:
    """Signed out here, and before anything is asked there: the provider takes the token back."""
    sign_in(stage, browser, name, stage.person())
    told, revoked = len(stage.service.revocations()), stage.process.revoked()
    browser.open(f"{stage.service.url}/oidc/logout")
    assert eventually(lambda: stage.service.revocations()[told:] == ["ok"])
    assert eventually(lambda: stage.process.revoked() == revoked + 1)


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


@pytest.mark.shows("step-up")
@each
def test_a_theme_with_a_level_asks_for_a_stronger_sign_in(
    stage: Stage, browser: Browser, name: str
) -> None:
    """By a password the document stays shut; the way there asks for more, and opens it."""
    login = stage.person()
    sign_in(stage, browser, name, login)
    page = browser.open(f"{stage.service.url}/documents/{LEVELLED}")
    assert page.has_form_with("login"), page.text
    page = answer_sign_in(browser, page, login, "itsme")
    assert (page.status, page.url) == (200, f"{stage.service.url}/documents/{LEVELLED}")


@pytest.mark.shows("step-up")
@each
def test_a_weaker_answer_than_was_asked_opens_nothing(
    stage: Stage, browser: Browser, name: str
) -> None:
    """`acr_values` is a wish to the provider; here it is a condition, with its code."""
    login = stage.person()
    sign_in(stage, browser, name, login)
    page = browser.open(f"{stage.service.url}/documents/{LEVELLED}")
    page = answer_sign_in(browser, page, login, "password")
    assert page.status in {400, 403}
    assert "acr_too_low" in page.text
    assert not reads(stage, browser, LEVELLED)


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
