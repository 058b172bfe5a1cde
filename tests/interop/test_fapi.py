"""The FAPI 2.0 profile of the npm package oidc-provider: what `fapi2` is held to by a real one.

It takes pushed requests only, knows us by the key at our `/oidc/jwks`, wants its nonce in every
DPoP proof and binds the tokens to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from tests.interop import node_provider
from tests.interop.conftest import LocalBrowser
from tests.interop.node_provider import PRODUCT, NodeProvider, answer_sign_in
from tests.interop.npm_contract import Contract
from tests.interop.npm_stage import (
    Make,
    Stage,
    eventually,
    reads,
    running_stage,
    sign_in,
    signed_in_long_ago,
)

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interop-fapi")]

# The signature of the ID tokens, and of what we say who we are with.
SIGNATURES = {"fapi-es": ("ES256", "ES256"), "fapi-ps": ("PS256", "PS256")}
SET_UPS = {name: f"FAPI 2.0: {ours}, private_key_jwt" for name, (_, ours) in SIGNATURES.items()}
METHOD = "private_key_jwt"
each = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.product(PRODUCT, SET_UPS[n])) for n in SIGNATURES]
)
profile = pytest.mark.shows("FAPI 2.0")


def new_key(algorithm: str) -> dict[str, Any]:
    """Return a new key of ours."""
    made = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)
    return dict(made.as_dict(private=True))


def key_file(folder: Path, name: str) -> Path:
    """Return where our keys for a provider are."""
    return folder / f"{name}.json"


def write_keys(path: Path, keys: list[dict[str, Any]]) -> None:
    """Put keys where the service reads them: the first signs, all are published."""
    path.touch(mode=0o600)
    path.write_text(json.dumps({"keys": keys}), encoding="utf-8")


def read_keys(path: Path) -> list[dict[str, Any]]:
    """Return the keys that are there."""
    return list(json.loads(path.read_text(encoding="utf-8"))["keys"])


@contextmanager
def serving_with(stage: Stage, name: str, keys: list[dict[str, Any]]) -> Iterator[None]:
    """Let our service be started anew with other keys for a provider, and put them back."""
    path = key_file(stage.service.folder, name)
    before = read_keys(path)
    for told in (keys, before):
        write_keys(path, told)
        stage.service.stop()
        stage.service.serve()
        if told is keys:
            yield


def _maker(folder: Path, name: str) -> Make:
    theirs, ours = SIGNATURES[name]
    key = key_file(folder, name)
    write_keys(key, [new_key(ours), new_key(ours)])
    told = {"fapi2": True, "client_auth": METHOD, "client_key_file": str(key), "userinfo": True}

    def make(port: int, service: str) -> NodeProvider:
        habits = {
            "token_endpoint_auth_method": METHOD,
            "token_endpoint_auth_signing_alg": ours,
            "jwks_uri": f"{service}/oidc/jwks",
            "dpop_bound_access_tokens": True,
            "require_pushed_authorization_requests": True,
        }
        return NodeProvider(name, port, service, theirs, (METHOD,), habits, told, profile="fapi2")

    return make


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Run the providers and our service beside each other for the whole module."""
    folder = tmp_path_factory.mktemp("fapi")
    with running_stage(folder, {name: _maker(folder, name) for name in SIGNATURES}) as running:
        note_version(request.config, PRODUCT, node_provider.version())
        yield running


@pytest.fixture(scope="module")
def waiting(stage: Stage) -> Iterator[dict[str, tuple[Browser, str]]]:
    """Give, by provider, a browser that has not yet gone where it was sent, and that address."""
    opened = {name: LocalBrowser() for name in stage.providers}
    yield {name: (browser, pushed(stage, browser, name)) for name, browser in opened.items()}
    for browser in opened.values():
        browser.session.close()


@pytest.fixture(scope="module")
def aged(
    stage: Stage,
    waiting: dict[str, tuple[Browser, str]],
) -> Iterator[list[dict[str, Browser]]]:
    """Give twice, by provider, a browser that signed in longer ago than an access token lasts."""
    assert waiting  # it waits as long
    with signed_in_long_ago(stage, times=2) as browsers:
        yield browsers


@pytest.fixture(scope="module")
def forgotten(stage: Stage, aged: list[dict[str, Browser]]) -> dict[str, Browser]:
    """Give, by provider, a browser whose provider has been started anew since."""
    stage.process.stop()
    stage.process.start()
    return aged[1]


def pushed(stage: Stage, browser: Browser, name: str) -> str:
    """Begin a sign-in; return where the browser is sent, which it does not open."""
    browser.stop_before = f"{stage.providers[name].issuer}/auth"
    address = browser.open(f"{stage.service.url}/oidc/login?provider={name}").url
    browser.stop_before = ""
    return address


@each
class TestEach(Contract):
    """UserInfo is asked too, with the bound token; `acr_values` goes in the pushed request."""


@profile
@each
def test_the_browser_carries_a_reference_only(stage: Stage, browser: Browser, name: str) -> None:
    """Nothing of what is asked stands in the address (FAPI 2.0 section 5.3.2.2)."""
    query = parse_qs(urlsplit(pushed(stage, browser, name)).query)
    assert set(query) == {"client_id", "request_uri"}


@profile
@each
def test_a_reference_opens_one_sign_in(stage: Stage, browser: Browser, name: str) -> None:
    """Gone back to after it was used, the provider refuses it, and here nobody is signed in."""
    address, login = pushed(stage, browser, name), stage.person()
    assert answer_sign_in(browser, browser.open(address), login).status == 200
    again = LocalBrowser()
    assert "invalid_request_uri" in again.open(address).text
    assert not reads(stage, again)


@profile
@each
def test_a_reference_that_has_ended_is_left_behind(
    stage: Stage,
    waiting: dict[str, tuple[Browser, str]],
    aged: list[dict[str, Browser]],
    name: str,
) -> None:
    """A minute later the provider refuses it; the way in here begins a new one, in that browser."""
    assert aged
    browser, address = waiting[name]
    assert "invalid_request_uri" in browser.open(address).text
    assert sign_in(stage, browser, name, stage.person()).status == 200
    assert reads(stage, browser)


@pytest.mark.shows("refresh")
@each
def test_a_session_goes_on_with_the_key_that_it_began_with(
    stage: Stage, aged: list[dict[str, Browser]], name: str
) -> None:
    """The refresh token is bound to the key (`jkt`): with another one it would be refused."""
    before = stage.service.renewals()
    assert reads(stage, aged[0][name])
    assert stage.service.renewals()[len(before) :] == ["ok"]


@profile
@each
def test_our_next_key_is_known_there_before_it_signs(
    stage: Stage, browser: Browser, name: str
) -> None:
    """It was published beside the one that signed: that the provider keeps our keys is no harm."""
    assert sign_in(stage, browser, name, stage.person()).status == 200
    now, then = read_keys(key_file(stage.service.folder, name))
    with serving_with(stage, name, [then, now]):
        browser.session.cookies.clear()
        assert sign_in(stage, browser, name, stage.person()).status == 200
        assert reads(stage, browser)


@profile
@each
def test_a_key_that_nobody_announced_is_known_in_the_end(
    stage: Stage, browser: Browser, name: str
) -> None:
    """The provider keeps our keys for a minute; until then a page of ours says whose matter it is.

    Each attempt either begins a sign-in or is refused with its code, and never a fault of ours.
    """
    assert sign_in(stage, browser, name, stage.person()).status == 200
    browser.session.cookies.clear()
    met: list[tuple[int, bool]] = []

    def begins() -> bool:
        page = browser.open(f"{stage.service.url}/oidc/login?provider={name}")
        met.append((page.status, "par_refused" in page.text))
        return page.has_form_with("login")

    with serving_with(stage, name, [new_key(SIGNATURES[name][1])]):
        assert eventually(begins, 90)
    assert met[-1] == (200, False)
    assert set(met[:-1]) <= {(502, True)}


@profile
@each
def test_a_provider_that_began_anew_is_followed(
    stage: Stage, forgotten: dict[str, Browser], browser: Browser, name: str
) -> None:
    """Its keys, nonces and sessions are other ones: what it gave ends, and a sign-in succeeds.

    The nonce that we knew is refused first (`use_dpop_nonce`), and then the refresh token.
    """
    refused, renewed = stage.process.refusals(), stage.service.renewals()
    assert not reads(stage, forgotten[name])
    assert stage.process.refusals()[len(refused) :] == ["use_dpop_nonce", "invalid_grant"]
    assert stage.service.renewals()[len(renewed) :] == ["refresh_refused"]
    assert sign_in(stage, browser, name, stage.person()).status == 200
    assert reads(stage, browser)
