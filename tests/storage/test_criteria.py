"""Criteria as SQL: scope is part of the condition, and what cannot be asked is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql

from mo_access.domain.criteria import (
    Column,
    Compare,
    Criteria,
    Indexed,
    Not,
    Nothing,
    Op,
    OrPrimary,
    Present,
)
from mo_access.domain.errors import Invalid
from mo_access.domain.shapes import Blind, shaped
from mo_access.storage import criteria, ordering
from mo_access.storage.listing import CLIENT
from mo_access.storage.operands import Makers
from mo_access.storage.schema import group


def written(
    asked: Criteria | None,
    kind: criteria.Kind = "person",
    *,
    bound: bool = True,
    blind: Blind | None = None,
) -> ColumnElement[bool]:
    """Write the condition for a bound or a platform client."""
    return criteria.where(shaped(asked, blind)[0], kind, CLIENT if bound else None, Makers())


def sql_of(asked: Criteria, kind: criteria.Kind, *, bound: bool = True) -> str:
    """Write a condition for PostgreSQL."""
    return str(written(asked, kind, bound=bound).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped


def test_groups_and_members_of_others_stay_out_of_reach() -> None:
    """A bound client's condition names the client (rule 4)."""
    group_of = Compare(Indexed("groups", "value"), Op.EQ, "g")
    member = Compare(Indexed("members", "value"), Op.EQ, "p")
    assert "client_pk" in sql_of(group_of, "person")
    assert "client_pk" in sql_of(member, "group")
    assert "client_pk" not in sql_of(group_of, "person", bound=False)


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("person", "groups"), ("person", "affiliations"), ("group", "members")],
)
def test_what_others_say_is_out_of_reach_of_an_order(kind: criteria.Kind, attribute: str) -> None:
    """A bound client's order names the client too, or its own link (rule 4)."""

    def sql(*, bound: bool) -> str:
        asked = Indexed(attribute, "value")
        value = ordering.order(asked, kind, CLIENT if bound else None).value
        return str(value)

    assert ":client" in sql(bound=True)
    assert ":client" not in sql(bound=False)


def test_only_people_have_a_primary_affiliation() -> None:
    """Groups show no organization."""
    with pytest.raises(Invalid):
        ordering.order(OrPrimary(Indexed("x"), "2026-11-27"), "group", CLIENT)


def test_text_is_ordered_by_code_point_on_postgresql() -> None:
    """The collation of the database does not count."""
    assert 'COLLATE "C"' in sql_of(Compare(Column.USER_NAME, Op.GT, "a"), "person")


def test_a_number_is_found_by_its_blind_index_only() -> None:
    """Without a maker of indexes, or for anything but equality, it is refused."""
    with pytest.raises(Invalid):
        written(Compare(Column.INSZ, Op.EQ, "1"))
    with pytest.raises(Invalid):
        written(Compare(Column.INSZ, Op.SW, "1"), blind=str.encode)
    found = written(Compare(Column.INSZ, Op.EQ, "1"), blind=str.encode)
    assert "said_insz" in str(found)


def test_what_has_no_column_is_refused() -> None:
    """An unknown field is never an empty condition."""
    with pytest.raises(Invalid):
        written(Present(Column.ACTIVE), "group")
    with pytest.raises(Invalid):
        written(Compare(Indexed("members", "type"), Op.EQ, "x"), "group")


def test_nothing_and_its_opposite() -> None:
    """Nothing holds for none; None asks for all."""
    rows = select(group.c.pk)
    assert "false" in str(rows.where(written(Nothing(), "group"))).casefold()
    assert "true" in str(rows.where(written(Not(Nothing()), "group"))).casefold()
    assert "true" in str(written(None, "group")).casefold()


def test_queries_of_one_shape_share_it() -> None:
    """Only what is looked up in another way is another shape."""
    shapes = [
        shaped(Compare(Column.USER_NAME, Op.CO, text))[0] for text in ("abc", "wxyz", "ab", "", "é")
    ]
    assert shapes[0] == shapes[1]
    assert len({*shapes}) == 4
    assert (
        shaped(Compare(Column.ACTIVE, Op.EQ, 1))[0] != shaped(Compare(Column.ACTIVE, Op.EQ, "1"))[0]
    )


def test_a_condition_never_holds_a_value() -> None:
    """A value that is no parameter would be written anew for each query."""
    with pytest.raises(Invalid):
        criteria.where(Compare(Column.USER_NAME, Op.EQ, "x"), "person", None, Makers())
