"""Canaille, with what the demo leaves out: refresh tokens, and a theme that wants a level.

Signing in and out, provisioning and removal are in ``tests/journeys/test_live_canaille.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from conformance.interop_table import note_version
from mo_demo.broker_venv import ensure_broker_venv
from mo_demo.browser import Browser
from mo_demo.canaille import ADMIN, CLIENT_ID, Canaille
from mo_demo.console import Console, Person, answer_sign_in
from mo_demo.process import reserved_port
from mo_demo.service import random_password
from tests.interop.conftest import Ours

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("interop-canaille"),
    pytest.mark.product("Canaille", "RS256, client_secret_basic, refresh tokens of two minutes"),
]

TOKEN_SECONDS = 120
# Our service renews a quarter of that before the end, and Canaille refuses after it.
DUE = 92
GROUPS = ("MO_900001_leerlingen-openbaar", "MO_900001_salarissen")
_numbers = count(1)


@dataclass(frozen=True)
class Beside:
    """Both servers, and the administrator's console."""

    service: Ours
    console: Console

    def signed_in(self, browser: Browser) -> None:
        """Register somebody in the console, with both groups, and sign in as that person."""
        name, password = f"ververst{next(_numbers)}", random_password()
        mail = f"{name}@school.example"
        self.console.create_person(Person(name, "Pers", "Oon", mail, "900001", password))
        for group in GROUPS:
            self.console.add_to_group(name, group)
        page = browser.open(f"{self.service.url}/oidc/login?next=/")
        page = answer_sign_in(browser, page, name, password)
        assert page.status == 200, page.text


@pytest.fixture(scope="module")
def beside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Beside]:
    """Run them beside each other for the whole module."""
    venv, folder = ensure_broker_venv(Path("var")), tmp_path_factory.mktemp("canaille")
    with ExitStack() as running:
        service = Ours(folder, running.enter_context(reserved_port()))
        broker = Canaille(
            venv,
            folder / "broker",
            running.enter_context(reserved_port()),
            token_seconds=TOKEN_SECONDS,
            grants=("authorization_code", "refresh_token"),
        )
        broker.install(service.url)
        note_version(request.config, "Canaille", broker.version())
        running.callback(broker.start().stop)
        service.settings |= _settings(broker)
        running.callback(service.stop)
        service.start()
        scope = ("--institution", "900001", "--issuer", broker.issuer)
        oauth = ("--oauth-issuer", broker.issuer, "--oauth-client-id", CLIENT_ID)
        service.command("client", "create", "school", *scope, *oauth, "--json")
        console = Console(broker.url)
        console.sign_in(ADMIN, broker.admin_password)
        for group in GROUPS:
            console.create_group(group, group)
        yield Beside(service, console)
        console.browser.session.close()


def _settings(broker: Canaille) -> dict[str, str]:
    return {
        "MO_OIDC_ISSUER": broker.issuer,
        "MO_OIDC_CLIENT_ID": CLIENT_ID,
        "MO_OIDC_CLIENT_SECRET": broker.client_secret,
        "MO_OIDC_LINK": "sub:userName",
        "MO_OIDC_REFRESH": "true",
    }


@pytest.mark.shows("step-up")
def test_a_provider_that_tells_no_level_opens_no_theme_with_one(
    beside: Beside, browser: Browser
) -> None:
    """Canaille has no `acr`: the theme stays shut, with the reason; what was open stays so."""
    beside.signed_in(browser)
    # Its tokens of one second are alike, and it answers 500 to the second one.
    time.sleep(1.1)
    page = browser.open(f"{beside.service.url}/documents/salaris-900001")
    assert page.status in {400, 403}
    assert "acr_too_low" in page.text
    assert browser.open(f"{beside.service.url}/documents/telling-900001").status == 200


@pytest.mark.shows("refresh")
def test_a_session_goes_on_by_its_refresh_token(beside: Beside, browser: Browser) -> None:
    """Canaille's refresh token ends with the access token: it is used a little before."""
    beside.signed_in(browser)
    before = beside.service.renewals()
    time.sleep(DUE)
    assert browser.open(f"{beside.service.url}/documents/telling-900001").status == 200
    assert beside.service.renewals()[len(before) :] == ["ok"]
