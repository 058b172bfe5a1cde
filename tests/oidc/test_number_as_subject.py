"""Providers that take a number of the national register for `sub` (design 007)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from mo_access.service import renewals, revoking, sessions, subjects
from mo_access.service.tally import Tally
from mo_access.service.upkeep import Upkeep
from mo_access.settings import Settings
from mo_authzen.door import door as authzen_door
from mo_web import shared
from mo_web.app import create_app
from tests.oidc import claimed_kit as kit
from tests.oidc.broker import ISSUER, Script
from tests.oidc.claimed_kit import GEBRUIKER, INSZ, OTHER_INSZ, Make
from tests.oidc.site import Browser, Site
from tests.oidc.test_logout import logout_token, notify
from tests.support.kept import kept, spellings

AT, HOUR = "900001", 3_600_000_000
NAMED = re.compile(r"insz:[a-p]{64}")
PLACES = ("session", "identity", "link_identity", "sealed_subject")


@pytest.fixture
def make(settings: Settings, script: Script, migrated_url: str) -> Iterator[Make]:
    """Give a maker of the service, once for each engine."""
    yield from kit.making(settings, script, migrated_url)


@pytest.fixture
def site(make: Make) -> Site:
    """The service in mode `jit`."""
    return make()


def names(site: Site) -> set[str]:
    """Return every subject that is stored, wherever it is."""
    rows = [row for place in PLACES for row in site.rows(f"select subject from {place}")]  # noqa: S608 - ours
    return {str(row[0]) for row in rows}


def tells(text: str) -> bool:
    """Tell whether one of the numbers stands in a text."""
    return any(told in text for number in (INSZ, OTHER_INSZ) for told in spellings(number))


def before(site: Site, number: str = INSZ) -> None:
    """Let the database be as a release of before left it: the number in clear."""
    for place in PLACES[:3]:
        site.execute(f"update {place} set subject = '{number}' where subject like 'insz:%'")  # noqa: S608 - ours
    site.execute("delete from sealed_subject")
    assert tells(kept(site.database))


def test_the_same_number_is_the_same_person(site: Site) -> None:
    """And another number, or the same as another text, is somebody else."""
    first = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ))
    again = kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ)
    assert kit.person(again) == first
    assert kit.roles(again) == [(AT, "gebruiker")]
    others = {kit.person(kit.entered(site, sub=sub)) for sub in (OTHER_INSZ, spellings(INSZ)[1])}
    assert len(others | {first}) == 3
    assert all(NAMED.fullmatch(name) for name in names(site))
    assert site.rows("select count(*) from sealed_subject") == [(3,)]


def test_newer_claims_end_what_the_older_session_holds(site: Site) -> None:
    """The rights of the other sessions of the subject are found by its name."""
    older = kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ)
    kit.entered(site, sub=INSZ)
    assert kit.roles(older) == []


@pytest.mark.parametrize("mode", ["scim", "jit"])
def test_nothing_tells_it(
    make: Make, mode: str, listen: Callable[[], io.StringIO], settings: Settings
) -> None:
    """Pages, `/me`, the header of forward-auth, the way to the provider's logout, the log."""
    site = make(oidc_mode=mode)
    told = Settings(**{**settings.model_dump(exclude_unset=True), "oidc_mode": mode})
    lines = listen()
    if mode == "scim":
        site.person(site.client())
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ, vo_id="8a4d", name=INSZ)
    me = browser.me().get_json()
    assert me["sub"] == me["id"]
    proxy = create_app(told, site.database, site.keys, [authzen_door()]).test_client()
    cookie = browser.client.get_cookie("__Host-mo_session", domain="mo.example")
    assert cookie is not None
    proxy.set_cookie(cookie.key, cookie.value, domain="mo.example")
    passed = proxy.get("/forward-auth", base_url="https://mo.example")
    assert passed.headers["X-Auth-Request-User"] == me["id"]
    pages = [browser.get(path, headers={"Accept": "text/html"}) for path in ("/me", "/")]
    assert [page.status_code for page in pages] == [200, 200]
    left = browser.get("/oidc/logout")
    assert "id_token_hint" not in parse_qs(urlsplit(left.location).query)
    shown = [page.text for page in pages]
    assert not tells("".join([*shown, str(me), str(passed.headers), left.location]))
    assert not tells(kept(site.database))
    assert "sign_in" in lines.getvalue() or lines.getvalue()
    assert not tells(lines.getvalue())


@pytest.mark.parametrize("clear", [False, True])
def test_the_provider_ends_its_sessions(site: Site, *, clear: bool) -> None:
    """A logout token names the number; sessions of before are found as well, others' are not."""
    mine = [kit.entered(site, sub=INSZ) for _ in range(2)]
    if clear:
        before(site)
    other = kit.entered(site, sub=OTHER_INSZ)
    assert notify(site, logout_token(site.script, sub=INSZ)) == 200
    assert [browser.me().status_code for browser in (*mine, other)] == [401, 401, 200]


def test_what_was_pinned_by_a_registration(make: Make) -> None:
    """In mode `scim` the first success is remembered by the name, and found by it."""
    site = make(oidc_mode="scim")
    who = site.person(site.client())
    kit.entered(site, sub=INSZ, vo_id="8a4d")
    assert kit.person(kit.entered(site, sub=INSZ)) == who
    kit.says(site, sub=OTHER_INSZ)
    assert "unknown_person" in site.browser().sign_in().text
    assert site.rows("select count(*) from sealed_subject") == [(1,)], "nothing of the refused one"


def test_the_subject_as_a_number(make: Make) -> None:
    """A broker sends the number as `insz`; the provider's `sub` is linked to that."""
    site = make(oidc_mode="scim", oidc_link="sub:insz")
    who = site.person(site.client(), insz=INSZ)
    assert kit.person(kit.entered(site, sub=INSZ)) == who
    assert not tells(kept(site.database))


def test_a_client_that_names_the_subject(site: Site) -> None:
    """What a document of before still says is stored by the name, and is the same person."""
    who = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ))
    token = site.client()
    assert site.person(token, identities=((ISSUER, INSZ),)) == who
    both, alone = ((ISSUER, INSZ), (ISSUER, "person-1")), ((ISSUER, INSZ),)
    site.change(token, who, identities=both, document={"title": "both"})
    browser = kit.entered(site)
    assert kit.person(browser) == who
    site.change(token, who, identities=both, document={"title": "the same"})
    assert browser.me().status_code == 200, "naming the subject again takes nothing away"
    site.change(token, who, identities=alone, document={"title": "one"})
    assert browser.me().status_code == 401
    assert kit.person(kit.entered(site, sub=INSZ)) == who
    assert not tells(kept(site.database))


def test_what_a_release_of_before_stored(site: Site) -> None:
    """It is named at the next sign-in of that subject, who stays the same person."""
    who = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ))
    before(site)
    assert kit.person(kit.entered(site, sub=INSZ)) == who
    assert not tells(" ".join(names(site)))
    assert len(names(site)) == 1


@pytest.mark.parametrize("twice", [False, True])
def test_a_server_names_what_is_there(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, twice: bool
) -> None:
    """On starting, page by page, also beside what has its name already."""
    monkeypatch.setattr("mo_access.storage.sealed_subjects.SCAN", 2)
    who = [kit.person(kit.entered(site, sub=sub)) for sub in ("a", INSZ, "b", "c", "person-9")]
    before(site)
    if twice:
        assert kit.person(kit.entered(site, sub=INSZ)) == who[1]
        named = f"select link_pk, issuer, '{INSZ}' from link_identity where subject like 'insz:%'"  # noqa: S608 - ours
        site.execute(f"insert into link_identity (link_pk, issuer, subject) {named}")
    Upkeep(site.database, site.keys, HOUR, Tally()).name_subjects()
    assert not tells(" ".join(names(site)))
    assert len(names(site)) == 5
    again = [kit.person(kit.entered(site, sub=sub)) for sub in ("a", INSZ, "b", "c", "person-9")]
    assert again == who


def test_what_stands_nowhere_is_forgotten(site: Site) -> None:
    """The sweep keeps what a session, a pin, a link or a block still stands on, and no more."""
    browser = kit.entered(site, sub=INSZ)
    upkeep = Upkeep(site.database, site.keys, HOUR, Tally())
    upkeep.sweep()
    assert site.rows("select count(*) from sealed_subject") == [(1,)]
    browser.get("/oidc/logout")
    upkeep.sweep()
    assert site.rows("select count(*) from sealed_subject") == [(1,)], "the link has it"
    site.execute("delete from link_identity")
    upkeep.sweep()
    assert site.rows("select count(*) from sealed_subject") == [(0,)]


def test_a_subject_that_looks_like_a_name_is_none(site: Site) -> None:
    """Nobody is somebody else by calling themselves what is stored."""
    browser = kit.entered(site, sub=INSZ)
    who = kit.person(browser)
    (name,) = names(site)
    with site.unit() as uow:
        assert subjects.known_as(uow, ISSUER, INSZ) == name
        assert subjects.known_as(uow, ISSUER, name) != name
    assert notify(site, logout_token(site.script, sub=name)) == 200
    assert browser.me().status_code == 200
    assert kit.person(kit.entered(site, sub=name)) != who
    assert kit.person(kit.entered(site, sub=INSZ)) == who


@pytest.mark.parametrize("sub", [INSZ, "another"])
def test_a_renewal_is_of_the_same_number(make: Make, sub: str) -> None:
    """The renewed ID token is held against the one of before, not against the name."""
    site = make(oidc_refresh=True)
    site.script.refresh = {}
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ)
    kit.says(site, f"{GEBRUIKER}:{AT}", sub=sub)
    site.execute("update session set renew_at = 1")
    browser.me()
    assert browser.me().status_code == (200 if sub == INSZ else 401)
    assert site.script.calls.count("token") == 2


def test_what_a_renewal_brought_goes_back_by_the_name(make: Make) -> None:
    """The other sessions of the number are found by it, and would end with the token."""
    site = make(oidc_refresh=True)
    site.script.refresh = {}
    for _ in range(2):
        kit.entered(site, f"{GEBRUIKER}:{AT}", sub=INSZ)
    site.execute("update session set renew_at = 1")
    with site.unit() as uow:
        turn = renewals.claim(uow, sessions.listed(uow, HOUR)[0])
        assert turn is not None
        renewals.end(uow, turn, "signature", "rt-brought")
        uow.commit()
    waiting = shared.of(site.app).held_tokens
    with site.unit() as uow:
        for _ in range(2):
            token = waiting.take()
            assert token is not None
            assert revoking.is_shared(uow, token, HOUR)
    assert waiting.take() is None


def test_other_subjects_cost_nothing(site: Site) -> None:
    """One that is no number stands as itself."""
    browser: Browser = kit.entered(site, sub="person-1")
    assert browser.me().get_json()["sub"] == "person-1"
    assert names(site) == {"person-1"}
