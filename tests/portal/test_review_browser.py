"""A beheerder reviews in a real browser: the form works under our policy, and no script runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from mo_access.domain.model import Role
from mo_access.storage.engine import Database
from mo_oidc.door import door as oidc
from mo_portal.door import door as portal
from mo_web.app import create_app
from tests.portal.reviewing import KEYS, THEME, World, world

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
PHONE = 360


@pytest.fixture
def school(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    """Give the school on SQLite: a browser sees no engine."""
    path = tmp_path / "mo.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield world(database, tmp_path)
    database.close()


@pytest.fixture
def address(school: World) -> Iterator[str]:
    """Serve the portal on loopback."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    settings = school.settings.model_copy(update={"base_url": base})
    server.app = create_app(settings, school.database, KEYS, [oidc(settings), portal()])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield base
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def bea(school: World, address: str, chromium: Path) -> Iterator[Page]:
    """Open Bea's browser, signed in, on a narrow screen; what its console said must be nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(
            locale="nl-BE", viewport={"width": PHONE, "height": 740}, accept_downloads=True
        )
        context.add_cookies(
            [{"name": "mo_session", "value": school.session("bea"), "url": address}]
        )
        page, said = context.new_page(), list[str]()
        page.on("console", lambda message: said.append(message.text))
        yield page
        browser.close()
        assert [text for text in said if "favicon" not in text and "404" not in text] == []


def test_a_beheerder_looks_takes_along_and_marks(school: World, address: str, bea: Page) -> None:
    """From the documents to the list, the file, and the button; the page fits a phone."""
    school.person("board", "<script>alert(1)</script>", Role.GEBRUIKER, themes=(THEME,))
    bea.goto(f"{address}/")
    bea.get_by_role("link", name="Wie heeft hier toegang?").click()
    expect(bea.locator("h1")).to_contain_text("Wie heeft toegang bij Eerste")
    expect(bea.locator("table")).to_contain_text("<script>alert(1)</script>")
    # The text is there before the stylesheet is, and without it the page is wide.
    bea.wait_for_load_state()
    assert bea.evaluate("document.documentElement.scrollWidth") <= PHONE
    with bea.expect_download() as taken:
        bea.get_by_role("link", name="Bewaren als CSV").click()
    text = taken.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("persoon,")
    assert "De gus" in text
    bea.get_by_role("button", name="Aanduiden als nagekeken").click()
    expect(bea.locator("main")).to_contain_text("Laatst nagekeken op")
    expect(bea.locator("main")).to_contain_text("door De bea")
    bea.get_by_role("link", name="English").click()
    expect(bea.locator("h1")).to_contain_text("Who has access at Eerste")
