"""Our certificate (RFC 8705) before the npm package oidc-provider, in real TLS.

Two providers behind https: one knows us by a name in a certificate of its authority, the other, of
the FAPI 2.0 profile, by a certificate that nobody else signed. Both look at it under their aliases
only and bind the tokens to it, so that UserInfo asks for it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from tests.interop import node_provider
from tests.interop.node_provider import PRODUCT, NodeProvider
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
from tests.support.certificates import Certified, certified

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interop-mtls")]

OUR_NAME: Final = "mijn-onderwijs.example"
SET_UPS: Final = {
    "authority": "ES256, tls_client_auth, tokens bound to the certificate",
    "own": "FAPI 2.0: PS256, self_signed_tls_client_auth",
}
METHODS: Final = {"authority": "tls_client_auth", "own": "self_signed_tls_client_auth"}
# Where a certificate that is not ours is met first: FAPI 2.0 pushes the request.
CODES: Final = {"authority": "token_refused", "own": "par_refused"}
each = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.product(PRODUCT, SET_UPS[n])) for n in SET_UPS]
)
# A certificate of whom the provider does not know, by what is wrong with it.
WRONG: Final = [
    ("authority", "of another name"),
    ("authority", "of another authority"),
    ("own", "of another key"),
]
wrong = pytest.mark.parametrize(
    ("name", "certificate"),
    [pytest.param(*w, marks=pytest.mark.product(PRODUCT, SET_UPS[w[0]])) for w in WRONG],
)


class Drawer:
    """The certificates of this stage."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.authority = certified(folder, "authority", "authority.example")
        stranger = certified(folder, "stranger", "authority.example")
        self.provider = certified(folder, "provider", "provider.example", self.authority)
        self.ours = {
            "authority": certified(folder, "ours", OUR_NAME, self.authority),
            "own": certified(folder, "own", OUR_NAME),
        }
        self.next = certified(folder, "next", OUR_NAME, self.authority)
        self.wrong = {
            "of another name": certified(folder, "named", "elsewhere.example", self.authority),
            "of another authority": certified(folder, "strange", OUR_NAME, stranger),
            "of another key": certified(folder, "keyed", OUR_NAME),
        }
        self._kept = {name: certified(folder, f"kept-{name}", OUR_NAME) for name in self.ours}

    @contextmanager
    def showing(self, name: str, other: Certified) -> Iterator[None]:
        """Let our service show another certificate; it reads the files for each connection."""
        ours, kept = self.ours[name], self._kept[name]
        ours.stand_in_for(kept)
        other.stand_in_for(ours)
        yield
        kept.stand_in_for(ours)


def _habits(name: str, drawer: Drawer) -> dict[str, Any]:
    bound = {
        "token_endpoint_auth_method": METHODS[name],
        "tls_client_certificate_bound_access_tokens": True,
    }
    if name == "own":
        return {**bound, "jwks": {"keys": [drawer.ours[name].jwk]}}
    return {**bound, "tls_client_auth_san_dns": OUR_NAME}


def _maker(name: str, drawer: Drawer) -> Make:
    own, theirs = name == "own", drawer.provider
    file, key_file = drawer.ours[name].files
    told: Mapping[str, Any] = {
        "client_auth": "tls_client_auth",
        "client_certificate_file": file,
        "client_certificate_key_file": key_file,
        "userinfo": True,
        "fapi2": own,
    }
    return lambda port, service: NodeProvider(
        name,
        port,
        service,
        "PS256" if own else "ES256",
        (METHODS[name],),
        _habits(name, drawer),
        told,
        profile="fapi2" if own else "",
        tls={"cert": theirs.file, "key": theirs.key_file, "ca": drawer.authority.file},
    )


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Drawer:
    """Give the certificates."""
    return Drawer(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, drawer: Drawer
) -> Iterator[Stage]:
    """Run the providers and our service beside each other for the whole module."""
    makers = {name: _maker(name, drawer) for name in SET_UPS}
    folder = tmp_path_factory.mktemp("mtls")
    with running_stage(folder, makers, drawer.authority.file) as running:
        note_version(request.config, PRODUCT, node_provider.version())
        yield running


@pytest.fixture
def browser(stage: Stage) -> Iterator[Browser]:
    """Give a person's own browser, which shows no certificate."""
    opened = stage.browser()
    yield opened
    opened.session.close()


@pytest.fixture(scope="module")
def aged(stage: Stage) -> Iterator[list[dict[str, Browser]]]:
    """Give thrice, by provider, a browser that signed in longer ago than an access token lasts."""
    with signed_in_long_ago(stage, times=3) as browsers:
        yield browsers


@each
class TestEach(Contract):
    """The certificate is shown at each endpoint behind the browser's back."""


@pytest.mark.shows("refresh")
@each
def test_a_session_goes_on_by_its_refresh_token(
    stage: Stage, aged: list[dict[str, Browser]], name: str
) -> None:
    """By the certificate the provider knows whose token it is."""
    before = stage.service.renewals()
    assert reads(stage, aged[0][name])
    assert stage.service.renewals()[len(before) :] == ["ok"]


@pytest.mark.shows("certificate")
@wrong
def test_nobody_signs_in_with_a_certificate_that_is_not_ours(
    stage: Stage, browser: Browser, drawer: Drawer, name: str, certificate: str
) -> None:
    """Refused with our code, and no session; with our own the same browser gets in."""
    login = stage.person()
    with drawer.showing(name, drawer.wrong[certificate]):
        page = sign_in(stage, browser, name, login)
        assert (page.status, CODES[name] in page.text) == (502, True), page.text
        assert not reads(stage, browser)
    assert sign_in(stage, browser, name, login).status == 200
    assert reads(stage, browser)


@pytest.mark.shows("certificate")
@wrong
def test_a_token_does_not_go_back_with_a_certificate_that_is_not_ours(
    stage: Stage, browser: Browser, drawer: Drawer, name: str, certificate: str
) -> None:
    """The provider takes nothing back; we say so, and the session has ended all the same."""
    sign_in(stage, browser, name, stage.person())
    told, revoked = len(stage.service.revocations()), stage.process.revoked()
    with drawer.showing(name, drawer.wrong[certificate]):
        browser.open(f"{stage.service.url}/oidc/logout")
        assert eventually(lambda: stage.service.revocations()[told:] == ["revocation_refused"])
    assert stage.process.revoked() == revoked
    assert not reads(stage, browser)


@pytest.mark.shows("certificate")
@each
def test_a_session_outlives_a_certificate_that_is_not_ours(
    stage: Stage, drawer: Drawer, aged: list[dict[str, Browser]], name: str
) -> None:
    """That we cannot say who we are is no word about the person: it is tried again later."""
    before = stage.service.renewals()
    with drawer.showing(name, drawer.wrong["of another key"]):
        assert reads(stage, aged[1][name])
        assert reads(stage, aged[1][name])
    assert stage.service.renewals()[len(before) :] == ["token_refused"]


@pytest.mark.shows("certificate")
@pytest.mark.product(PRODUCT, SET_UPS["authority"])
def test_a_renewed_certificate_is_used_at_once(
    stage: Stage, browser: Browser, drawer: Drawer, aged: list[dict[str, Browser]]
) -> None:
    """Another key under the same name, without a restart: sign-ins and sessions go on."""
    before = stage.service.renewals()
    with drawer.showing("authority", drawer.next):
        assert sign_in(stage, browser, "authority", stage.person()).status == 200
        assert reads(stage, browser)
        assert reads(stage, aged[2]["authority"])
    assert stage.service.renewals()[len(before) :] == ["ok"]
