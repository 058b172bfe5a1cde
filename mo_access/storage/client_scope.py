"""For which institutions a client may act: those that it is bound to, and what follows (rule 4).

Asked with each request, for nothing of it may be remembered (rule 7). So the recursion runs only
where an institution has a successor: it costs as much as the rest of finding a caller, and
few clients have one.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    union_all,
)

from mo_access.storage.constructs import joined_words
from mo_access.storage.schema import client_institution, institution

_i: Final = institution.c


def scope(client_pk: ColumnElement[int]) -> ScalarSelect[str]:
    """Return the numbers bound to a client, the schools of these boards, and who succeeded them.

    As one text with spaces between, NULL when there is none; a number may stand in it twice.
    """
    named = union_all(_own(client_pk), _schools(client_pk)).subquery()
    numbers = joined_words(named.c.number)
    further = select(joined_words(_succession(client_pk).c.number)).scalar_subquery()
    followed = func.count(named.c.successor) > 0
    return select(case((followed, numbers + " " + further), else_=numbers)).scalar_subquery()


def _own(client_pk: ColumnElement[int]) -> Select[tuple[str, str | None]]:
    return (
        select(_i.number, _i.successor)
        .join(client_institution, client_institution.c.institution_pk == _i.pk)
        .where(client_institution.c.client_pk == client_pk)
    )


def _schools(client_pk: ColumnElement[int]) -> Select[tuple[str, str | None]]:
    school = institution.alias()
    return (
        select(school.c.number, school.c.successor)
        .join_from(client_institution, institution, client_institution.c.institution_pk == _i.pk)
        .join(school, school.c.board == _i.number)
        .where(client_institution.c.client_pk == client_pk)
    )


def _succession(client_pk: ColumnElement[int]) -> CTE:
    """Return those with a successor and who comes after: schools too, where a board is bound."""
    known, later = institution.alias(), institution.alias()
    bound = known.c.number == _i.number
    found = (
        select(known.c.number, known.c.successor, bound.label("bound"))
        .join_from(client_institution, institution, client_institution.c.institution_pk == _i.pk)
        .join(known, or_(bound, known.c.board == _i.number))
        .where(client_institution.c.client_pk == client_pk, known.c.successor.is_not(None))
        .cte("succession", recursive=True)
    )
    follows = later.c.number == found.c.successor
    school = and_(found.c.bound, later.c.board == found.c.number)
    return found.union(
        select(later.c.number, later.c.successor, and_(follows, found.c.bound)).join_from(
            found, later, or_(follows, school)
        )
    )
