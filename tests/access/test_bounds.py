"""A write that overlaps a change of its client stores nothing outside the bounds (rule 4)."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mo_access.domain.errors import Overtaken
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GrantClaim,
    GroupDraft,
    MemberChange,
    PersonDraft,
    Role,
)
from mo_access.service import client_change, clients, decisions, groups, imports, people
from mo_access.service.client_change import ClientChange
from mo_access.service.clients import NewClient
from mo_access.service.decisions import ANYBODY
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import group, link

Unit = Callable[..., UnitOfWork]
NO_MEMBERS = MemberChange("add", ())
THEME = "leerlingen-openbaar"
AT, LOST = "900001", "900002"


def said(*places: str, form: Form = Form.AFFILIATIONS) -> tuple[AffiliationClaim, ...]:
    """Claim gebruiker at these places."""
    return tuple(AffiliationClaim(form, at, Role.GEBRUIKER) for at in places)


def draft(
    name: str, claims: tuple[AffiliationClaim, ...] = (), grants: tuple[GrantClaim, ...] = ()
) -> PersonDraft:
    """Draft a person."""
    document: Document = {"userName": name}
    return PersonDraft(
        name, None, active=True, document=document, affiliations=claims, grants=grants
    )


def themed(at: str) -> GroupDraft:
    """Draft a theme's group."""
    return GroupDraft(f"MO_{at}_{THEME}", None, {}, theme=THEME, institution=at)


@pytest.fixture
def actor(unit: Unit, tmp_path: Path) -> Actor:
    """Give a client of two schools, as it is known before its bounds are changed."""
    schools = f"number,name,kind,board,successor\n{AT},Een,school,,\n{LOST},Twee,school,,\n"
    (tmp_path / "institutions.csv").write_text(schools, encoding="utf-8")
    (tmp_path / "themes.csv").write_text(f"slug,name\n{THEME},Leerlingen\n", encoding="utf-8")
    with unit() as uow:
        imports.institutions(uow, tmp_path / "institutions.csv")
        imports.themes(uow, tmp_path / "themes.csv")
        _, token = clients.create(uow, NewClient("broker", (AT, LOST)))
        uow.commit()
        found = clients.by_token(uow, token)
    assert found is not None
    return found


def lose(unit: Unit) -> None:
    """Take the second school away from the client."""
    with unit() as uow:
        client_change.change(uow, "broker", ClientChange(remove=(LOST,)))
        uow.commit()


def stored(unit: Unit) -> tuple[int, int]:
    """Count links and groups."""
    with unit() as uow:
        counted = [uow.conn.all(select(func.count()).select_from(t)) for t in (link, group)]
    return counted[0][0][0], counted[1][0][0]


@pytest.mark.parametrize(
    "asked", [draft("jan", said(AT, LOST)), draft("jan", said(AT), (GrantClaim(THEME, LOST),))]
)
def test_a_person_registered_with_bounds_of_before_is_refused(
    unit: Unit, actor: Actor, asked: PersonDraft
) -> None:
    """An affiliation and a grant alike, and the person is not stored either."""
    lose(unit)
    with unit() as uow, pytest.raises(Overtaken, match="Send it again"):
        people.create(uow, actor, asked)
    assert stored(unit) == (0, 0)
    with unit() as uow:
        people.create(uow, actor, draft("jan", said(AT)))
        uow.commit()
    assert stored(unit) == (1, 0)


def test_a_change_of_a_person_with_bounds_of_before_is_refused(unit: Unit, actor: Actor) -> None:
    """What it did not touch is no matter."""
    with unit() as uow:
        person = people.create(uow, actor, draft("jan", said(AT))).id
        uow.commit()
    lose(unit)
    with unit() as uow, pytest.raises(Overtaken):
        people.update(uow, actor, person, lambda _: draft("jan", said(AT, LOST)))
    with unit() as uow:
        people.update(uow, actor, person, lambda _: draft("an", said(AT)))


def test_a_group_mapped_with_bounds_of_before_is_refused(unit: Unit, actor: Actor) -> None:
    """Made there, and moved there."""
    with unit() as uow:
        made = groups.create(uow, actor, themed(AT), NO_MEMBERS).id
        uow.commit()
    lose(unit)
    with unit() as uow, pytest.raises(Overtaken):
        groups.create(uow, actor, themed(LOST), NO_MEMBERS)
    with unit() as uow, pytest.raises(Overtaken):
        groups.update(uow, actor, made, lambda _: themed(LOST))
    assert stored(unit) == (0, 1)


def test_a_revoked_client_gives_nothing_more(unit: Unit, actor: Actor) -> None:
    """Identified before it was revoked, it stores no right after."""
    with unit() as uow:
        clients.revoke(uow, "broker")
        uow.commit()
    with unit() as uow, pytest.raises(Overtaken):
        people.create(uow, actor, draft("jan", said(AT)))


def test_a_savepoint_that_is_undone_takes_the_bounds_along(unit: Unit, actor: Actor) -> None:
    """PostgreSQL gives up the locks that were taken since: they are asked for again."""
    with unit() as uow:
        with suppress(ZeroDivisionError), uow.attempt():
            people.create(uow, actor, draft("jan", said(AT, LOST)))
            raise ZeroDivisionError
        assert uow.bounds == {}
        with uow.attempt():
            people.create(uow, actor, draft("jan", said(AT, LOST)))
        assert uow.bounds[actor.client_pk] == {AT, LOST}
        uow.commit()
        assert uow.bounds == {}


def test_a_change_waits_for_who_gives_and_ends_it(unit: Unit, actor: Actor) -> None:
    """The write came first: it is stored, and the change that waited takes it away."""
    with unit() as uow:
        person = people.create(uow, actor, draft("jan", said(AT))).id
        made = groups.create(uow, actor, themed(AT), MemberChange("add", (person,))).id
        uow.commit()
    with unit() as uow:
        people.update(uow, actor, person, lambda _: draft("jan", said(AT, LOST)))
        groups.update(uow, actor, made, lambda _: themed(LOST))
        changing = threading.Thread(target=lose, args=(unit,))
        changing.start()
        changing.join(0.3)
        assert changing.is_alive()
        uow.commit()
    changing.join(10)
    assert not changing.is_alive()
    with unit() as uow:
        assert decisions.readable(uow, person, ANYBODY) == ()
        shown = people.get(uow, actor, person).affiliations
    assert [affiliation.institution for affiliation in shown] == [AT]
