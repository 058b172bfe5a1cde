"""Mode `jit`: claims give rights, which end with the session or with newer claims (ruling 8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mo_access.domain.model import (
    AffiliationClaim,
    Form,
    GrantClaim,
    GroupDraft,
    MemberChange,
    Role,
)
from mo_access.service import (
    attention,
    blocks,
    clients,
    decisions,
    explaining,
    groups,
    history,
    review,
)
from mo_access.service.decisions import Question
from mo_access.settings import Settings
from tests.oidc import claimed_kit as kit
from tests.oidc.broker import ISSUER, Script
from tests.oidc.claimed_kit import BEHEERDER, GEBRUIKER, INSZ, OPEN, THEME, Make
from tests.oidc.site import SESSION, Site

AT, ELSEWHERE = "900001", "900002"


def at(number: str) -> tuple[AffiliationClaim, ...]:
    """Return what a client says of a gebruiker somewhere."""
    return (AffiliationClaim(Form.AFFILIATIONS, number, Role.GEBRUIKER),)


@pytest.fixture
def make(settings: Settings, script: Script, migrated_url: str) -> Iterator[Make]:
    """Give a maker of the service, once for each engine."""
    yield from kit.making(settings, script, migrated_url)


@pytest.fixture
def site(make: Make) -> Site:
    """The service in mode `jit`."""
    return make()


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
    assert {"institution": AT, "role": "beheerder", "form": "sign-in"} in event["facts"]["lost"]


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


def test_a_provider_that_may_make_no_beheerders(make: Make) -> None:
    """Its beheerder counts as gebruiker, as a client's does, and the trail says so."""
    site = make(oidc_beheerders=False)
    assert kit.roles(kit.entered(site, f"{BEHEERDER}:{AT}")) == [(AT, "gebruiker")]
    assert site.events("sign_in")[-1]["facts"]["reasons"] == {"no_beheerders": [AT]}


def test_grants_of_clients_do_not_count(site: Site) -> None:
    """In `jit` a session holds what its claims give, whatever a broker gave the same person."""
    who = site.person(site.client(), identities=((ISSUER, "person-1"),))
    browser = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}")
    assert kit.person(browser) == who
    assert kit.roles(browser) == [(ELSEWHERE, "gebruiker")]
    with site.unit() as uow:
        question = Question(who, AT, role=None, theme=THEME)
        assert decisions.decide(uow, question).reason.value == "no_theme"


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
    given = (GrantClaim(THEME, ELSEWHERE),)
    assert site.person(other, insz=INSZ, affiliations=at(ELSEWHERE), grants=given) == who
    assert kit.roles(kit.entered(site, vo_id="8a4d")) == []
    browser = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}", vo_id="8a4d")
    assert kit.roles(browser) == [(ELSEWHERE, "gebruiker")]
    assert kit.themes(browser) == []


def test_a_renewal_with_new_claims_ends_what_they_drop(make: Make) -> None:
    """A renewed ID token is the word of the provider as it is now, for every session."""
    site = make(oidc_refresh=True)
    site.script.refresh = {}
    other = kit.entered(site, f"{OPEN}:{AT}")
    browser = kit.entered(site, f"{OPEN}:{AT}")
    site.script.good_refresh = "rt-2"
    for claims, left in (
        (
            {"mijnonderwijs_rol_3d": [f"{GEBRUIKER}:{AT}", f"{GEBRUIKER}:{ELSEWHERE}"]},
            [AT, ELSEWHERE],
        ),
        ({"mijnonderwijs_rol_3d": None}, []),
    ):
        site.script.refresh_claims = claims
        site.execute("update session set renew_at = 1 where pk = (select max(pk) from session)")
        assert [number for number, _ in kit.roles(browser)] == left
        site.execute("update session set renew_at = null where pk < (select max(pk) from session)")
        assert [number for number, _ in kit.roles(other)] == [n for n in left if n == AT]
        assert kit.themes(other) == kit.themes(browser) == []


def test_a_renewal_for_a_target_group_that_is_not_let_in_ends_the_session(make: Make) -> None:
    """Who would not get in now does not stay either."""
    site = make(oidc_refresh=True)
    site.script.refresh = {}
    browser = kit.entered(site, f"{OPEN}:{AT}")
    site.script.refresh_claims = {"vo_doelgroepcode": "EA"}
    site.execute("update session set renew_at = 1")
    assert browser.me().status_code == 401


def test_me_tells_where_a_role_came_from(site: Site) -> None:
    """Of a role that came with the sign-in the provider and the moment are told, also as a page."""
    browser = kit.entered(site, f"{GEBRUIKER}:{AT}")
    (told,) = browser.me().get_json()["affiliations"]
    assert told["origin"] == "provider broker"
    assert told["since"].endswith("+00:00")
    page = browser.get("/me", headers={"Accept": "text/html"}).text
    assert "provider broker" in page


def test_the_portal_tells_where_a_role_came_from(make: Make) -> None:
    """Beside what came with the sign-in, and not beside what a broker gave."""
    site = make(oidc_mode="hybrid")
    site.person(site.client(), identities=((ISSUER, "person-1"),))
    page = kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}").get("/", headers={"Accept": "text/html"})
    first, second = page.text.partition('id="at-900002"')[::2]
    assert "provider broker" not in first
    assert "Gekregen met deze aanmelding: provider broker" in second


@pytest.mark.parametrize("changed", [{"oidc_mode": "scim"}, {"oidc_mode": "hybrid"}])
def test_a_session_ends_with_the_mode_that_it_came_in(
    make: Make, changed: dict[str, object]
) -> None:
    """Whoever takes the rights of claims back takes them from open sessions too."""
    browser = kit.entered(make(), f"{GEBRUIKER}:{AT}")
    later = make(**changed).browser()
    cookie = browser.cookie(SESSION)
    assert cookie is not None
    later.client.set_cookie(SESSION, cookie, domain="mo.example")
    assert later.me().status_code == 401
    assert later.get("/").status_code == 200
    assert browser.me().status_code == 401


def test_a_confirmed_right_is_as_old_as_it_was(site: Site) -> None:
    """What claims say again is since when they first said it, while a session holds it."""
    first = kit.entered(site, f"{GEBRUIKER}:{AT}").me().get_json()["affiliations"]
    assert kit.entered(site, f"{GEBRUIKER}:{AT}").me().get_json()["affiliations"] == first
    assert len(site.events("sign_in.rights")) == 1


def test_a_beheerder_by_claims_needs_the_level(make: Make) -> None:
    """The least level of who acts as beheerder holds for claims too."""
    site = make(beheerder_min_level=25)
    weak = kit.entered(site, f"{BEHEERDER}:{AT}")
    assert kit.roles(weak) == [(AT, "gebruiker")]
    strong = kit.entered(site, f"{BEHEERDER}:{AT}", acr="urn:be:vlaanderen:authmech:eid")
    assert kit.roles(strong) == [(AT, "beheerder")]
    assert kit.roles(weak) == [(AT, "gebruiker")]


def test_a_session_keeps_no_institution_from_being_without_beheerder(site: Site) -> None:
    """What ends in hours is no beheerder to count on, and its end is no alarm."""
    kit.entered(site, f"{BEHEERDER}:{AT}")
    with site.unit() as uow:
        attention.sweep(uow)
        uow.commit()
    assert site.rows("select * from beheerder_watch") == []


def test_a_group_of_no_institution_counts_where_its_client_put_the_person(make: Make) -> None:
    """Not where claims did, though the client be called like the provider."""
    site = make(oidc_mode="hybrid")
    token = site.client("provider broker")
    who = site.person(token, identities=((ISSUER, "person-1"),))
    with site.unit() as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        groups.create(
            uow, actor, GroupDraft("lln", None, {}, theme=THEME), MemberChange("add", (who,))
        )
        uow.commit()
    assert kit.themes(kit.entered(site, f"{GEBRUIKER}:{ELSEWHERE}")) == [f"{AT}:{THEME}"]
    with site.unit() as uow:
        (entry,) = review.page(uow, ELSEWHERE).entries
    assert (entry.person, entry.themes) == (who, ())


def test_the_review_shows_who_came_with_a_sign_in(site: Site) -> None:
    """As the provider calls them, with the origin, and only while the session lives."""
    told = {"given_name": "An", "family_name": "Vermeulen", "preferred_username": "an"}
    who = kit.person(kit.entered(site, f"{OPEN}:{AT}", **told))
    with site.unit() as uow:
        (entry,) = review.page(uow, AT).entries
    assert (entry.person, entry.user_name, entry.name) == (who, "an", "An Vermeulen")
    assert [role.client for role in entry.roles] == ["provider broker"]
    assert [(held.slug, held.open) for held in entry.themes] == [(THEME, True)]
    site.execute("update session set expires = 1")
    with site.unit() as uow:
        assert review.page(uow, AT).entries == ()


def test_history_tells_who_made_the_person_and_what_was_given(site: Site) -> None:
    """The trail of the person: made by the provider, given, and ended by newer claims."""
    who = kit.person(kit.entered(site, f"{OPEN}:{AT}"))
    kit.entered(site)
    with site.unit() as uow:
        found = [(one.kind, one.by) for one in history.of(uow, who)]
        assert ("person.create", "provider broker") in found
        given, ended = [one for one in history.of(uow, who) if one.kind == "sign_in.rights"][::-1]
    role = {"institution": AT, "role": "gebruiker", "form": "sign-in"}
    theme = {"institution": AT, "theme": THEME}
    assert (given.facts["gained"], ended.facts["lost"]) == ([role, theme], [role, theme])


def test_a_role_counts_at_the_successor(site: Site) -> None:
    """Rights from claims follow a restructuring as any do (ruling 10), and so does a block."""
    browser = kit.entered(site, f"{OPEN}:{AT}")
    site.execute("update institution set successor = '900002' where number = '900001'")
    assert (ELSEWHERE, "gebruiker") in kit.roles(browser)
    assert f"{ELSEWHERE}:{THEME}" in kit.themes(browser)
    with site.unit() as uow:
        blocks.block_institution(uow, AT, "Onderzoek")
        uow.commit()
    assert (kit.roles(browser), kit.themes(browser)) == ([], [])


def test_a_board_speaks_for_its_schools_and_their_successors(make: Make) -> None:
    """What a provider is bound to is as wide as what a client is."""
    site = make(oidc_institutions="900100")
    site.execute(
        "insert into institution (number, name, kind, board, successor) values "
        "('900100', 'Bestuur', 'board', null, null), ('900101', 'S', 'school', '900100', '900102'),"
        "('900102', 'T', 'school', null, null)"
    )
    browser = kit.entered(site, f"{GEBRUIKER}:900101,900102,900001")
    assert [number for number, _ in kit.roles(browser)] == ["900101", "900102"]


def test_a_renewal_that_leaves_a_gebruiker_leaves_one_row(make: Make) -> None:
    """Who is beheerder no longer is gebruiker once, in this session and in older ones."""
    site = make(oidc_refresh=True)
    site.script.refresh = {}
    old, new = (kit.entered(site, f"{BEHEERDER}:{AT}") for _ in range(2))
    site.script.refresh_claims = {"mijnonderwijs_rol_3d": f"{GEBRUIKER}:{AT}"}
    site.execute("update session set renew_at = 1 where pk = (select max(pk) from session)")
    assert kit.roles(new) == [(AT, "gebruiker")]
    assert site.rows("select role from session_right") == [("gebruiker",), ("gebruiker",)]
    assert kit.roles(old) == [(AT, "gebruiker")]
