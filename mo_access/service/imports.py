"""Imports of institutions and themes: all or nothing, to be repeated at will (design 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import Confidentiality, Document, Event, Institution, Theme
from mo_access.domain.numbers import institution_number
from mo_access.domain.text import fold
from mo_access.service.csv_table import BadCell, BadTable, Columns, Line, Table, read_table
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue as stored
from mo_access.storage.engine import Duplicate

KINDS: Final = ("school", "board", "clb", "internaat", "other")
HIGHEST_LEVEL: Final = 100
_INSTITUTIONS: Final = Columns(("number", "name"), ("kind", "board", "successor"))
_THEMES: Final = Columns(("slug", "name"), ("confidentiality", "min_level"))
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were new, different from before, and the same as before."""

    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """What an import has to write."""

    added: tuple[T, ...]
    changed: tuple[T, ...]
    same: int

    @property
    def outcome(self) -> Outcome:
        """What an operator wants to know of it."""
        return Outcome(len(self.added), len(self.changed), self.same)


def institutions(uow: UnitOfWork, path: Path) -> Outcome:
    """Import ``number,name,kind,board,successor``. Raises ``BadTable``; nothing is then stored."""
    table = read_table(path, _INSTITUTIONS)
    conn = uow.write()
    known = {i.number: i for i in stored.institutions(conn)}
    every = known.keys() | _numbers(table)
    told = table.read(lambda line: _institution(line, every), lambda i: i.number, "number")
    _refuse_circles(table, told, known)
    found = difference(told, known)
    try:
        stored.add_institutions(conn, found.added)
    except Duplicate:
        raise raced() from None
    stored.change_institutions(conn, found.changed)
    for institution in found.added + found.changed:
        facts: Document = {"board": institution.board, "successor": institution.successor}
        uow.record(Event("institution.import", "ok", None, (institution.number,), facts=facts))
    return found.outcome


def themes(uow: UnitOfWork, path: Path) -> Outcome:
    """Import ``slug,name,confidentiality,min_level``. Raises ``BadTable``."""
    table = read_table(path, _THEMES)
    conn = uow.write()
    known = {t.slug: t for t in stored.themes(conn)}
    told = table.read(_theme, lambda t: t.slug, "slug")
    _refuse_shared_names(table, told, known)
    found = difference(told, known)
    try:
        stored.add_themes(conn, found.added)
    except Duplicate:
        raise raced() from None
    stored.change_themes(conn, found.changed)
    for theme in found.added + found.changed:
        facts: Document = {"confidentiality": theme.confidentiality, "minLevel": theme.min_level}
        uow.record(Event("theme.import", "ok", theme=theme.slug, facts=facts))
    return found.outcome


def difference(told: Mapping[str, T], known: Mapping[str, T]) -> Difference[T]:
    """Tell apart what is new, what differs and what is as it was, by key."""
    added = tuple(value for key, value in told.items() if key not in known)
    changed = tuple(value for key, value in told.items() if key in known and known[key] != value)
    return Difference(added, changed, len(told) - len(added) - len(changed))


def raced() -> Conflict:
    """Make the error for a row that another import stored in the meantime."""
    return Conflict("another import ran at the same time; nothing was stored, try again")


def number_in(line: Line, column: str) -> str:
    """Give the institution number in this cell. Raises ``BadCell``."""
    try:
        return institution_number(line[column])
    except Invalid as fault:
        raise BadCell(column, fault.message) from None


def _numbers(table: Table) -> set[str]:
    """Collect the numbers of the file, so that a row may name one further down."""
    texts = [line["number"] for line in table.lines]
    return {text.zfill(6) for text in texts if text.isdecimal()}


def _institution(line: Line, every: AbstractSet[str]) -> Institution:
    number = number_in(line, "number")
    kind = line["kind"].casefold() or KINDS[0]
    if kind not in KINDS:
        raise BadCell("kind", f"{line['kind'][:20]!r} is none of {', '.join(KINDS)}")
    board, successor = (_other(line, column, every, number) for column in ("board", "successor"))
    return Institution(number, line.needed("name"), kind, board, successor)


def _other(line: Line, column: str, every: AbstractSet[str], number: str) -> str | None:
    if not line[column]:
        return None
    found = number_in(line, column)
    if found not in every:
        raise BadCell(column, f"institution {found} is neither known nor in the file")
    if found == number:
        raise BadCell(column, "an institution cannot be its own")
    return found


def _refuse_circles(
    table: Table, told: Mapping[str, Institution], known: Mapping[str, Institution]
) -> None:
    """Successors must come to an end, together with what was imported before."""
    after = {i.number: i.successor for i in (*known.values(), *told.values())}
    problems = []
    for line, number in zip(table.lines, told, strict=True):
        seen, here = {number}, after[number]
        while here is not None and here not in seen:
            seen.add(here)
            here = after.get(here)
        if here is not None:
            problems.append(table.fault(line, BadCell("successor", "successors form a circle")))
    if problems:
        raise BadTable(problems)


def _theme(line: Line) -> Theme:
    slug = line.needed("slug")
    if not _SLUG.fullmatch(slug):
        raise BadCell("slug", f"{slug[:40]!r} must be lower-case words joined by -")
    kind = line["confidentiality"].casefold() or Confidentiality.PUBLIC
    if kind not in set(Confidentiality):
        raise BadCell("confidentiality", f"{kind[:20]!r} is neither public nor confidential")
    return Theme(slug, line.needed("name"), Confidentiality(kind), _level(line))


def _level(line: Line) -> int:
    text = line["min_level"] or "0"
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) > HIGHEST_LEVEL:
        raise BadCell("min_level", f"{text[:20]!r} is no whole number from 0 to {HIGHEST_LEVEL}")
    return int(text)


def _refuse_shared_names(
    table: Table, told: Mapping[str, Theme], known: Mapping[str, Theme]
) -> None:
    """A name or slug must mean one theme only, since brokers may send either."""
    owners: dict[str, str] = {}
    every = {**known, **told}.values()
    problems = []
    lines = dict(zip(told, table.lines, strict=True))
    for text, slug in [(t.slug, t.slug) for t in every] + [(fold(t.name), t.slug) for t in every]:
        other = owners.setdefault(text, slug)
        line = lines.get(slug) or lines.get(other)
        if other != slug and line:
            problems.append(table.fault(line, BadCell("name", f"means theme {other!r} already")))
    if problems:
        raise BadTable(problems)
