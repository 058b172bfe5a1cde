"""Who may read: the facts of many are read at once, and judged as a decision on each would."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mo_access.domain.errors import NotFound
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
from mo_access.domain.policy import Facts
from mo_access.service import blocks, clients, decisions, explaining, groups, imports, people
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, facts, theme_holders
from mo_access.storage.schema import affiliation, person
from tests.support.statements import asked

Unit = Callable[..., UnitOfWork]
SCHOOLS = """number,name,kind,board,successor
900001,Oude school,school,,900002
900002,School,school,,
900003,Andere school,school,,
"""
THEME = "leerlingen-openbaar"


@pytest.fixture
def actors(unit: Unit, tmp_path: Path) -> dict[str, Actor]:
    """Give three clients on a database with schools and a theme."""
    (tmp_path / "institutions.csv").write_text(SCHOOLS, encoding="utf-8")
    (tmp_path / "themes.csv").write_text(f"slug,name\n{THEME},Leerlingen\n", encoding="utf-8")
    found = {}
    with unit() as uow:
        imports.institutions(uow, tmp_path / "institutions.csv")
        imports.themes(uow, tmp_path / "themes.csv")
        for new in (
            NewClient("own", ("900001", "900002")),
            NewClient("other", ("900002",)),
            NewClient("platform", platform=True),
        ):
            _, token = clients.create(uow, new)
            actor = clients.by_token(uow, token)
            assert actor is not None
            found[new.name] = actor
        uow.commit()
    return found


def made(
    uow: UnitOfWork,
    actor: Actor,
    name: str,
    at: str = "900002",
    days: tuple[date | None, date | None] = (None, None),
) -> str:
    """Make a gebruiker of a school, or of none, and give the id."""
    claim = AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER, *days)
    draft = PersonDraft(
        name,
        None,
        active=name != "inactive",
        document={"userName": name},
        affiliations=(claim,) if at else (),
        grants=(GrantClaim(THEME, "900002"),) if name == "granted" else (),
    )
    return people.create(uow, actor, draft).id


def crowd(uow: UnitOfWork, actors: dict[str, Actor]) -> dict[str, str]:
    """Make one person of each kind that a decision tells apart; all of them hold the theme."""
    own = actors["own"]
    found = {name: made(uow, own, name) for name in ("plain", "inactive", "granted", "blocked")}
    found |= {
        "predecessor": made(uow, own, "predecessor", "900001"),
        "nowhere": made(uow, own, "nowhere", ""),
        "ended": made(uow, own, "ended", days=(None, date(2020, 1, 1))),
        "later": made(uow, own, "later", days=(date(2099, 1, 1), None)),
        "halted": made(uow, own, "halted"),
    }
    draft = GroupDraft("g", None, {}, theme=THEME, institution="900002")
    held = tuple(id_ for name, id_ in found.items() if name != "granted")
    groups.create(uow, own, draft, MemberChange("add", held))
    foreign = made(uow, actors["other"], "foreign")
    groups.create(uow, actors["other"], draft, MemberChange("add", (foreign,)))
    _block(uow, found)
    return {**found, "foreign": foreign}


def _block(uow: UnitOfWork, found: dict[str, str]) -> None:
    """Block a person, and the only affiliation of another, as an operator does in the database."""
    conn = uow.write()
    conn.run(update(person).where(person.c.id == found["blocked"]).values(blocked="x"))
    whose = select(person.c.pk).where(person.c.id == found["halted"]).scalar_subquery()
    conn.run(update(affiliation).where(affiliation.c.person_pk == whose).values(blocked="x"))


@pytest.mark.parametrize("asking", [None, "own", "other", "platform"])
def test_who_lists_exactly_those_whom_a_decision_allows(
    unit: Unit,
    actors: dict[str, Actor],
    monkeypatch: pytest.MonkeyPatch,
    asking: str | None,
) -> None:
    """However many are read at once; for a client only its own (ruling 9)."""
    monkeypatch.setattr(decisions, "AT_ONCE", 3)
    actor = actors[asking] if asking else None
    with unit() as uow:
        found = crowd(uow, actors)
        told = list(decisions.who(uow, THEME, "900002", actor))
        allowed = [
            id_
            for id_ in sorted(found.values())
            if decisions.decide(uow, Question(id_, "900002", THEME, actor=actor)).allowed
        ]
    assert told == allowed
    names = {name for name, id_ in found.items() if id_ in told}
    own = {"plain", "granted", "predecessor"}
    assert names == {None: own | {"foreign"}, "own": own, "other": {"foreign"}}.get(
        asking, own | {"foreign"}
    )


def test_who_asks_the_same_of_the_database_however_many_there_are(
    unit: Unit, actors: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three statements for a thousand people, and a few for the place and the theme."""
    counts = []
    draft = GroupDraft("g", None, {}, theme=THEME, institution="900002")
    for several in (2, 30):
        with unit() as uow:
            ids = tuple(made(uow, actors["own"], f"p{several}-{n}") for n in range(several))
            groups.create(uow, actors["own"], draft, MemberChange("add", ids))
            uow.commit()
        with unit() as uow, asked(monkeypatch) as statements:
            assert set(ids) <= set(decisions.who(uow, THEME, "900002", actors["own"]))
        counts.append(len(statements))
    assert counts[0] == counts[1] < 12


def test_the_facts_of_many_are_those_of_each(unit: Unit, actors: dict[str, Actor]) -> None:
    """In three statements, and for a client of nobody but its own (ruling 9)."""
    with unit() as uow:
        ids = sorted(crowd(uow, actors).values())
        for client_pk in (None, *(actor.client_pk for actor in actors.values())):
            several = facts.people_facts(uow.conn, [*ids, "nobody"], client_pk)
            each = (facts.person_facts(uow.conn, id_, client_pk) for id_ in ids)
            told = sorted(several, key=lambda one: one.id)
            assert told == [known for known in each if known is not None]
            assert bool(told) is (client_pk != actors["platform"].client_pk)


def test_what_counts_at_a_place_decides_as_everything_does(
    unit: Unit, actors: dict[str, Actor]
) -> None:
    """A list reads no more than that: also with groups of no institution and blocks elsewhere."""
    with unit() as uow:
        ids = sorted(_everywhere(uow, actors))
        for number in ("900001", "900002", "900003"):
            spot = decisions.spot_of(uow, number, THEME)
            assert spot is not None
            every = {one.id: one for one in facts.people_facts(uow.conn, ids, now=uow.now)}
            pks = [one.pk for one in every.values()]
            told = facts.facts_at(uow.conn, [*pks, 0], spot.at, THEME, uow.now)
            assert sorted(one.id for one in told.values()) == ids
            for pk, one in told.items():
                assert one.pk == pk
                here, _ = decisions.narrowed(uow, one, spot)
                assert _ordered(here) == _ordered(decisions.narrowed(uow, every[one.id], spot)[0])
                assert {a.institution for a in one.affiliations} <= spot.at
                assert {slug for slug, _ in one.grants} <= {THEME}
                assert {grant.institution for _, grant in one.grants} <= spot.at | {""}


def _ordered(known: Facts) -> Facts:
    """What gives a right comes in any order, and none of them counts more."""
    return replace(known, grants=tuple(sorted(known.grants, key=repr)))


_BLOCKED = (("plain", "900002"), ("predecessor", "900002"), ("later", "900003"))


def _everywhere(
    uow: UnitOfWork, actors: dict[str, Actor], blocked: tuple[tuple[str, str], ...] = _BLOCKED
) -> list[str]:
    """Make the crowd, all of it in a group of no institution too, some of it blocked somewhere."""
    found = crowd(uow, actors)
    own = tuple(id_ for name, id_ in found.items() if name != "foreign")
    groups.create(uow, actors["own"], GroupDraft("all", None, {}, theme=THEME), _all(own))
    role = GroupDraft("r", None, {}, institution="900002", role=Role.GEBRUIKER)
    groups.create(uow, actors["own"], role, _all((found["nowhere"],)))
    for name, at in blocked:
        blocks.block_affiliation(uow, found[name], at, "Onderzoek")
    return list(found.values())


def _all(ids: tuple[str, ...]) -> MemberChange:
    return MemberChange("add", ids)


def test_pages_of_candidates_are_the_candidates(unit: Unit, actors: dict[str, Actor]) -> None:
    """Each once and by key, whichever of its sources names somebody, on pages of any size."""
    with unit() as uow:
        _everywhere(uow, actors)
        for number in ("900001", "900002", "900003"):
            at = access.lineage(uow.conn, number)
            every = {i for one in at for i in access.holders(uow.conn, THEME, one, None)}
            for size in (1, 2, 100):
                told, after = [], 0
                while page := theme_holders.page(uow.conn, THEME, at, after, size):
                    told += page
                    after = page[-1]
                assert told == sorted(theme_holders.key(uow.conn, id_) or 0 for id_ in every)


def test_who_goes_on_after_anybody_and_reads_no_more_than_it_is_asked(
    unit: Unit, actors: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pages of any size the same list; the statements of a page do not grow with it."""
    with unit() as uow:
        _everywhere(uow, actors, blocked=())
        whole = list(explaining.who(uow, THEME, "900002", dormant=True))
        assert len(whole) > 5
        for size in (1, 3):
            parts = list(explaining.who(uow, THEME, "900002", dormant=True, at_once=size))
            assert parts == whole
        for turn, one in enumerate(whole):
            rest = explaining.who(uow, THEME, "900002", dormant=True, after=one.person)
            assert list(rest) == whole[turn + 1 :]
        with asked(monkeypatch) as first:
            next(explaining.who(uow, THEME, "900002", dormant=True, at_once=1))
        with asked(monkeypatch) as every:
            list(explaining.who(uow, THEME, "900002", dormant=True))
        assert len(first) == len(every) < 12
        with pytest.raises(NotFound):
            explaining.who(uow, THEME, "900002", after="nobody")


def test_who_lists_a_shared_person_whoever_gave_the_theme(
    unit: Unit, actors: dict[str, Actor]
) -> None:
    """As a decision on that person is told to both clients, a search is too (ruling 9)."""
    shared = PersonDraft(
        "shared",
        None,
        active=True,
        document={"userName": "shared"},
        affiliations=(AffiliationClaim(Form.AFFILIATIONS, "900002", Role.GEBRUIKER),),
        insz="85073003328",
    )
    with unit() as uow:
        granted = replace(shared, grants=(GrantClaim(THEME, "900002"),))
        known = people.create(uow, actors["own"], granted).id
        assert people.create(uow, actors["other"], shared).id == known
        asked_for = Question(known, "900002", THEME, actor=actors["other"])
        assert decisions.decide(uow, asked_for).allowed
        assert list(decisions.who(uow, THEME, "900002", actors["other"])) == [known]
