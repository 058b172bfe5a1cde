"""What happened to one person, read from the audit trail by indexes and found complete."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from mo_access.domain.model import Event, Form, GroupDraft, MemberChange, PersonDraft, Role
from mo_access.service import audit, groups, history, people, sign_in
from mo_access.service.history import Entry
from mo_access.storage.bookkeeping import audit_subject
from mo_access.storage.schema import audit_event
from tests.access.worlds import OTHER, SCHOOL, THEME, Shared, Unit, shared
from tests.support.statements import asked


@pytest.fixture
def world(unit: Unit, tmp_path: Path) -> Shared:
    """Give one person whom three clients registered."""
    return shared(unit, tmp_path)


def told(world: Shared, *, since: int = 0, institution: str | None = None) -> list[Entry]:
    """Return what happened to the person."""
    with world.unit(world.at) as uow:
        return list(history.of(uow, world.person, since=since, institution=institution))


def join_two(world: Shared) -> str:
    """Let the school put the person and another one in a group; return the other's id."""
    with world.act("school") as uow:
        actor = world.actors["school"]
        els = people.create(uow, actor, PersonDraft("els", None, active=True, document={})).id
        draft = GroupDraft("twee", None, {}, theme=THEME, institution=SCHOOL)
        both = MemberChange("add", (world.person, els))
        world.groups["school"] = groups.create(uow, actor, draft, both).id
        uow.commit()
    return els


def test_history_tells_roles_themes_and_groups_newest_first(world: Shared) -> None:
    """Who gave and took what, where, whether on the person or through a group."""
    world.give_theme("school")
    world.join("board")
    world.leave("board")
    world.forget("school")
    found = told(world)
    assert [e.at for e in found] == sorted((e.at for e in found), reverse=True)
    assert [(e.kind, e.by, e.what) for e in found] == [
        ("person.update", "school", ""),
        ("group.update", "board", "removed"),
        ("group.create", "board", "added"),
        ("person.update", "school", ""),
        ("person.create", "school", ""),
        ("person.create", "board", ""),
        ("person.create", "government", ""),
    ]
    role = {"form": "roles", "institution": SCHOOL, "role": "gebruiker"}
    theme = {"theme": THEME, "institution": SCHOOL}
    assert found[3].facts["gained"] == found[0].facts["lost"] == [role, theme]
    assert (found[1].theme, found[1].institutions) == (THEME, (SCHOOL,))


def test_a_group_tells_only_those_whom_it_touches(world: Shared) -> None:
    """Members that stay are not told of; a member that leaves and comes back is not either."""
    world.join("school")
    before = len(told(world))
    with world.act("school") as uow:
        actor, group = world.actors["school"], world.groups["school"]
        steps = (MemberChange("clear"), MemberChange("replace", (world.person,)))
        groups.update(uow, actor, group, lambda _: None, steps)
        uow.commit()
    assert len(told(world)) == before
    with world.act("school") as uow:
        groups.update(uow, actor, group, lambda _: None, (MemberChange("clear"),))
        uow.commit()
    assert told(world)[0].what == "removed"


def test_a_group_that_comes_to_give_something_else_is_told_to_its_members(world: Shared) -> None:
    """And one that is deleted."""
    world.join("government")
    with world.act("government") as uow:
        actor, group = world.actors["government"], world.groups["government"]
        moved = GroupDraft("elders", None, {}, theme=THEME, institution=OTHER)
        groups.update(uow, actor, group, lambda _: moved)
        uow.commit()
    assert [(e.what, e.institutions) for e in told(world)[:2]] == [
        ("moved", (SCHOOL,)),
        ("moved", (OTHER,)),
    ]
    with world.act("government") as uow:
        groups.delete(uow, actor, group, lambda _: None)
        uow.commit()
    assert (told(world)[0].kind, told(world)[0].what) == ("group.delete", "removed")


def test_history_tells_sign_ins_refusals_and_blocks(world: Shared) -> None:
    """Whatever names the person in the trail."""
    with world.act("school") as uow:
        sign_in.record_refusal(uow, "op", "inactive", world.person)
        uow.record(Event("person.block", "ok", person=world.person, facts={"reason": "test"}))
        uow.commit()
    assert [(e.kind, e.outcome) for e in told(world)[:2]] == [
        ("person.block", "ok"),
        ("sign_in", "refused"),
    ]


def test_history_keeps_to_a_time_and_a_place(world: Shared) -> None:
    """Since a moment, that moment included; at one institution only what stands in its chain."""
    world.give_theme("school")
    since = world.at
    world.join("government")
    assert [e.at for e in told(world, since=since)] == [world.at, since]
    assert {e.kind for e in told(world, institution=SCHOOL)} == {"group.create", "person.update"}
    assert told(world, institution=OTHER) == []


def test_an_event_at_several_institutions_is_told_once(world: Shared) -> None:
    """It stands in each chain, and history is of a person."""
    with world.act("government") as uow:
        uow.record(Event("x", "ok", person=world.person, institutions=(SCHOOL, OTHER)))
        uow.commit()
    assert [e.kind for e in told(world)].count("x") == 1
    assert [e.kind for e in told(world, institution=OTHER)].count("x") == 1


def test_a_long_history_comes_whole_in_few_statements(
    world: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement for each page and one for the clients; nothing is lost between pages."""
    monkeypatch.setattr(history, "PAGE", 4)
    with world.act("school") as uow:
        for number in range(10):
            uow.record(Event(f"x{number}", "ok", person=world.person))
        uow.commit()
    with asked(monkeypatch) as statements:
        found = told(world)
    assert [e.kind for e in found[:10]] == [f"x{n}" for n in range(9, -1, -1)]
    assert len(found) == 13
    assert len(statements) == 5


def test_nobody_reads_the_history_of_another(world: Shared) -> None:
    """An event about somebody else is not told."""
    world.give_role("school", Role.BEHEERDER, Form.AFFILIATIONS)
    with world.unit(world.at) as uow:
        assert list(history.of(uow, "somebody else")) == []


@pytest.mark.parametrize("tamper", ["gone", "added", "other", "person"])
def test_the_index_of_people_is_held_to_the_sealed_trail(world: Shared, tamper: str) -> None:
    """A row taken away, added or changed makes ``audit verify`` name the record."""
    join_two(world)
    with world.act("school") as uow:
        audit.seal_due(uow, "test")
        uow.commit()
        assert audit.verify(uow).sound
        uow.rollback()
        conn = uow.write()
        if tamper == "gone":
            conn.run(delete(audit_subject))
        elif tamper == "added":
            query = (
                "INSERT INTO audit_subject SELECT person || 'x', event_pk, what FROM audit_subject"
            )
            conn.run(text(query))
        elif tamper == "other":
            conn.run(update(audit_subject).values(what="removed"))
        else:
            conn.run(
                update(audit_event).where(audit_event.c.kind == "person.create").values(person="x")
            )
        uow.commit()
        faults = audit.verify(uow).faults
    assert len(faults) >= 1
    wanted = "the record was changed" if tamper == "person" else "whom the record is about"
    assert faults[0].problem.startswith(wanted)


@pytest.mark.parametrize("sealed", [True, False])
def test_nobody_is_put_beside_an_event_that_names_no_people(world: Shared, *, sealed: bool) -> None:
    """An event of one person holds no digest; a row beside it makes ``audit verify`` say so."""
    with world.act("school") as uow:
        if sealed:
            audit.seal_due(uow, "test")
        uow.commit()
        conn = uow.write()
        planted = "INSERT INTO audit_subject SELECT 'x', max(pk), 'added' FROM audit_event"
        conn.run(text(planted))
        uow.commit()
        problems = [fault.problem for fault in audit.verify(uow).faults]
    assert [problem.endswith("people whom it says nothing of") for problem in problems] == [True]


@pytest.mark.parametrize(
    "tamper",
    [
        "INSERT INTO audit_subject SELECT person || 'x', event_pk, what FROM audit_subject",
        "DELETE FROM audit_subject",
        "UPDATE audit_subject SET what = 'removed'",
    ],
)
def test_whom_an_unsealed_event_is_about_is_compared_too(world: Shared, tamper: str) -> None:
    """What is changed before the sealer comes by shows at once, not from the next seal on."""
    join_two(world)
    with world.act("school") as uow:
        assert audit.verify(uow).sound
        uow.conn.commit()
        uow.write().run(text(tamper))
        uow.commit()
        verdict = audit.verify(uow)
    assert verdict.sealed == 0
    assert verdict.faults
    assert all("whom the record is about" in fault.problem for fault in verdict.faults)


def test_a_body_says_a_digest_and_no_list(world: Shared) -> None:
    """However many members a change touches, an event stays small; each of them finds it."""
    els = join_two(world)
    assert (told(world)[0].kind, told(world)[0].what) == ("group.create", "added")
    with world.unit(world.at) as uow:
        body = next(
            json.loads(row[0])
            for row in uow.conn.all(text("SELECT body FROM audit_event ORDER BY pk DESC"))
        )
    assert len(body["subjects"]) == 64
    assert not {world.person, els} & set(re.findall(r"[0-9a-f-]{36}", json.dumps(body)))


def test_an_entry_names_a_caller_that_is_no_client(world: Shared) -> None:
    """An operator's command stays as the trail has it."""
    with world.act("school") as uow:
        uow.caller = "cli:ops"
        uow.record(Event("x", "ok", person=world.person))
        uow.commit()
    assert replace(told(world)[0], at=0).by == "cli:ops"
