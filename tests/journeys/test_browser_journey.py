"""The story in a real browser, through both consoles; screenshots are kept in `test-output`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from mo_demo.canaille import ADMIN
from mo_demo.console import Person
from mo_demo.service import random_password
from mo_demo.stage import Stage

# One stage for all of them, whichever process runs them.
pytestmark = [
    pytest.mark.journey,
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("stage"),
]

SHOTS = Path(__file__).resolve().parents[2] / "test-output" / "journey"
GROUP = "MO_900001_personeel-openbaar"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 360, "height": 740}


@dataclass
class Journey:
    """Both people's browsers, the two servers, and the album."""

    stage: Stage
    bea: Page
    mia: Page
    person: Person
    shots: list[str] = field(default_factory=list)

    def shot(self, page: Page, name: str) -> None:
        """Keep what the page shows, numbered in the order of the story."""
        self.shots.append(name)
        # Without its fonts a page is photographed without its words.
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready.then(() => true)")
        page.screenshot(path=SHOTS / f"{len(self.shots):02}-{name}.png", full_page=True)

    def portal(self, path: str) -> str:
        """Return an address of our service."""
        return self.stage.service.url + path

    def broker(self, path: str) -> str:
        """Return an address of the broker."""
        return self.stage.broker.url + path


@pytest.fixture(scope="module")
def chrome(chromium: Path) -> Iterator[Browser]:
    """Run one headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def journey(stage: Stage, chrome: Browser) -> Iterator[Journey]:
    """Open a browser for the administrator and one for the staff member, both in Dutch."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    contexts = [chrome.new_context(locale="nl-BE") for _ in range(2)]
    mia = Person("mia.maes", "Mia", "Maes", "mia@school.example", "900001", random_password())
    yield Journey(stage, contexts[0].new_page(), contexts[1].new_page(), mia)
    for context in contexts:
        context.close()


def test_the_story_in_a_browser(journey: Journey) -> None:
    """Console, sign-in, documents, withdrawal: what two people see, from start to end."""
    _bea_registers_mia(journey)
    _mia_signs_in(journey)
    _bea_gives_the_theme(journey)
    _mia_reads_and_is_refused(journey)
    _pages_fit_a_phone_and_speak_english(journey)
    _bea_withdraws(journey)
    _mia_signs_out(journey)


def test_a_person_nobody_provisioned_is_told_whom_to_ask(journey: Journey) -> None:
    """The refusal page names 1700 and the beheerder, and shows the legal notice."""
    page = journey.mia
    page.goto(journey.portal("/oidc/login"))
    _answer_broker(page, ADMIN, journey.stage.broker.admin_password)
    expect(page.locator("body")).to_contain_text("1700")
    expect(page.locator("body")).to_contain_text("28 november 2000")
    page.screenshot(path=SHOTS / "20-nobody-provisioned.png", full_page=True)


def _answer_broker(page: Page, user_name: str, password: str) -> None:
    page.fill("[name=login]", user_name)
    page.press("[name=login]", "Enter")
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")


def _bea_registers_mia(journey: Journey) -> None:
    page, mia = journey.bea, journey.person
    page.goto(journey.broker("/login"))
    journey.shot(page, "broker-sign-in")
    _answer_broker(page, ADMIN, journey.stage.broker.admin_password)
    page.wait_for_url("**/profile/*")
    page.goto(journey.broker("/profile"))
    fields = {
        "user_name": mia.user_name,
        "given_name": mia.given_name,
        "family_name": mia.family_name,
        "emails-0": mia.email,
        "organization": mia.organization,
        "password1": mia.password,
        "password2": mia.password,
    }
    for name, value in fields.items():
        page.fill(f"[name='{name}']", value)
    journey.shot(page, "broker-new-person")
    page.click("button[value=create-profile]")
    page.wait_for_url(f"**/profile/{mia.user_name}")


def _mia_signs_in(journey: Journey) -> None:
    page = journey.mia
    page.goto(journey.portal("/"))
    journey.shot(page, "portal-entry")
    page.goto(journey.portal("/oidc/login?next=/"))
    _answer_broker(page, journey.person.user_name, journey.person.password)
    page.wait_for_url(journey.portal("/"))
    expect(page.locator("body")).to_contain_text("900001")
    expect(page.locator("a[href^='/documents/']")).to_have_count(0)
    journey.shot(page, "portal-nothing-yet")


def _bea_gives_the_theme(journey: Journey) -> None:
    page = journey.bea
    page.goto(journey.broker("/groups/add"))
    page.fill("[name=display_name]", GROUP)
    page.click("button[value=edit]")
    page.wait_for_url(f"**/groups/{GROUP}")
    _toggle_group(journey, add=True)
    journey.shot(page, "broker-group-given")


def _toggle_group(journey: Journey, *, add: bool) -> None:
    page = journey.bea
    page.goto(journey.broker(f"/profile/{journey.person.user_name}/settings"))
    dropdown = page.locator(".ui.dropdown.multiple")
    if add:
        dropdown.click()
        dropdown.locator(".menu .item", has_text=GROUP).click()
        page.keyboard.press("Escape")
    else:
        dropdown.locator("a.label", has_text=GROUP).locator(".delete.icon").click()
    page.click("button[value=edit-settings]")
    expect(page.locator("body")).to_contain_text("updated successfully")


def _mia_reads_and_is_refused(journey: Journey) -> None:
    page = journey.mia
    page.goto(journey.portal("/"))
    journey.shot(page, "portal-documents")
    links = page.locator("a[href^='/documents/']")
    expect(links).to_have_count(1)
    address = links.first.get_attribute("href")
    assert address == "/documents/personeel-900001"
    answer = journey.mia.request.get(journey.portal(address))
    assert answer.status == 200
    refused = page.goto(journey.portal("/documents/zorg-900001"))
    assert refused is not None
    assert refused.status == 403
    journey.shot(page, "portal-refused")
    page.goto(journey.portal("/me"))
    journey.shot(page, "portal-me")


def _pages_fit_a_phone_and_speak_english(journey: Journey) -> None:
    browser = journey.mia.context.browser
    assert browser is not None
    state = journey.mia.context.storage_state()
    phone = browser.new_context(locale="en-GB", viewport=PHONE, storage_state=state)  # type: ignore[arg-type] # its own type for a viewport is a TypedDict that a constant does not get
    _album_of(journey, phone)
    phone.close()


def _album_of(journey: Journey, phone: BrowserContext) -> None:
    page = phone.new_page()
    for path, name in (("/", "phone-portal"), ("/documents/zorg-900001", "phone-refused")):
        page.goto(journey.portal(path))
        wide = page.evaluate("document.documentElement.scrollWidth")
        journey.shot(page, name)
        assert wide <= PHONE["width"], f"{path} is {wide} wide"
        expect(page.locator("html")).to_have_attribute("lang", re.compile("^en"))


def _bea_withdraws(journey: Journey) -> None:
    _toggle_group(journey, add=False)
    journey.mia.goto(journey.portal("/"))
    expect(journey.mia.locator("a[href^='/documents/']")).to_have_count(0)
    journey.shot(journey.mia, "portal-withdrawn")


def _mia_signs_out(journey: Journey) -> None:
    page = journey.mia
    page.goto(journey.portal("/oidc/logout"))
    page.wait_for_url("**/oidc/signed-out*")
    journey.shot(page, "portal-signed-out")
