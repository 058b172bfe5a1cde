"""Ending all that a client gave: its own withdrawal, and nothing of what others gave (rule 5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from mo_access.domain.errors import LastBeheerder, NotFound
from mo_access.domain.model import Actor, GrantClaim, Query, Role
from mo_access.service import catalogue, client_end, clients, groups, people, sessions
from mo_access.storage.client_rights import Given
from mo_access.storage.engine import Database
from mo_access.storage.schema import (
    affiliation,
    audit_event,
    direct_grant,
    group,
    link,
    membership,
    person,
)
from tests.access.beheerder_kit import (
    OTHER,
    SCHOOL,
    THEME,
    House,
    beheerder,
    counted,
    draft,
    gebruiker,
    missing,
)

NUMBER, SECOND = "85073003328", "85073003427"
FAR = "900003"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give schools, and nobody yet."""
    return House(database, tmp_path).seed()


def ended(house: House, client: str, left_without: str = "") -> tuple[int, Given, int]:
    """End all that a client gave, as the command does; (tokens, what, tombstones)."""
    with house.unit() as uow:
        client_id, tokens, given = client_end.begin(uow, client, left_without)
        uow.commit()
    nobodys = 0
    for page in (client_end.end_groups, client_end.end_people):
        step = client_end.Step(1)
        while step.ended:
            with house.unit() as uow:
                step = page(uow, client_id)
                uow.commit()
            nobodys += step.nobodys
    return tokens, given, nobodys


def rows_of(house: House, actor: Actor) -> list[int]:
    """Count what is stored of a client: links, rights of these, groups."""
    mine = select(link.c.pk).where(link.c.client_pk == actor.client_pk)
    counts = (
        select(func.count()).select_from(link).where(link.c.client_pk == actor.client_pk),
        select(func.count()).select_from(affiliation).where(affiliation.c.link_pk.in_(mine)),
        select(func.count()).select_from(direct_grant).where(direct_grant.c.link_pk.in_(mine)),
        select(func.count()).select_from(group).where(group.c.client_pk == actor.client_pk),
    )
    with house.database.connect() as conn:
        return [int(conn.all(count)[0][0]) for count in counts]


def shared(house: House, first: Actor, second: Actor) -> str:
    """Let two clients make one person gebruiker with a theme, each of its own."""
    whole = draft("an", gebruiker(), insz=NUMBER, grants=(GrantClaim(THEME, SCHOOL),))
    an = house.person(first, whole)
    assert house.person(second, draft("jan", gebruiker(), insz=NUMBER)) == an
    for actor in (first, second):
        house.group(actor, an, role=None, theme=THEME)
    return an


def test_what_others_gave_stays(house: House) -> None:
    """A right lives as long as one origin holds it; that of the client is gone, rows and all."""
    leaving, staying = house.client("leaving", SCHOOL)(), house.client("staying", SCHOOL)()
    an = shared(house, leaving, staying)
    only = house.person(leaving, draft("bea", gebruiker(), insz=SECOND))
    house.group(leaving, only, an, role=None, theme="salarissen")
    assert [house.reads(an, theme=t) for t in (THEME, "salarissen")] == [True, True]
    before = rows_of(house, staying)
    assert ended(house, "leaving") == (1, Given(2, 2, 2, 1, (SCHOOL,)), 1)
    assert rows_of(house, leaving) == [0, 0, 0, 0]
    assert rows_of(house, staying) == before
    assert [house.reads(an, theme=t) for t in (THEME, "salarissen")] == [True, False]
    with house.unit() as uow:
        view = people.get(uow, staying, an)
        assert [shown.institution for shown in view.affiliations] == [SCHOOL]
        assert len(view.groups) == 1


def test_who_is_known_to_nobody_else_is_a_tombstone(house: House) -> None:
    """The number is destroyed: who is registered with it anew is somebody else (ruling 1)."""
    leaving, staying = house.client("leaving", SCHOOL)(), house.client("staying", SCHOOL)()
    an = house.person(leaving, draft("an", gebruiker(), insz=NUMBER))
    house.group(house.client("platform")(), an, role=None, theme=THEME)
    assert ended(house, "leaving")[2] == 1
    with house.database.connect() as conn:
        row = conn.one(select(person.c.owner_pk, person.c.active, person.c.insz_index))
        assert conn.all(select(membership.c.person_pk)) == []
    assert row == (None, 0, None)
    assert house.person(staying, draft("an", gebruiker(), insz=NUMBER)) != an


def test_a_client_that_is_revoked_already_is_ended_too(house: House) -> None:
    """And to end it twice ends nothing more."""
    leaving = house.client("leaving", SCHOOL)()
    an = house.person(leaving, draft("an", gebruiker(), grants=(GrantClaim(THEME, SCHOOL),)))
    with house.unit() as uow:
        clients.revoke(uow, "leaving")
        uow.commit()
    assert house.reads(an)
    assert ended(house, "leaving") == (0, Given(1, 0, 1, 1, (SCHOOL,)), 1)
    assert not house.reads(an)
    assert ended(house, "leaving") == (0, Given(0, 0, 0, 0, ()), 0)
    with house.unit() as uow, pytest.raises(NotFound, match="'nobody'"):
        client_end.begin(uow, "nobody")


def test_it_goes_on_where_it_was_broken_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is a transaction: what was committed is done, what was not is found again."""
    monkeypatch.setattr(client_end, "PAGE", 1)
    leaving = house.client("leaving", SCHOOL)()
    an = [house.person(leaving, draft(f"an{n}", gebruiker())) for n in range(3)]
    house.group(leaving, *an, role=None, theme=THEME)
    with house.unit() as uow:
        client_id, _, _ = client_end.begin(uow, "leaving")
        assert client_end.end_groups(uow, client_id).ended == 1
        assert client_end.end_people(uow, client_id) == client_end.Step(1, 1)
        uow.commit()
        client_end.end_people(uow, client_id)
    assert rows_of(house, leaving) == [2, 2, 0, 0]
    assert ended(house, "leaving") == (0, Given(2, 0, 2, 0, (SCHOOL,)), 2)
    assert rows_of(house, leaving) == [0, 0, 0, 0]


def test_a_page_of_groups_holds_few_members(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One large group is a page of its own."""
    monkeypatch.setattr(client_end, "MEMBERS", 2)
    leaving = house.client("leaving", SCHOOL)()
    an = [house.person(leaving, draft(f"an{n}", gebruiker())) for n in range(3)]
    for count in (3, 1, 1, 0, 2):
        house.group(leaving, *an[:count], role=None, theme=THEME)
    with house.unit() as uow:
        client_id, _, _ = client_end.begin(uow, "leaving")
        told = [client_end.end_groups(uow, client_id).ended for _ in range(4)]
    assert told == [1, 3, 1, 0]


def test_a_platform_client_ends_at_each_place_where_it_gave_something(house: House) -> None:
    """It is bound to none; the person that a school knows is the school's, as it said it."""
    platform, school = house.client("platform")(), house.client("school", SCHOOL)()
    an = house.person(school, draft("an", gebruiker(), insz=NUMBER))
    house.group(school, an, role=None, theme=THEME)
    given = (GrantClaim(THEME, FAR),)
    assert house.person(platform, draft("p", gebruiker(FAR), insz=NUMBER, grants=given)) == an
    house.group(platform, an, at=OTHER, role=Role.GEBRUIKER)
    house.group(platform, an, at=OTHER, role=None, theme=THEME)
    assert [house.reads(an, at) for at in (SCHOOL, OTHER, FAR)] == [True, True, True]
    assert ended(house, "platform") == (1, Given(1, 2, 1, 1, (OTHER, FAR)), 0)
    assert [house.reads(an, at) for at in (SCHOOL, OTHER, FAR)] == [True, False, False]
    assert rows_of(house, platform) == [0, 0, 0, 0]
    with house.unit() as uow:
        assert people.get(uow, school, an).user_name == "an"
        assert groups.find(uow, school, Query()).total == 1


def test_whom_the_platform_switched_off_stays_off(house: House) -> None:
    """Its switch is no right that it gave: nobody comes in by its end."""
    platform, school = house.client("platform")(), house.client("school", SCHOOL)()
    an = house.person(school, draft("an", gebruiker(), insz=NUMBER))
    house.group(school, an, role=None, theme=THEME)
    house.person(platform, draft("p", insz=NUMBER, active=False))
    ended(house, "platform")
    assert not house.reads(an)


@pytest.mark.parametrize(("at", "lives"), [((), False), ((SCHOOL,), True)])
def test_sessions_that_stood_on_a_platform_client_end(
    house: House, at: tuple[str, ...], *, lives: bool
) -> None:
    """Its word opened everything; that of a school takes only itself back."""
    leaving, school = house.client("leaving", *at)(), house.client("school", SCHOOL)()
    an = house.person(school, draft("an", gebruiker(), insz=NUMBER))
    assert house.person(leaving, draft("p", insz=NUMBER)) == an
    with house.unit() as uow:
        ((person_pk,),) = uow.conn.all(select(person.c.pk))
        session = sessions.open_session(
            uow,
            person_pk,
            reach=None,
            provider="p",
            issuer="i",
            subject="s",
            sid=None,
            acr=None,
            level=0,
            capacity=None,
            id_token="x",
            expires=uow.now + 1_000_000,
        )
        uow.commit()
    ended(house, "leaving")
    with house.unit() as uow:
        assert (sessions.find(uow, session, 1_000_000) is not None) is lives


def test_the_last_beheerder_goes_and_the_institution_is_told_without(house: House) -> None:
    """By a user as by a group; where another client makes one too, nothing is missing."""
    leaving, staying = house.client("leaving", SCHOOL, OTHER, FAR)(), house.client("s", FAR)()
    an = house.person(leaving, draft("an", beheerder(), beheerder(FAR), insz=NUMBER))
    house.group(leaving, an, at=OTHER)
    assert house.person(staying, draft("jan", beheerder(FAR), insz=NUMBER)) == an
    ended(house, "leaving")
    assert missing(house) == [(SCHOOL, "missing"), (OTHER, "missing")]
    assert [house.is_beheerder(an, at) for at in (SCHOOL, OTHER, FAR)] == [False, False, True]
    kind = "institution.without_beheerder"
    assert house.events(kind) == [(kind, SCHOOL), (kind, OTHER)]


def test_beheerders_are_none_from_the_first_moment(house: House) -> None:
    """However many pages follow."""
    leaving = house.client("leaving", SCHOOL, OTHER)()
    an = house.person(leaving, draft("an", beheerder()))
    house.group(leaving, an, at=OTHER)
    with house.unit() as uow:
        client_end.begin(uow, "leaving")
        uow.commit()
    assert [house.is_beheerder(an, at) for at in (SCHOOL, OTHER)] == [False, False]
    assert counted(house) == 2


def test_where_the_terms_refuse_it_a_reason_is_needed(house: House) -> None:
    """Else nothing happens: the token lives, and the role."""
    house.choose("refuse")
    actor = house.client("leaving", SCHOOL)
    an = house.person(actor(), draft("an", beheerder()))
    with house.unit() as uow, pytest.raises(LastBeheerder, match="revoke the client alone"):
        client_end.begin(uow, "leaving")
    assert actor().beheerders
    assert house.is_beheerder(an)
    ended(house, "leaving", f"gehackt door {NUMBER}")
    assert missing(house) == [(SCHOOL, "missing")]
    assert "gehackt" in str(house.facts("client.end_rights")["left_without_beheerder"])
    assert NUMBER not in str(house.facts("client.end_rights"))


@pytest.mark.parametrize("by_group", [False, True])
def test_nothing_is_retained_of_a_registration_that_ends(house: House, *, by_group: bool) -> None:
    """As with a DELETE: nobody is left of whom it could be the role."""
    house.choose("retain")
    leaving = house.client("leaving", SCHOOL)()
    an = house.person(leaving, draft("an", *(() if by_group else [beheerder()])))
    if by_group:
        house.group(leaving, an)
    ended(house, "leaving")
    assert missing(house) == [(SCHOOL, "missing")]
    with house.database.connect() as conn:
        assert conn.all(select(affiliation.c.pk)) == []


def test_a_role_that_was_retained_for_the_client_goes_too(house: House) -> None:
    """It stood on the link, so the institution is without from now on."""
    house.choose("retain")
    leaving, other = house.client("leaving", SCHOOL)(), house.client("other", SCHOOL)()
    an = house.person(leaving, draft("an", beheerder(), insz=NUMBER))
    assert house.person(other, draft("jan", gebruiker(), insz=NUMBER)) == an
    house.write(leaving, an, draft("an", gebruiker()))
    assert missing(house) == [(SCHOOL, "retained")]
    assert ended(house, "leaving")[1].affiliations == 1
    assert missing(house) == [(SCHOOL, "missing")]


@pytest.mark.parametrize("by_group", [False, True])
def test_themes_end_with_it_where_the_school_chose_so(house: House, *, by_group: bool) -> None:
    """Those of whom the client alone made something there; rule 6."""
    with house.unit() as uow:
        assert catalogue.set_themes_end(uow, SCHOOL, on=True)
        uow.commit()
    leaving, own = house.client("leaving", SCHOOL)(), house.client("own", SCHOOL)()
    an = house.person(leaving, draft("an", *(() if by_group else [gebruiker()]), insz=NUMBER))
    bea = house.person(leaving, draft("bea", gebruiker(), insz=SECOND))
    if by_group:
        house.group(leaving, an, role=Role.GEBRUIKER)
    assert house.person(own, draft("jan", insz=NUMBER)) == an
    assert house.person(own, draft("bea", gebruiker(), insz=SECOND)) == bea
    house.group(own, an, bea, role=None, theme=THEME)
    ended(house, "leaving")
    assert house.events("themes.ended") == [("themes.ended", SCHOOL)]
    house.write(own, an, draft("jan", gebruiker()))
    assert [house.reads(who) for who in (an, bea)] == [False, True]


def test_the_trail_tells_all_of_it(house: House) -> None:
    """In the chains of each place where something ended, and of each person and group why."""
    platform = house.client("platform")()
    an = house.person(platform, draft("an", gebruiker(), insz=NUMBER))
    house.group(platform, an, at=OTHER, role=None, theme=THEME)
    ended(house, "platform")
    kinds = ("client.revoke", "client.end_rights", "group.delete", "person.delete")
    assert house.events(*kinds) == [
        ("client.revoke", "platform"),
        ("client.end_rights", SCHOOL),
        ("client.end_rights", OTHER),
        ("group.delete", OTHER),
        ("person.delete", SCHOOL),
    ]
    facts = house.facts("client.end_rights")
    assert facts["ends"] == {"people": 1, "groups": 1, "affiliations": 1, "grants": 0}
    why = {"client": platform.client_id, "because": "client.end_rights"}
    assert house.facts("person.delete") == why
    assert house.facts("group.delete").items() >= why.items()
    with house.database.connect() as conn:
        bodies = conn.all(select(audit_event.c.body))
    assert not any(NUMBER in body for (body,) in bodies)
