"""Becoming somebody else through what two clients say, and staying in after it was taken back."""

from __future__ import annotations

from typing import Final

import pytest

from mo_access.domain.model import AffiliationClaim, Form, Role
from mo_access.service import clients
from tests.oidc.site import Browser, Site

MALLORY, VICTIM = "85073003427", "85073003328"
AT_TWO: Final = (AffiliationClaim(Form.AFFILIATIONS, "900002", Role.BEHEERDER),)


def school(site: Site, name: str = "school") -> str:
    """Make a client of 900001 whose links the provider may be matched to."""
    return site.client(name, platform=False, institutions=("900001",))


def arrives(site: Site, subject: str, insz: str | None = None, vo_id: str | None = None) -> Browser:
    """Sign this person of the provider in, in a browser of their own."""
    site.script.claims = {"sub": subject, "rrn": insz, "vo_id": vo_id}
    site.script.userinfo = {"sub": subject}
    browser = site.browser()
    assert browser.sign_in().status_code == 302
    return browser


def places(browser: Browser) -> list[str]:
    """Return where the person is something, as they see it."""
    return [place["institution"] for place in browser.me().get_json()["affiliations"]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_planted_number_opens_only_what_its_planter_may_give(site: Site, when: str) -> None:
    """Ruling 3: a school names the victim's subject and Mallory's number as one person.

    The platform then knows the victim by subject; Mallory's number must not open its rights.
    """
    pair = ((site.script.issuer, "victim"),)
    planter, platform = school(site), site.client("platform")
    first = MALLORY if when == "before" else None
    planted = site.person(planter, "x", identities=pair, **({"insz": first} if first else {}))
    assert site.person(platform, "y", identities=pair, affiliations=AT_TWO) == planted
    if when == "after":
        site.change(planter, planted, identities=pair, insz=MALLORY)
    assert places(arrives(site, "mallory", MALLORY)) == ["900001"]
    assert "900002" in places(arrives(site, "victim"))


def test_a_number_that_all_say_opens_everything(site: Site) -> None:
    """Ruling 3: also where the platform took the person over by its id, without a number."""
    one, platform = school(site), site.client("platform")
    person = site.person(one, "x", insz=VICTIM)
    two = site.client("two", platform=False, institutions=("900002",), issuers=())
    assert site.person(two, "y", insz=VICTIM, affiliations=AT_TWO) == person
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]
    site.change(platform, person, document={"title": "taken over"})
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_school_that_takes_its_number_back_disturbs_nobody(site: Site, trusted: bool) -> None:
    """What other clients gave by the number stays open, at the schools that they share too."""
    one, two = (
        school(site),
        site.client("two", platform=False, institutions=("900002",), issuers=()),
    )
    person = site.person(one, "x", insz=VICTIM)
    assert site.person(two, "y", insz=VICTIM, affiliations=AT_TWO) == person
    told = {} if trusted else {"issuers": ()}
    other = site.client("other", platform=False, institutions=("900001",), **told)
    assert site.person(other, "z", insz=VICTIM) == person
    site.change(other, person, insz=None)
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]
    site.change(other, person, insz=VICTIM)
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]


def test_a_school_that_takes_its_number_back_gives_nothing_by_it(site: Site) -> None:
    """It said the wrong person's number: what it gave is not for who has that number."""
    one, other = school(site), site.client("other", platform=False, institutions=("900002",))
    person = site.person(one, "x", insz=VICTIM)
    assert site.person(other, "z", insz=VICTIM, affiliations=AT_TWO) == person
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]
    site.change(other, person, insz=None, affiliations=AT_TWO)
    assert places(arrives(site, "v", VICTIM)) == ["900001"]


def test_a_number_that_nobody_says_any_more_opens_nothing(site: Site) -> None:
    """Neither everywhere nor somewhere: the last one who said it took it back."""
    one = school(site)
    person = site.person(one, "x", insz=VICTIM)
    site.change(one, person, insz=None)
    site.script.claims = {"sub": "v", "rrn": VICTIM}
    site.script.userinfo = {"sub": "v"}
    assert "unknown_person" in site.browser().sign_in().text


def test_who_came_in_by_a_wrong_number_is_out_when_it_is_put_right(site: Site) -> None:
    """Rule 7: the platform corrects a number; the session that the wrong one opened ends."""
    platform = site.client()
    person = site.person(platform, "y", insz=MALLORY)
    mallory = arrives(site, "mallory", MALLORY)
    site.change(platform, person, insz=VICTIM)
    assert mallory.me().status_code == 401


def test_who_came_in_by_a_wrong_subject_is_out_when_it_is_taken_back(site: Site) -> None:
    """Rule 7: an identity that is taken off the person closes what it opened; others stay."""
    token, issuer = school(site), site.script.issuer
    both = ((issuer, "an"), (issuer, "mallory"))
    person = site.person(token, "y", identities=both)
    mallory = arrives(site, "mallory")
    site.change(token, person, identities=(*both, (issuer, "third")), document={"title": "a"})
    assert mallory.me().status_code == 200
    site.change(token, person, identities=both[:1], document={"title": "b"})
    assert mallory.me().status_code == 401


def test_the_word_of_a_revoked_client_holds_nobody_in(site: Site) -> None:
    """Rule 7: a session that stands on one client's word ends with that client."""
    gone, stays = school(site, "gone"), school(site, "stays")
    site.person(gone, "g")
    site.person(stays, "s")
    browsers = [arrives(site, name, vo_id=name) for name in ("g", "s")]
    with site.unit() as uow:
        clients.revoke(uow, "gone")
        uow.commit()
    assert [browser.me().status_code for browser in browsers] == [401, 200]


def two(site: Site) -> str:
    """Make a client of 900002 that the provider has nothing to do with."""
    return site.client("two", platform=False, institutions=("900002",), issuers=())


def test_a_planted_number_opens_nobodys_rights_to_an_accomplice(site: Site) -> None:
    """Ruling 3: a school makes one person of an accomplice's subject and another's number.

    The platform knows the accomplice by subject, a second school the other by number. What that
    school gives is not the accomplice's, whichever came first; what the platform gives stays.
    """
    pair, planter = ((site.script.issuer, "accomplice"),), school(site)
    person = site.person(planter, "x", identities=pair, insz=VICTIM)
    at_three = (AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER),)
    assert site.person(site.client("platform"), "y", identities=pair, affiliations=at_three)
    accomplice = arrives(site, "accomplice")
    assert places(accomplice) == ["900001"]
    assert site.person(two(site), "z", insz=VICTIM, affiliations=AT_TWO) == person
    assert places(accomplice) == places(arrives(site, "accomplice")) == ["900001"]


def test_a_planted_subject_opens_nobodys_rights_to_a_number(site: Site) -> None:
    """Ruling 3: the same the other way round, where the platform vouches for the number."""
    pair, planter = ((site.script.issuer, "victim"),), school(site)
    person = site.person(planter, "x", identities=pair, insz=MALLORY)
    assert site.person(site.client("platform"), "y", insz=MALLORY) == person
    trusted = site.client("two", platform=False, institutions=("900002",))
    assert site.person(trusted, "z", identities=pair, affiliations=AT_TWO) == person
    assert places(arrives(site, "mallory", MALLORY)) == ["900001"]
    assert places(arrives(site, "victim")) == ["900001", "900002"]


def test_what_a_platform_client_ties_together_is_one(site: Site) -> None:
    """Ruling 3: a platform client that says number and subject vouches for both."""
    pair = ((site.script.issuer, "v"),)
    person = site.person(site.client("platform"), "y", identities=pair, insz=VICTIM)
    assert site.person(school(site), "x", identities=pair) == person
    assert site.person(two(site), "z", insz=VICTIM, affiliations=AT_TWO) == person
    assert places(arrives(site, "v")) == ["900001", "900002"]
    assert places(arrives(site, "v", VICTIM)) == ["900001", "900002"]
