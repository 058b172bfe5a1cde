"""Whom a sign-in makes in mode `jit`, and who is known already (rules 5 and 8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mo_access.domain.errors import NotFound
from mo_access.domain.model import AffiliationClaim, Form, Role
from mo_access.service import blocks, clients, decisions, people
from mo_access.service.decisions import Question
from mo_access.settings import Settings
from mo_scim.blueprint import door as scim_door
from mo_web.app import create_app
from tests.oidc import claimed_kit as kit
from tests.oidc.broker import ISSUER, Script
from tests.oidc.claimed_kit import BEHEERDER, GEBRUIKER, INSZ, OPEN, THEME, Make
from tests.oidc.site import Browser, Site
from tests.support.kept import kept, spellings

AT, ELSEWHERE = "900001", "900002"


def at(number: str) -> tuple[AffiliationClaim, ...]:
    """Return what a client says of a gebruiker somewhere."""
    return (AffiliationClaim(Form.AFFILIATIONS, number, Role.GEBRUIKER),)


def scim_of(site: Site, token: str) -> Callable[..., TestResponse]:
    """Return what asks the SCIM door on the site's database, as a client."""
    told = Settings(
        database_url=site.database.url,
        secret_key="a-secret-key-of-the-tests-0123456789",
        base_url="http://localhost",
    )
    app = create_app(told, site.database, site.keys, [scim_door()])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    return partial(_asked, app.test_client(), headers)


def _asked(
    client: FlaskClient,
    headers: dict[str, str],
    method: str,
    path: str,
    **told: Any,  # noqa: ANN401 - a test may say anything
) -> TestResponse:
    return client.open(path, method=method, headers=headers, base_url="http://localhost", **told)


@pytest.fixture
def make(settings: Settings, script: Script, migrated_url: str) -> Iterator[Make]:
    """Give a maker of the service, once for each engine."""
    yield from kit.making(settings, script, migrated_url)


@pytest.fixture
def site(make: Make) -> Site:
    """The service in mode `jit`."""
    return make()


def test_a_sign_in_makes_a_person_with_rights(site: Site) -> None:
    """Who is unknown comes in, is called as the claims say, and is what they say."""
    browser = kit.entered(
        site,
        f"{BEHEERDER}:{AT}",
        f"{OPEN}:{ELSEWHERE}",
        preferred_username="an.peeters",
        given_name="An",
        family_name="Peeters",
        email="an@example.org",
    )
    me = browser.me().get_json()
    assert (me["userName"], me["name"]) == ("an.peeters", "An Peeters")
    assert kit.roles(browser) == [(AT, "beheerder"), (ELSEWHERE, "gebruiker")]
    assert kit.themes(browser) == [f"{ELSEWHERE}:{THEME}"]
    assert browser.get(f"/host/manage/{AT}").status_code == 200
    assert browser.get(f"/host/pupils/{ELSEWHERE}").status_code == 200
    assert browser.get(f"/host/pupils/{AT}").status_code == 403


def test_the_same_subject_is_the_same_person(site: Site) -> None:
    """A second sign-in makes nobody, and writes anew what the claims say."""
    first = kit.person(kit.entered(site, preferred_username="an", given_name="An"))
    browser = kit.entered(site, preferred_username="anna", given_name="Anna")
    me = browser.me().get_json()
    assert (me["id"], me["userName"], me["name"]) == (first, "anna", "Anna")
    assert site.rows("select count(*) from person") == [(1,)]
    other = kit.entered(site, sub="person-2", preferred_username="anna")
    assert kit.person(other) != first
    assert other.me().get_json()["userName"] == "person-2"


def test_a_switched_off_person_stays_out(site: Site) -> None:
    """Neither the pairs, nor the subject, nor the number lets in whom a client switched off."""
    token = site.client()
    who = site.person(token, identities=((ISSUER, "person-1"),), insz=INSZ)
    site.change(token, who, active=False)
    kit.says(site, f"{GEBRUIKER}:{AT}")
    assert "inactive" in site.browser().sign_in().text
    kit.says(site, f"{GEBRUIKER}:{AT}", sub="person-2", rrn=INSZ)
    assert "inactive" in site.browser().sign_in().text


def test_a_provider_keeps_nobody_alive_whom_clients_switched_off(site: Site) -> None:
    """Made by a sign-in, registered by number, switched off: the session is over, and no other."""
    browser = kit.entered(site, f"{OPEN}:{AT}", rrn=INSZ)
    who = kit.person(browser)
    token = site.client("untrusted", platform=False, institutions=(ELSEWHERE,), issuers=())
    assert site.person(token, insz=INSZ, affiliations=()) == who
    assert kit.roles(browser) == [(AT, "gebruiker")]
    site.change(token, who, active=False, affiliations=())
    assert browser.me().status_code == 401
    assert kit.reads(site, who, THEME) == "person_inactive"
    assert "inactive" in site.browser().sign_in().text


def test_a_number_of_an_untrusted_client_is_the_same_human(site: Site) -> None:
    """Whoever a client registered by number first is who signs in with it, and no second person."""
    token = site.client("untrusted", platform=False, institutions=(AT,), issuers=())
    who = site.person(token, insz=INSZ)
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", rrn=INSZ)
    assert kit.person(browser) == who
    assert kit.roles(browser) == [(AT, "gebruiker")]


@pytest.mark.parametrize("again", ["same", "other"])
def test_a_block_outlives_what_stood_for_the_person(site: Site, again: str) -> None:
    """Blocked, and every row removed by the platform: no sign-in makes that human anew."""
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", rrn=INSZ)
    who = kit.person(browser)
    token = site.client()
    with site.unit() as uow:
        blocks.block_person(uow, who, "Onderzoek")
        uow.commit()
    assert browser.me().status_code == 401
    with site.unit() as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        people.delete(uow, actor, who, lambda _view: None)
        uow.commit()
    told = {"sub": "person-1"} if again == "same" else {"sub": "person-2", "rrn": INSZ}
    kit.says(site, f"{GEBRUIKER}:{AT}", **told)
    assert "inactive" in site.browser().sign_in().text


def test_two_first_sign_ins_make_one_person(site: Site) -> None:
    """Of several at the same moment one makes the person for all, and all come in."""
    kit.says(site, f"{GEBRUIKER}:{AT}", preferred_username="an")
    browsers = [site.browser() for _ in range(4)]
    started = []
    for browser in browsers:
        answer = browser.start()
        started.append((browser, answer, site.script.nonce))
    mine, signing = threading.local(), threading.Lock()
    plain, gate, statuses = site.script.plain_id_token, threading.Barrier(4), list[int]()

    def token() -> str:
        with signing:
            site.script.nonce = mine.nonce
            return plain()

    def come(browser: Browser, answer: dict[str, str], nonce: str) -> None:
        mine.nonce = nonce
        gate.wait(20)
        statuses.append(browser.back(answer).status_code)

    site.script.id_token = token
    threads = [threading.Thread(target=come, args=one) for one in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [302] * 4
    assert site.rows("select count(*) from person") == [(1,)]
    assert site.rows("select count(*) from client where provider is not null") == [(1,)]
    assert site.rows("select count(*) from link") == [(1,)]
    assert [kit.roles(browser) for browser in browsers] == [[(AT, "gebruiker")]] * 4


def test_no_client_sees_who_was_made(site: Site) -> None:
    """A client of a school does not find the person; the platform sees it in the union."""
    who = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}", given_name="An"))
    school = site.client("school", platform=False, institutions=(AT,))
    with site.unit() as uow:
        actor = clients.by_token(uow, school)
        assert actor is not None
        with pytest.raises(NotFound):
            people.get(uow, actor, who)
        assert (
            decisions.decide(uow, Question(who, AT, THEME, actor=actor)).reason.value == "unknown"
        )
        platform = clients.by_token(uow, site.client("platform"))
        assert platform is not None
        seen = people.get(uow, platform, who)
    assert not seen.own
    assert seen.affiliations == ()


def test_the_client_of_a_provider_cannot_be_chosen(site: Site) -> None:
    """It is listed, and takes no token, change or revocation."""
    kit.entered(site)
    with site.unit() as uow:
        (found,) = [one for one in clients.listed(uow) if one.provider]
        assert (found.name, found.provider) == ("provider broker", ISSUER)
        assert (found.institutions, found.secrets, found.platform) == ((), (), False)
        for act in (clients.rotate, clients.revoke, clients.acting):
            with pytest.raises(NotFound):
                act(uow, found.name)


def test_its_links_find_nobody_by_what_they_are_called(make: Make) -> None:
    """What people call themselves at the provider is no way to come in as somebody else."""
    site = make(oidc_link="preferred_username:userName")
    victim = kit.person(kit.entered(site, preferred_username="an"))
    other = kit.entered(site, sub="person-2", preferred_username="an")
    assert kit.person(other) != victim


def test_scim_mode_knows_nobody_whom_a_sign_in_made(make: Make) -> None:
    """Back in mode `scim` an unknown person is refused, and nobody vouches for one."""
    kit.entered(make(), f"{GEBRUIKER}:{AT}")
    site = make(oidc_mode="scim")
    assert "unknown_person" in site.browser().sign_in().text


def test_a_registration_with_the_subject_is_the_same_person(site: Site) -> None:
    """A broker that the provider trusts registers {issuer, subject}: that person it is."""
    who = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}"))
    assert site.person(site.client(), identities=((ISSUER, "person-1"),)) == who
    stranger = site.client("stranger", platform=False, institutions=(AT,), issuers=())
    assert site.person(stranger, identities=((ISSUER, "person-1"),)) != who


def test_a_registration_apart_from_the_sign_in_takes_over(site: Site) -> None:
    """Registered without subject and number, the human has two people; the broker's one stays."""
    made = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}"))
    registered = site.person(site.client())
    assert registered != made
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", vo_id="8a4d")
    assert kit.person(browser) == registered
    assert site.events("sign_in")[-2]["facts"]["instead_of"] == made
    assert kit.roles(browser) == [(AT, "gebruiker")]
    assert kit.person(kit.entered(site)) == registered


def test_nobody_leaves_a_block_by_another_registration(site: Site) -> None:
    """Whose role is blocked does not get it back as somebody whom a broker made anew."""
    who = kit.person(kit.entered(site, f"{GEBRUIKER}:{AT}"))
    with site.unit() as uow:
        blocks.block_affiliation(uow, who, AT, "Onderzoek")
        uow.commit()
    site.person(site.client())
    kit.says(site, f"{GEBRUIKER}:{AT}", vo_id="8a4d")
    assert "identity_conflict" in site.browser().sign_in().text


def test_the_number_is_sealed_and_told_nowhere(site: Site) -> None:
    """A valid number is kept as a broker's is; one that is none, or a name like one, is not."""
    kit.entered(site, rrn=INSZ, preferred_username=INSZ, name=INSZ, sub=INSZ)
    written = (*spellings(INSZ), "85/07/30/033/28", "an 85/07/30-033.28", "٨٥٠٧٣٠٠٣٣٢٨")
    for text in written:
        kit.entered(site, rrn=text, preferred_username=text, given_name=text, sub=text)
        assert not [told for told in written if told in kept(site.database)]
    assert site.rows("select distinct external_id from link") == [(None,)]
    assert site.rows("select count(*) from person where insz_index is not null") == [(1,)]
    kit.entered(site, sub="person-2", rrn="85073003300")
    assert site.rows("select count(*) from person where insz_index is not null") == [(1,)]


def test_a_new_subject_with_the_same_number_is_the_same_person(site: Site) -> None:
    """An account that was made anew at the provider: the number tells who it is."""
    first = kit.person(kit.entered(site, rrn=INSZ))
    assert kit.person(kit.entered(site, sub="person-2", rrn=INSZ)) == first
    assert kit.person(kit.entered(site, sub="person-2")) == first


def test_the_platform_reads_and_switches_who_was_made(make: Make) -> None:
    """As a User like any other: read, found by name, listed, and deactivated for everything."""
    site = make()
    told = {"given_name": "An", "family_name": "Vermeulen", "email": "an@example.org"}
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}", preferred_username="an", **told)
    who, token = kit.person(browser), site.client("platform")
    scim = scim_of(site, token)
    seen = scim("GET", f"/scim/v2/Users/{who}").get_json()
    assert (seen["userName"], seen["externalId"], seen["active"]) == ("an", "person-1", True)
    assert seen["name"] == {"givenName": "An", "familyName": "Vermeulen"}
    assert seen["emails"] == [{"value": "an@example.org", "primary": True}]
    for query in ('name.familyName eq "vermeulen"', 'emails.value eq "an@example.org"'):
        found = scim("GET", "/scim/v2/Users", query_string={"filter": query}).get_json()
        assert [one["id"] for one in found["Resources"]] == [who]
    seen["active"] = False
    assert scim("PUT", f"/scim/v2/Users/{who}", json=seen).status_code == 200
    assert browser.me().status_code == 401
    assert "inactive" in site.browser().sign_in().text


@pytest.mark.parametrize("made_before", [False, True])
def test_a_blocked_record_that_is_gone_is_not_somebody_new(site: Site, made_before: bool) -> None:
    """Registered by VO-id, blocked at one school and removed: the VO-id is still that human's."""
    if made_before:
        kit.entered(site, f"{GEBRUIKER}:{AT}")
    token = site.client()
    who = site.person(token)
    with site.unit() as uow:
        blocks.block_affiliation(uow, who, AT, "Onderzoek")
        actor = clients.by_token(uow, token)
        assert actor is not None
        people.delete(uow, actor, who, lambda _view: None)
        uow.commit()
    kit.says(site, f"{GEBRUIKER}:{AT}", vo_id="8A4D")
    assert "inactive" in site.browser().sign_in().text
    assert kit.roles(kit.entered(site, f"{GEBRUIKER}:{AT}", sub="person-3")) == [(AT, "gebruiker")]
