"""Mode `jit`: claims make people and give rights, which end with the session (ruling 8)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mo_access.domain.errors import NotFound
from mo_access.service import blocks, clients, decisions, explaining, people
from mo_access.service.decisions import Question
from mo_access.settings import Settings
from tests.oidc import claimed_kit as kit
from tests.oidc.broker import ISSUER, Script
from tests.oidc.claimed_kit import BEHEERDER, GEBRUIKER, INSZ, OPEN, THEME, Make
from tests.oidc.site import SESSION, Site, draft

AT, ELSEWHERE = "900001", "900002"


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


def test_a_sign_in_without_roles_gives_nothing(site: Site) -> None:
    """The person comes in and reads nothing: rights are said, or they are not there."""
    browser = kit.entered(site)
    assert (kit.roles(browser), kit.themes(browser)) == ([], [])


def test_rights_end_with_the_session(site: Site) -> None:
    """Signed out here nothing is left, for no question."""
    browser = kit.entered(site, f"{OPEN}:{AT}")
    who = kit.person(browser)
    assert kit.reads(site, who, THEME) == "granted"
    browser.get("/oidc/logout")
    assert kit.reads(site, who, THEME) == "no_affiliation"


@pytest.mark.parametrize(
    "over",
    [
        "update session set expires = 1",
        "update session set seen = 1",
        "update person set active = 0",
        "update client set revoked = 1 where provider is not null",
        "delete from session",
    ],
)
def test_a_session_that_is_over_gives_nothing(site: Site, over: str) -> None:
    """Expired, idle, switched off: at once and without a sweep."""
    browser = kit.entered(site, f"{OPEN}:{AT}")
    who = kit.person(browser)
    site.execute(over)
    assert kit.reads(site, who, THEME) in {"no_affiliation", "person_inactive"}
    assert browser.me().status_code == 401


def test_newer_claims_end_what_they_drop_everywhere(site: Site) -> None:
    """A right that the claims dropped is gone from older sessions too; what they confirm stays."""
    old = kit.entered(site, f"{OPEN}:{AT}", f"{BEHEERDER}:{AT}", f"{OPEN}:{ELSEWHERE}")
    new = kit.entered(site, f"{OPEN}:{ELSEWHERE}", f"{GEBRUIKER}:{AT}")
    for browser in (old, new):
        assert kit.roles(browser) == [(AT, "gebruiker"), (ELSEWHERE, "gebruiker")]
        assert kit.themes(browser) == [f"{ELSEWHERE}:{THEME}"]
    event = site.events("sign_in.rights")[-1]
    assert {"institution": AT, "theme": THEME} in event["facts"]["lost"]
    assert {"institution": AT, "role": "beheerder"} in event["facts"]["lost"]


def test_newer_claims_give_older_sessions_nothing(site: Site) -> None:
    """What comes with a sign-in is of that session: the older one may have come in weaker."""
    old = kit.entered(site, f"{GEBRUIKER}:{AT}")
    kit.entered(site, f"{BEHEERDER}:{AT}", f"{OPEN}:{AT}")
    assert (kit.roles(old), kit.themes(old)) == ([(AT, "gebruiker")], [])


def test_a_capacity_ends_no_more_than_it_covers(site: Site) -> None:
    """Somebody who signs in for one institution said nothing about another."""
    old = kit.entered(site, f"{GEBRUIKER}:{AT}", f"{GEBRUIKER}:{ELSEWHERE}")
    new = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}", vo_orgcode=AT)
    assert kit.roles(old) == [(ELSEWHERE, "gebruiker")]
    assert kit.roles(new) == []
    facts = site.events("sign_in")[-1]["facts"]
    assert facts["reasons"] == {"other_capacity": [ELSEWHERE]}


def test_another_subject_ends_nothing(site: Site) -> None:
    """Claims speak of who they are about."""
    old = kit.entered(site, f"{GEBRUIKER}:{AT}")
    kit.entered(site, sub="person-2")
    assert kit.roles(old) == [(AT, "gebruiker")]


def test_what_is_ignored_is_audited_with_the_reason(make: Make) -> None:
    """Unknown institutions and themes, others' institutions, and texts that mean nothing."""
    site = make(oidc_institutions=f"{AT} 900009")
    browser = kit.entered(
        site,
        f"{GEBRUIKER}:{AT}",
        f"{GEBRUIKER}:{ELSEWHERE}",
        f"{GEBRUIKER}:900009",
        f"{kit.UNKNOWN_THEME}:{AT}",
        "MijnOnderwijsPortaalBeheerderAssistent:900001",
        "85073003328",
    )
    assert kit.roles(browser) == [(AT, "gebruiker")]
    event = site.events("sign_in")[-1]
    assert event["outcome"] == "roles_ignored"
    assert event["facts"]["reasons"] == {
        "outside_provider": [ELSEWHERE],
        "unknown_institution": ["900009"],
        "unknown_theme": [AT],
        "unknown_right": 2,
    }
    assert "85073003328" not in repr(site.rows("select body from audit_event"))


def test_grants_of_clients_do_not_count(site: Site) -> None:
    """In `jit` a session holds what its claims give, whatever a broker gave the same person."""
    who = site.person(site.client(), identities=((ISSUER, "person-1"),))
    browser = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}")
    assert kit.person(browser) == who
    assert kit.roles(browser) == [(ELSEWHERE, "gebruiker")]
    with site.unit() as uow:
        question = Question(who, AT, role=None, theme=THEME)
        assert decisions.decide(uow, question).reason.value == "no_theme"


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


def test_blocks_hold_for_claims(site: Site) -> None:
    """A block at the institution, and one on what the person is there, shut it at once."""
    browser = kit.entered(site, f"{OPEN}:{AT}", f"{OPEN}:{ELSEWHERE}")
    who = kit.person(browser)
    with site.unit() as uow:
        blocks.block_affiliation(uow, who, AT, "Onderzoek")
        blocks.block_institution(uow, ELSEWHERE, "Onderzoek")
        uow.commit()
    assert (kit.roles(browser), kit.themes(browser)) == ([], [])
    assert kit.roles(kit.entered(site, f"{OPEN}:{AT}")) == []


def test_two_first_sign_ins_make_one_person(site: Site) -> None:
    """Of two at the same moment one makes the person for both."""
    kit.says(site, f"{GEBRUIKER}:{AT}", preferred_username="an")
    browsers = [site.browser() for _ in range(4)]
    answers = [browser.start() for browser in browsers]
    # Each code was asked with a nonce of its own.
    del answers
    codes: list[int] = []
    gate = threading.Barrier(4)
    nonces = threading.local()
    plain = site.script.plain_id_token

    def come(browser: object) -> None:
        from tests.oidc.site import Browser  # noqa: PLC0415 - only for the type

        assert isinstance(browser, Browser)
        answer = browser.start()
        nonces.value = site.script.codes[answer["code"]]["nonce"]
        gate.wait(20)
        codes.append(browser.back(answer).status_code)

    def token() -> str:
        site.script.nonce = nonces.value
        return plain()

    site.script.id_token = token
    threads = [threading.Thread(target=come, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert site.rows("select count(*) from person") == [(1,)]
    assert site.rows("select count(*) from client where provider is not null") == [(1,)]
    assert codes.count(302) >= 1


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
    held = "".join(
        repr(site.rows(f"select * from {table}"))
        for table in ("person", "link", "link_value", "audit_event", "client")
    )
    assert INSZ not in held
    assert site.rows("select count(*) from person where insz_index is not null") == [(1,)]
    kit.entered(site, sub="person-2", rrn="85073003300")
    assert site.rows("select count(*) from person where insz_index is not null") == [(1,)]


def test_a_new_subject_with_the_same_number_is_the_same_person(site: Site) -> None:
    """An account that was made anew at the provider: the number tells who it is."""
    first = kit.person(kit.entered(site, rrn=INSZ))
    assert kit.person(kit.entered(site, sub="person-2", rrn=INSZ)) == first
    assert kit.person(kit.entered(site, sub="person-2")) == first


def test_why_and_who_name_the_sign_in(site: Site) -> None:
    """The origin is the provider, since when; the person is on the list of who may."""
    browser = kit.entered(site, f"{OPEN}:{AT}")
    who = kit.person(browser)
    with site.unit() as uow:
        told = explaining.why(uow, Question(who, AT, THEME)).origins
        assert [(o.kind, o.client, o.how) for o in told] == [
            ("role", "provider broker", "sign-in"),
            ("theme", "provider broker", "sign-in"),
        ]
        assert all(origin.since for origin in told)
        assert [holder.person for holder in explaining.who(uow, THEME, AT)] == [who]
        assert list(decisions.who(uow, THEME, AT)) == [who]
    browser.client.delete_cookie(SESSION, domain="mo.example")
    site.execute("update session set seen = 1")
    with site.unit() as uow:
        assert list(explaining.who(uow, THEME, AT)) == []


def test_hybrid_is_the_union_each_ended_by_its_own(make: Make) -> None:
    """Claims do not end what a broker gave, nor the broker what came with the session."""
    site = make(oidc_mode="hybrid")
    token = site.client()
    who = site.person(token, identities=((ISSUER, "person-1"),))
    browser = kit.entered(site, f"{BEHEERDER}:{ELSEWHERE}")
    assert kit.roles(browser) == [(AT, "gebruiker"), (ELSEWHERE, "beheerder")]
    again = kit.entered(site)
    assert kit.roles(browser) == kit.roles(again) == [(AT, "gebruiker")]
    third = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}")
    pairs = ((ISSUER, "person-1"),)
    site.change(token, who, affiliations=(), identities=pairs)
    assert kit.roles(third) == [(ELSEWHERE, "gebruiker")]


def test_hybrid_keeps_the_reach_of_a_schools_word(make: Make) -> None:
    """What others gave stays shut to whom one school vouches for; the claims are the provider's."""
    site = make(oidc_mode="hybrid")
    school = site.client("school", platform=False, institutions=(AT,))
    who = site.person(school, insz=INSZ, affiliations=())
    other = site.client("other", platform=False, institutions=(ELSEWHERE,), issuers=())
    assert site.person(other, insz=INSZ, affiliations=draft_at(ELSEWHERE)) == who
    assert kit.roles(kit.entered(site, vo_id="8a4d")) == []
    browser = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}", vo_id="8a4d")
    assert kit.roles(browser) == [(ELSEWHERE, "gebruiker")]


def draft_at(number: str) -> object:
    """Return the affiliation of an ordinary draft, at another institution."""
    from dataclasses import replace  # noqa: PLC0415 - only here

    return tuple(replace(one, institution=number) for one in draft("x").affiliations)
