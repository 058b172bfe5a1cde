"""How many statements a sign-in takes, and that mode `scim` pays nothing for the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.oidc.claimed_kit import OPEN
from tests.oidc.site import Browser, Site
from tests.support.statements import asked


def _asked(patch: pytest.MonkeyPatch, browser: Browser) -> tuple[int, int]:
    """Sign in and look who that is; return how many statements each took."""
    answer = browser.start()
    with asked(patch) as entering:
        assert browser.back(answer).status_code == 302
    with asked(patch) as looking:
        assert browser.me().status_code == 200
    return len(entering), len(looking)


def test_mode_scim_asks_what_it_always_did(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of the release before there were other modes, and one for a logout meanwhile."""
    site.person(site.client())
    assert _asked(monkeypatch, site.browser()) == (18, 15)


def test_claims_cost_the_same_however_many(
    make_site: Callable[[dict[str, object]], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first sign-in makes the person, a second one writes little, with one role or with many."""
    site = make_site({"oidc_mode": "jit"})
    site.script.claims = {"mijnonderwijs_rol_3d": f"{OPEN}:900001"}
    assert _asked(monkeypatch, site.browser())[0] <= 39
    assert _asked(monkeypatch, site.browser())[0] <= 32
    numbers = ",".join(str(900_001 + at) for at in range(500))
    site.script.claims = {"mijnonderwijs_rol_3d": f"{OPEN}:{numbers}"}
    # One event more for what is gained, two for what is ignored.
    assert _asked(monkeypatch, site.browser())[0] <= 32 + 6
