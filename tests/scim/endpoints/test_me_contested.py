"""``/Me`` of whom a school perhaps made one of two people: as a session, it only narrows."""

from __future__ import annotations

from typing import Any

import pytest

from mo_access.service.clients import NewClient
from mo_scim.resources import USER_EXTENSION
from tests.scim.conftest import Broker, parsed
from tests.scim.endpoints.test_me import INSZ, Place, place, signing_key, user

__all__ = ["place", "signing_key"]

Told = dict[str, Any]


def group(name: str, person: str) -> Told:
    """Return a Group with one member, at the institution that its name tells, if any."""
    return {"displayName": name, "members": [{"value": person}]}


class Joined:
    """A victim of whom a school knows the number, and the holder of a token, made one person."""

    def __init__(self, place: Place) -> None:
        """Let the victim's school come first, then the school that lies, then the platform."""
        self.place = place
        pair = [{"issuer": place.issuer.url, "subject": "s-1"}]
        own = place.client(NewClient("own", ("900001",)))
        liar = place.client(NewClient("liar", ("900002",), issuers=(place.issuer.url,)))
        self.platform = place.client(NewClient("platform", platform=True))
        self.id = own.made("/Users", user("victim", "v", "900001", insz=INSZ))["id"]
        own.made("/Groups", group("MO_900001_leerlingen-openbaar", self.id))
        own.made("/Groups", group("nowhere", self.id))
        lie = user("l", "l", "900002", insz=INSZ, identities=pair)
        assert liar.made("/Users", lie)["id"] == self.id
        liar.made("/Groups", group("MO_900002_leerlingen-openbaar", self.id))
        told = user("p", "p", "900003", identities=pair)
        assert self.platform.made("/Users", told)["id"] == self.id
        self.platform.made("/Groups", group("free", self.id))
        self.platform.made("/Groups", group("MO_900003_leerlingen-openbaar", self.id))
        # Where a contested client speaks, a session does not count, whoever gave something there.
        self.platform.made("/Groups", group("MO_900001_leerlingen-openbaar", self.id))

    def read(self, **claims: Any) -> Told:  # noqa: ANN401 - a test may say anything
        """Read ``/Me`` as the holder."""
        answer = self.place.holder(sub="s-1", **claims).send("GET", "/Me")
        assert answer.status_code == 200
        return parsed(answer)


def places(body: Told) -> list[str]:
    """Return where a record shows affiliations."""
    return sorted(a["value"] for a in body.get(USER_EXTENSION, {}).get("affiliations", []))


def names(body: Told) -> list[str]:
    """Return the groups that a record shows."""
    return sorted(g["display"] for g in body.get("groups", []))


@pytest.fixture
def joined(place: Place) -> Joined:
    """Give the two who were made one."""
    return Joined(place)


@pytest.mark.parametrize("claims", [{}, {"rrn": INSZ}])
def test_what_is_of_another_perhaps_is_left_out(joined: Joined, claims: dict[str, str]) -> None:
    """No affiliation, group, name nor address of the victim; all the rest, and no 404."""
    body = joined.read(**claims)
    assert places(body) == ["900002", "900003"]
    assert names(body) == [
        "MO_900002_leerlingen-openbaar",
        "MO_900003_leerlingen-openbaar",
        "free",
    ]
    assert body["userName"] != "victim"
    assert "victim" not in str(body)
    assert body["id"] == joined.id


def test_once_the_platform_says_both_all_is_shown(joined: Joined) -> None:
    """Number and subject together, by who may know."""
    before = joined.place.holder(sub="s-1").send("GET", "/Me").headers["ETag"]
    pair = [{"issuer": joined.place.issuer.url, "subject": "s-1"}]
    told = user("p", "p", "900003", identities=pair, insz=INSZ)
    joined.platform.send("PUT", f"/Users/{joined.id}", told)
    body = joined.read()
    assert places(body) == ["900001", "900002", "900003"]
    assert len(names(body)) == 6
    assert body["userName"] == "victim"
    assert body["meta"]["version"] != before


def test_who_owns_and_is_sure_is_shown_as_before(place: Place) -> None:
    """Only what is contested is left out: the words are still the owner's."""
    pair = [{"issuer": place.issuer.url, "subject": "s-1"}]
    platform = place.client(NewClient("platform", platform=True))
    liar = place.client(NewClient("liar", ("900002",), issuers=(place.issuer.url,)))
    other = place.client(NewClient("other", ("900001",)))
    made = liar.made("/Users", user("l", "l", "900002", insz=INSZ, identities=pair))
    platform.made("/Users", user("p", "p", "900003", identities=pair))
    assert other.made("/Users", user("victim", "v", "900001", insz=INSZ))["id"] == made["id"]
    body = parsed(place.holder(sub="s-1").send("GET", "/Me"))
    assert (body["userName"], places(body)) == ("l", ["900002", "900003"])


def test_who_knows_both_is_not_contested(place: Place, joined: Joined) -> None:
    """A further school that says the subject too stands where the holder does."""
    pair = [{"issuer": place.issuer.url, "subject": "s-1"}]
    fourth: Broker = place.client(NewClient("fourth", ("900001",), issuers=(place.issuer.url,)))
    fourth.made("/Users", user("f", "f", "900001", identities=pair))
    assert places(joined.read()) == ["900001", "900002", "900003"]
