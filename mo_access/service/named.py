"""Who and what an operator means: people, themes and institutions by what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from mo_access.domain.errors import Invalid, NotFound
from mo_access.domain.numbers import institution_number
from mo_access.domain.text import fold, without_numbers
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue, named

_LISTED: Final = 10
_Whose = TypeVar("_Whose", str, int)


def person(uow: UnitOfWork, typed: str) -> str:
    """Give the id of the one person with this id, userName or externalId.

    Raises ``NotFound``, or ``Invalid`` with the ids and whose userNames they are when it means
    several people. What was typed may be somebody's number: it is not repeated then.
    """
    found = named.ids(uow.conn, typed, fold(typed))
    shown = repr(without_numbers(typed))
    if not found:
        raise NotFound(f"nobody has the id, userName or externalId {shown}")
    if len(found) > 1:
        called = user_names(uow, found[:_LISTED])
        lines = [f"  {i}  {', '.join(called.get(i, []))}" for i in found[:_LISTED]]
        told = without_numbers("\n".join(lines))
        raise Invalid(f"{shown} means several people; say the id of one of them:\n{told}")
    return found[0]


def theme(uow: UnitOfWork, typed: str) -> str:
    """Give the slug of the theme with this slug or name. Raises ``NotFound``."""
    for known in catalogue.themes(uow.conn):
        if fold(typed) in {known.slug, fold(known.name)}:
            return known.slug
    raise NotFound(f"there is no theme {without_numbers(typed)!r}; see mo-access theme list")


def institution(uow: UnitOfWork, typed: str) -> str:
    """Give the number of a known institution. Raises ``Invalid`` or ``NotFound``."""
    number = institution_number(typed)
    if not catalogue.is_institution(uow.conn, number):
        raise NotFound(f"there is no institution {number}; see mo-access institution list")
    return number


def user_names(uow: UnitOfWork, ids: tuple[str, ...]) -> dict[str, list[str]]:
    """Give the userNames of these people, each with the client that uses it."""
    return _called(named.names(uow.conn, ids))


def user_names_by_key(uow: UnitOfWork, pks: Sequence[int]) -> dict[int, list[str]]:
    """Give the same by key, of people who were read by key."""
    return _called(named.names_by_key(uow.conn, pks))


def _called(rows: Iterable[tuple[_Whose, str, str]]) -> dict[_Whose, list[str]]:
    found: dict[_Whose, list[str]] = {}
    for whose, user_name, client in rows:
        found.setdefault(whose, []).append(f"{user_name} ({client})")
    return found
