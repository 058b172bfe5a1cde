"""What a provider or a browser can send and no database can hold: never a 500, on both engines."""

from collections.abc import Iterator
from typing import Any

import pytest

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import ISSUER, Script
from tests.oidc.site import Site
from tests.oidc.test_logout import logout_token, notify

LAST = 1 << 43


@pytest.fixture
def odd_site(settings: Settings, script: Script, migrated_url: str) -> Iterator[Site]:
    """The service on either engine, with one person."""
    told = Settings(**{**settings.model_dump(exclude_unset=True), "database_url": migrated_url})
    database = Database(migrated_url)
    keys = KeyRing({"k1": bytes(range(32))}, "k1")
    made = Site(create_app(told, database, keys, [door(told), host.door()]), script, database, keys)
    with made.unit() as uow:
        host.seed(uow)
        uow.commit()
    made.person(made.client())
    yield made
    database.close()


@pytest.mark.parametrize(
    "claims",
    [
        {"sid": "a\x00b"},
        {"sid": "a\u200bb"},
        {"auth_time": 1 << 52},
        {"auth_time": LAST - 1},
        {"session_expiry": LAST - 1},
        {"vo_orgcode": "900001\x00"},
        {"mijnonderwijs_rol_3d": "\x00"},
        {"rrn": "85073003328\x00"},
    ],
)
def test_an_odd_claim_that_is_not_needed_is_passed_over(
    odd_site: Site, claims: dict[str, Any]
) -> None:
    """The sign-in itself is good."""
    odd_site.script.claims = claims
    browser = odd_site.browser()
    assert browser.sign_in().status_code == 302
    assert browser.me().status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"acr": "a\x00b"}, "acr"),
        ({"vo_id": "8a4d\x00"}, "unknown_person"),
        ({"vo_id": "\x00"}, "unknown_person"),
    ],
)
def test_an_odd_claim_that_is_needed_refuses(
    odd_site: Site, claims: dict[str, Any], code: str
) -> None:
    """4xx with a code of ours, and no session."""
    odd_site.script.claims = claims
    odd_site.script.userinfo = {"sub": "person-1"}
    browser = odd_site.browser()
    response = browser.sign_in()
    assert 400 <= response.status_code < 500
    assert f"<code>{code}</code>" in response.text
    assert browser.me().status_code == 401


@pytest.mark.parametrize("sid", ["%00", "a%00", "%E2%80%8B"])
def test_an_odd_sid_at_the_front_channel_is_400(odd_site: Site, sid: str) -> None:
    """Anybody can send it, without a session."""
    response = odd_site.browser().get(f"/oidc/frontchannel-logout?iss={ISSUER}&sid={sid}")
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"sid": "a\x00"}, 400),
        ({"sub": "a\x00"}, 400),
        ({"jti": "a\x00"}, 400),
        ({"exp": 1 << 52}, 400),
        ({"nbf": 1 << 40}, 400),
        ({"nbf": "soon"}, 400),
        ({"nbf": 1}, 200),
        ({"exp": LAST - 1}, 200),
        ({"jti": "j" * 300}, 200),
    ],
)
def test_odd_logout_tokens_are_exactly_200_or_400(
    odd_site: Site, changed: dict[str, Any], status: int
) -> None:
    """Back-Channel Logout §2.8 knows nothing else."""
    assert notify(odd_site, logout_token(odd_site.script, **changed)) == status


def test_a_body_larger_than_any_token_is_400(odd_site: Site) -> None:
    """A defect like another, not a 413."""
    assert notify(odd_site, "x" * 3_000_000) == 400


def test_name_and_issuer_are_of_one_provider(odd_site: Site) -> None:
    """A third party that names two providers at once is not followed to either."""
    browser = odd_site.browser()
    response = browser.get("/oidc/login?provider=broker&iss=https://other.example")
    assert response.status_code == 400
    assert "<code>provider_unknown</code>" in response.text
    assert browser.get(f"/oidc/login?provider=broker&iss={ISSUER}").status_code == 302


def test_a_capacity_of_two_spellings_narrows_to_nothing(odd_site: Site) -> None:
    """Claims narrow and never widen: what is unclear is not as if it were absent."""
    odd_site.script.claims = {"VO_orgcode": "900001", "Vo_orgcode": "900002"}
    browser = odd_site.browser()
    browser.sign_in()
    assert browser.me().get_json()["affiliations"] == []


def test_a_target_group_of_two_spellings_is_refused(odd_site: Site) -> None:
    """It cannot be told which one is meant."""
    odd_site.script.claims = {"VO_doelgroepcode": "EA", "Vo_doelgroepcode": "OV"}
    assert odd_site.browser().sign_in().status_code == 403


def test_a_number_under_two_spellings_stays_out_of_the_address(odd_site: Site) -> None:
    """An ID token that carries an INSZ under any spelling is no hint."""
    odd_site.script.claims = {"RRN": "85073003328", "Rrn": "85073003328"}
    browser = odd_site.browser()
    browser.sign_in()
    assert "id_token_hint" not in browser.get("/oidc/logout").location


def test_every_ignored_role_is_told_with_its_reason(odd_site: Site) -> None:
    """By reason, with institutions or a count; never the text that the provider sent."""
    odd_site.script.claims = {
        "vo_orgcode": "900001",
        "mijnonderwijs_rol_3d": [
            "MijnOnderwijsPortaalGebruiker:900001",
            "MijnOnderwijsPortaalBeheerder:900002",
            "MijnOnderwijsPortaalBeheerderAssistent:900001",
            "MijnOnderwijsPortaalBeheerder",
        ],
    }
    browser = odd_site.browser()
    browser.sign_in()
    told = [e for e in odd_site.events("sign_in") if e["outcome"] == "roles_ignored"]
    assert len(told) == 1
    assert told[0]["facts"]["reasons"] == {"other_capacity": ["900002"], "unknown_right": 2}
    assert "Assistent" not in repr(told)
    roles = [place["role"] for place in browser.me().get_json()["affiliations"]]
    assert roles == ["gebruiker"]
