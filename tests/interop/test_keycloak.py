"""Keycloak, as it is published: people sign in with it, its service account provisions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from mo_demo.browser import Browser, Page
from tests.interop.conftest import Ours
from tests.interop.keycloak import Keycloak

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("interop"),
    pytest.mark.product("Keycloak", "RS256, client_secret_basic"),
]
READABLE = "telling-900001"
OTHER_THEME = "zorg-900001"
GROUP = "MO_900001_leerlingen-openbaar"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
_numbers = count(1)


@dataclass(frozen=True)
class Known:
    """Somebody whom Keycloak knows, and we too where ``id`` is told."""

    name: str
    password: str
    subject: str
    id: str = ""


@pytest.fixture
def stranger(stage: tuple[Keycloak, Ours]) -> Known:
    """Register somebody at Keycloak whom nobody provisions."""
    keycloak, _ = stage
    name, password = f"persoon{next(_numbers)}", secrets.token_urlsafe()
    return Known(name, password, keycloak.make_person(name, password))


@pytest.fixture
def jan(stage: tuple[Keycloak, Ours], stranger: Known) -> Known:
    """Provision somebody with the service account's token, with a theme to read."""
    keycloak, service = stage
    token = keycloak.machine_token()
    body = {
        "schemas": [USER, OURS],
        "userName": stranger.name,
        "externalId": stranger.subject,
        OURS: {"affiliations": [{"value": "900001", "role": "gebruiker"}]},
    }
    status, made = service.scim("POST", "/Users", token, body)
    assert status == 201, made
    group = {"displayName": GROUP, "members": [{"value": made["id"]}]}
    assert service.scim("POST", "/Groups", token, group)[0] == 201
    return Known(stranger.name, stranger.password, stranger.subject, made["id"])


def sign_in(service: Ours, browser: Browser, person: Known) -> Page:
    """Go through Keycloak's own login page."""
    page = browser.open(f"{service.url}/oidc/login")
    form = page.form_with("password")
    return browser.submit(page, form, {"username": person.name, "password": person.password})


def reads(service: Ours, browser: Browser) -> bool:
    """Tell whether the document itself comes, and not a page to sign in with."""
    page = browser.open(f"{service.url}/documents/{READABLE}")
    return page.status == 200 and page.url.endswith(READABLE)


@pytest.mark.shows("sign in")
def test_a_person_reads_what_was_given_and_no_more(
    stage: tuple[Keycloak, Ours], jan: Known, browser: Browser
) -> None:
    """Withdrawn, it is refused on the next request."""
    keycloak, service = stage
    sign_in(service, browser, jan)
    assert reads(service, browser)
    refused = browser.open(f"{service.url}/documents/{OTHER_THEME}")
    assert refused.status == 403
    assert "no_theme" in refused.text
    off = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    token = keycloak.machine_token()
    assert service.scim("PATCH", f"/Users/{jan.id}", token, off)[0] == 200
    assert not reads(service, browser)


@pytest.mark.shows("sign in")
def test_whom_nobody_provisioned_is_told_what_to_do(
    stage: tuple[Keycloak, Ours], stranger: Known, browser: Browser
) -> None:
    """Knowing a password at Keycloak opens nothing here (rule 3)."""
    _, service = stage
    page = sign_in(service, browser, stranger)
    assert page.status == 403
    assert "1700" in page.text


@pytest.mark.shows("sign out")
def test_signing_out_here_signs_out_there(
    stage: tuple[Keycloak, Ours], jan: Known, browser: Browser
) -> None:
    """RP-initiated logout: the next sign-in asks for the password again."""
    _, service = stage
    sign_in(service, browser, jan)
    assert reads(service, browser)
    page = browser.open(f"{service.url}/oidc/logout")
    if page.has_form_with("csrf_token"):
        page = browser.submit(page, page.form_with("csrf_token"), {})
    assert page.url.startswith(f"{service.url}/oidc/signed-out"), page.hops
    assert browser.open(f"{service.url}/oidc/login").has_form_with("password")


@pytest.mark.shows("be signed out")
def test_a_session_ends_when_keycloak_ends_it(
    stage: tuple[Keycloak, Ours], jan: Known, browser: Browser
) -> None:
    """Back-channel logout: Keycloak's logout token is believed, and ends the session here."""
    keycloak, service = stage
    sign_in(service, browser, jan)
    assert reads(service, browser)
    keycloak.end_sessions(jan.subject)
    assert eventually(lambda: not reads(service, browser))


@pytest.mark.shows("provision")
def test_only_the_machine_provisions(stage: tuple[Keycloak, Ours], stranger: Known) -> None:
    """A person's token of the very same client is nobody; so is a forged one."""
    keycloak, service = stage
    own = keycloak.person_token(stranger.name, stranger.password)
    assert service.scim("GET", "/Users", own)[0] == 401
    machine = keycloak.machine_token()
    assert service.scim("GET", "/Users?count=1", machine)[0] == 200
    head, payload, signature = machine.split(".")
    forged = ".".join((head, payload, ("A" if signature[0] != "A" else "B") + signature[1:]))
    assert service.scim("GET", "/Users", forged)[0] == 401


@pytest.mark.shows("provision")
def test_a_token_for_somebody_else_is_refused(stage: tuple[Keycloak, Ours]) -> None:
    """The audience must be our SCIM address: the portal's client has no such mapper."""
    keycloak, service = stage
    other = keycloak.other_machine()
    assert service.scim("GET", "/Users", other)[0] == 401


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Tell whether something becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return False
