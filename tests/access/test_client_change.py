"""Changing a client: what holds on the next request, and what ends with an institution (rule 4)."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
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
from mo_access.storage.client_change import Ended
from mo_access.storage.schema import audit_event
from tests.support.insz import made_up

Unit = Callable[..., UnitOfWork]
SCHOOLS = """number,name,kind,board,successor
900100,Bestuur,board,,
900001,School een,school,900100,
900002,School twee,school,900100,900003
900003,School drie,school,,
900009,Vreemde school,school,,
"""
THEME = "leerlingen-openbaar"


@pytest.fixture
def seeded(unit: Unit, tmp_path: Path) -> Unit:
    """Give a database with a board, its schools, a stranger and a theme."""
    (tmp_path / "institutions.csv").write_text(SCHOOLS, encoding="utf-8")
    (tmp_path / "themes.csv").write_text(f"slug,name\n{THEME},Leerlingen\n", encoding="utf-8")
    with unit() as uow:
        imports.institutions(uow, tmp_path / "institutions.csv")
        imports.themes(uow, tmp_path / "themes.csv")
        uow.commit()
    return unit


def made(unit: Unit, new: NewClient) -> Callable[[], Actor]:
    """Make a client and give who its token is now."""
    with unit() as uow:
        _, token = clients.create(uow, new)
        uow.commit()

    def actor() -> Actor:
        with unit() as uow:
            found = clients.by_token(uow, token)
        assert found is not None
        return found

    return actor


def changed(unit: Unit, name: str, wanted: ClientChange) -> Ended:
    """Change a client and commit."""
    with unit() as uow:
        _, ended = client_change.change(uow, name, wanted)
        uow.commit()
    return ended


def readable(unit: Unit, person: str) -> list[str]:
    """Say where a person may read."""
    with unit() as uow:
        return [right.institution for right in decisions.readable(uow, person, ANYBODY)]


def provision(unit: Unit, actor: Actor) -> str:
    """Make a gebruiker of 900001 and 900002, each with a theme: by a group, and by the user."""
    places = ("900001", "900002")
    draft = PersonDraft(
        "jan",
        None,
        active=True,
        document={"userName": "jan"},
        affiliations=tuple(
            AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER) for at in places
        ),
        grants=(GrantClaim(THEME, "900002"),),
    )
    with unit() as uow:
        person = people.create(uow, actor, draft).id
        for at in places:
            named = GroupDraft(f"MO_{at}_{THEME}", None, {}, theme=THEME, institution=at)
            groups.create(uow, actor, named, MemberChange("add", (person,)))
        uow.commit()
    return person


def test_what_is_changed_holds_on_the_next_request(seeded: Unit) -> None:
    """For the token that the client has already."""
    actor = made(seeded, NewClient("school", ("900001",)))
    wanted = ClientChange("new", "strict", ("scim:read",), "900009", add=("900009", "900001"))
    assert changed(seeded, "school", wanted) == Ended()
    now = actor()
    assert (now.name, now.profile, now.scopes) == ("new", "strict", frozenset({"scim:read"}))
    assert (now.institutions, now.default_institution) == (
        frozenset({"900001", "900009"}),
        "900009",
    )
    changed(seeded, "new", ClientChange(default_institution=""))
    assert actor() == replace(now, default_institution=None)


def test_what_a_client_gave_ends_with_the_institution(seeded: Unit) -> None:
    """Nobody else could take it away; people, groups and what it gave elsewhere stay."""
    actor = made(seeded, NewClient("broker", ("900001", "900002")))
    other = made(seeded, NewClient("other", ("900002",)))
    person, foreign = provision(seeded, actor()), provision_other(seeded, other())
    assert readable(seeded, person) == ["900001", "900002", "900003"]
    ended = changed(seeded, "broker", ClientChange(remove=("900002",)))
    assert ended == Ended(affiliations=1, grants=1, groups=1, institutions=("900002",))
    assert actor().institutions == {"900001"}
    assert readable(seeded, person) == ["900001"]
    assert readable(seeded, foreign) == ["900002", "900003"]
    with seeded() as uow:
        view = people.get(uow, actor(), person)
        assert [shown.institution for shown in view.affiliations] == ["900001"]
        assert len(view.groups) == 2
    changed(seeded, "broker", ClientChange(add=("900002",)))
    assert readable(seeded, person) == ["900001"]


def provision_other(unit: Unit, actor: Actor) -> str:
    """Make a gebruiker of 900002 with a theme, by another client."""
    claim = AffiliationClaim(Form.AFFILIATIONS, "900002", Role.GEBRUIKER)
    document = PersonDraft("an", None, active=True, document={"userName": "an"})
    draft = replace(document, affiliations=(claim,), grants=(GrantClaim(THEME, "900002"),))
    with unit() as uow:
        person = people.create(uow, actor, draft).id
        uow.commit()
    return person


def test_schools_and_successors_are_lost_with_a_board_unless_bound_otherwise(seeded: Unit) -> None:
    """The scope is what counts, not the number that was named."""
    actor = made(seeded, NewClient("broker", ("900100", "900001")))
    person = provision(seeded, actor())
    ended = changed(seeded, "broker", ClientChange(remove=("900100",)))
    assert (ended.affiliations, ended.institutions) == (1, ("900002",))
    assert readable(seeded, person) == ["900001"]


def test_a_change_stands_in_the_chains_of_every_institution_concerned(seeded: Unit) -> None:
    """Those that it had, those that it has, and those where something ended (rule 9)."""
    actor = made(seeded, NewClient("broker", ("900100",)))
    made(seeded, NewClient("ministry", platform=True))
    provision(seeded, actor())
    changed(seeded, "broker", ClientChange(profile="strict", add=("900009",), remove=("900100",)))
    changed(seeded, "ministry", ClientChange(name="platform"))
    with seeded() as uow:
        rows = uow.conn.all(
            select(audit_event.c.chain, audit_event.c.body).where(
                audit_event.c.kind == "client.change"
            )
        )
    chains = ["900001", "900002", "900009", "900100", "platform"]
    assert sorted(chain for chain, _ in rows) == chains
    facts = json.loads(next(body for chain, body in rows if chain == "900001"))["facts"]
    assert (facts["profile_before"], facts["profile"]) == ("lenient", "strict")
    assert (facts["added"], facts["removed"]) == (["900009"], ["900100"])
    assert facts["ended"] == {"affiliations": 2, "grants": 1, "groups": 2}


@pytest.mark.parametrize(
    ("client", "wanted", "error", "text"),
    [
        ("school", ClientChange(name="taken"), Conflict, "named 'taken'"),
        ("school", ClientChange(name=" "), Invalid, "needs a name"),
        ("school", ClientChange(name=f"van {made_up(0)}"), Invalid, "holds a number"),
        ("school", ClientChange(scopes=("all",)), Invalid, "unknown scope all"),
        ("school", ClientChange(profile="X;"), Invalid, "no name of a profile"),
        ("school", ClientChange(add=("900777",)), Invalid, "unknown institution 900777"),
        ("school", ClientChange(remove=("900009",)), Invalid, "not bound to 900009"),
        ("school", ClientChange(remove=("900001", "900002")), Invalid, "revoke it instead"),
        ("school", ClientChange(remove=("900001",)), Invalid, "900001 is not the client's own"),
        ("school", ClientChange(default_institution="900009"), Invalid, "not the client's own"),
        ("taken", ClientChange(add=("900001",)), Invalid, "bound to none"),
        ("taken", ClientChange(default_institution="900777"), Invalid, "unknown institution"),
        ("gone", ClientChange(name="back"), Invalid, "is revoked"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    seeded: Unit, client: str, wanted: ClientChange, error: type[Exception], text: str
) -> None:
    """The sentence says what is wrong, and nothing is stored."""
    made(seeded, NewClient("school", ("900001", "900002"), default_institution="900001"))
    made(seeded, NewClient("taken", platform=True))
    made(seeded, NewClient("gone", ("900009",)))
    with seeded() as uow:
        clients.revoke(uow, "gone")
        uow.commit()
        before = clients.listed(uow)
    with seeded() as uow, pytest.raises(error, match=text):
        client_change.change(uow, client, wanted)
    with seeded() as uow:
        assert clients.listed(uow) == before
