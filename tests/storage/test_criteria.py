"""Criteria as SQL: the planner starts from an index, and scope is part of the condition."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from mo_access.domain.criteria import (
    And,
    Column,
    Compare,
    Criteria,
    Element,
    Indexed,
    Not,
    Nothing,
    Op,
    Present,
)
from mo_access.domain.errors import Invalid
from mo_access.storage import criteria, migrating
from mo_access.storage.schema import group, link, person

WORK = Compare(Indexed("emails", "type"), Op.EQ, "work")
VALUE = Compare(Indexed("emails", "value"), Op.EQ, "a@x.be")
INDEXED: list[Criteria] = [
    Compare(Column.USER_NAME, Op.EQ, "x"),
    Compare(Column.USER_NAME, Op.SW, "x"),
    Compare(Column.EXTERNAL_ID, Op.EQ, "x"),
    Compare(Indexed("title"), Op.EQ, "x"),
    Compare(Indexed("title"), Op.SW, "x"),
    Compare(Indexed("manager", "value", exact=True), Op.EQ, "x"),
    Element("emails", And(WORK, VALUE)),
    And(VALUE, Compare(Column.ACTIVE, Op.EQ, 1)),
    Compare(Indexed("groups", "value"), Op.EQ, "x"),
    Compare(Indexed("affiliations", "value"), Op.EQ, "900001"),
]


@pytest.mark.parametrize("asked", INDEXED, ids=str)
def test_an_equality_never_scans_a_table(asked: Criteria, tmp_path: Path) -> None:
    """EXPLAIN names an index for every table (design section 2)."""
    migrating.upgrade(f"sqlite:///{tmp_path / 'plan.sqlite'}")
    rows = select(link.c.pk).join(person, person.c.pk == link.c.person_pk)
    where = criteria.where(asked, "person", 1)
    statement = rows.where(link.c.client_pk == 1, where)
    dialect = sqlite.dialect()
    sql = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    raw = sqlite3.connect(tmp_path / "plan.sqlite")
    plan = [str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    raw.close()
    assert not [step for step in plan if step.startswith("SCAN")], plan


def sql_of(asked: Criteria, kind: criteria.Kind, client_pk: int | None) -> str:
    """Write a condition for PostgreSQL."""
    return str(criteria.where(asked, kind, client_pk).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # as above


def test_groups_and_members_of_others_stay_out_of_reach() -> None:
    """A bound client's condition names the client (rule 4)."""
    group_of = Compare(Indexed("groups", "value"), Op.EQ, "g")
    member = Compare(Indexed("members", "value"), Op.EQ, "p")
    assert "client_pk" in sql_of(group_of, "person", 1)
    assert "client_pk" in sql_of(member, "group", 1)
    assert "client_pk" not in sql_of(group_of, "person", None)


def test_text_is_ordered_by_code_point_on_postgresql() -> None:
    """The collation of the database does not count."""
    assert 'COLLATE "C"' in sql_of(Compare(Column.USER_NAME, Op.GT, "a"), "person", 1)


def test_a_number_is_found_by_its_blind_index_only() -> None:
    """Without a maker of indexes, or for anything but equality, it is refused."""
    with pytest.raises(Invalid):
        criteria.where(Compare(Column.INSZ, Op.EQ, "1"), "person", 1)
    with pytest.raises(Invalid):
        criteria.where(Compare(Column.INSZ, Op.SW, "1"), "person", 1, blind=str.encode)
    found = criteria.where(Compare(Column.INSZ, Op.EQ, "1"), "person", 1, blind=str.encode)
    assert "said_insz" in str(found)


def test_what_has_no_column_is_refused() -> None:
    """An unknown field is never an empty condition."""
    with pytest.raises(Invalid):
        criteria.where(Present(Column.ACTIVE), "group", None)
    with pytest.raises(Invalid):
        criteria.where(Compare(Indexed("members", "display"), Op.EQ, "x"), "group", 1)


def test_nothing_and_its_opposite() -> None:
    """Nothing holds for none; None asks for all."""
    rows = select(group.c.pk)
    assert "false" in str(rows.where(criteria.where(Nothing(), "group", 1))).casefold()
    assert "true" in str(rows.where(criteria.where(Not(Nothing()), "group", 1))).casefold()
    assert "true" in str(criteria.where(None, "group", 1)).casefold()
