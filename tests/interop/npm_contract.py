"""What holds for each provider of the npm package, whatever its habits and profile."""

from __future__ import annotations

import pytest

from mo_demo.browser import Browser
from tests.interop.node_provider import answer_sign_in
from tests.interop.npm_stage import LEVELLED, Stage, eventually, reads, sign_in


class Contract:
    """A module has its own stage, and says of which providers this holds."""

    @pytest.mark.shows("sign in")
    def test_a_person_reads_what_was_given_and_no_more(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """One theme opens, the other is refused."""
        page = sign_in(stage, browser, name, stage.person())
        assert page.status == 200, page.text
        assert reads(stage, browser)
        assert browser.open(f"{stage.service.url}/documents/zorg-900001").status == 403

    @pytest.mark.shows("sign in")
    def test_whom_nobody_provisioned_is_told_what_to_do(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """An account at the provider opens nothing here by itself."""
        page = sign_in(stage, browser, name, "niemand")
        assert (page.status, "1700" in page.text) == (403, True)

    @pytest.mark.shows("sign out")
    def test_signing_out_here_signs_out_there(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """RP-initiated logout, with the provider's question in between."""
        sign_in(stage, browser, name, stage.person())
        page = browser.open(f"{stage.service.url}/oidc/logout")
        assert not reads(stage, browser)
        page = browser.submit(page, page.form_with("xsrf"), {}, "logout=yes")
        assert page.url.startswith(f"{stage.service.url}/oidc/signed-out"), page.hops
        again = browser.open(f"{stage.service.url}/oidc/login?provider={name}")
        assert again.has_form_with("login")

    @pytest.mark.shows("be signed out")
    def test_a_session_ends_when_the_provider_ends_it(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """Back-channel logout: who signs out at the provider is signed out here too."""
        sign_in(stage, browser, name, stage.person())
        assert reads(stage, browser)
        page = browser.open(f"{stage.providers[name].issuer}/session/end")
        browser.submit(page, page.form_with("xsrf"), {}, "logout=yes")
        assert eventually(lambda: not reads(stage, browser))

    @pytest.mark.shows("step-up")
    def test_a_theme_with_a_level_asks_for_a_stronger_sign_in(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """By a password the document stays shut; the way there asks for more, and opens it."""
        login = stage.person()
        sign_in(stage, browser, name, login)
        page = browser.open(f"{stage.service.url}/documents/{LEVELLED}")
        assert page.has_form_with("login"), page.text
        page = answer_sign_in(browser, page, login, "itsme")
        assert (page.status, page.url) == (200, f"{stage.service.url}/documents/{LEVELLED}")

    @pytest.mark.shows("step-up")
    def test_a_weaker_answer_than_was_asked_opens_nothing(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """`acr_values` is a wish to the provider; here it is a condition, with its code."""
        login = stage.person()
        sign_in(stage, browser, name, login)
        page = browser.open(f"{stage.service.url}/documents/{LEVELLED}")
        page = answer_sign_in(browser, page, login, "password")
        assert page.status in {400, 403}
        assert "acr_too_low" in page.text
        assert not reads(stage, browser, LEVELLED)

    def test_a_session_that_ends_gives_its_refresh_token_back(
        self, stage: Stage, browser: Browser, name: str
    ) -> None:
        """Signed out here, and before anything is asked there: the provider takes the token."""
        sign_in(stage, browser, name, stage.person())
        told, revoked = len(stage.service.revocations()), stage.process.revoked()
        browser.open(f"{stage.service.url}/oidc/logout")
        assert eventually(lambda: stage.service.revocations()[told:] == ["ok"])
        assert eventually(lambda: stage.process.revoked() == revoked + 1)
