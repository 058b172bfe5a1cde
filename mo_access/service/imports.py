"""Imports of institutions and themes: all or nothing, to be repeated at will (design 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Generic, TypeVar

from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import Confidentiality, Document, Event, Institution, Theme
from mo_access.domain.numbers import institution_number
from mo_access.domain.text import fold
from mo_access.service import beheerders, succession
from mo_access.service.csv_table import BadCell, BadTable, Columns, Line, Table, read_table
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue as stored
from mo_access.storage.engine import Duplicate

KINDS: Final = ("school", "board", "clb", "internaat", "other")
HIGHEST_LEVEL: Final = 100
_INSTITUTIONS: Final = Columns(("number", "name"), ("kind", "board", "successor", "successor_from"))
_THEMES: Final = Columns(("slug", "name"), ("confidentiality", "min_level"))
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
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
    """Import ``number,name,kind,board,successor,successor_from``.

    Raises ``BadTable``; nothing is then stored.
    """
    table = read_table(path, _INSTITUTIONS)
    succession.apply_due(uow)
    known = {i.number: i for i in stored.institutions(uow.write())}
    every = known.keys() | _numbers(table)
    told = table.read(
        lambda line: _institution(line, every, known, uow.today), lambda i: i.number, "number"
    )
    told = {i.number: _unsaid(i, table, known) for i in told.values()}
    _refuse_circles(table, told, known)
    found = difference(told, known)
    _write_institutions(uow, found, known)
    for institution in found.added + found.changed:
        facts: Document = {
            "board": institution.board,
            "successor": succession.later(institution),
            "from": institution.successor_from,
        }
        uow.record(Event("institution.import", "ok", None, (institution.number,), facts=facts))
    return found.outcome


def _write_institutions(
    uow: UnitOfWork, found: Difference[Institution], known: Mapping[str, Institution]
) -> None:
    """Store what differs; bounds and beheerders follow where a board or successor changed."""
    fresh = [(replace(i, successor=None, next_successor=None), i) for i in found.added]
    pairs = [*fresh, *((known[i.number], i) for i in found.changed)]
    moved = [(was, now) for was, now in pairs if succession.restructures(was, now)]
    with succession.restructuring(uow) if moved else nullcontext():
        try:
            stored.add_institutions(uow.conn, found.added)
        except Duplicate:
            raise raced() from None
        stored.change_institutions(uow.conn, found.changed)
    beheerders.touched(uow, succession.touched_by(moved))


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


def _institution(
    line: Line, every: AbstractSet[str], known: Mapping[str, Institution], today: str
) -> Institution:
    number = number_in(line, "number")
    kind = line["kind"].casefold() or KINDS[0]
    if kind not in KINDS:
        raise BadCell("kind", f"{line['kind'][:20]!r} is none of {', '.join(KINDS)}")
    board, successor = (_other(line, column, every, number) for column in ("board", "successor"))
    said = Institution(number, line.needed("name"), kind, board)
    day = _day(line, "successor_from")
    if successor is None:
        if day is not None:
            raise BadCell("successor_from", "needs a successor beside it")
        return said
    planned = succession.planned(said, successor, day, today)
    try:
        succession.refuse_another(known.get(number, said), planned)
    except Invalid as fault:
        raise BadCell("successor_from", fault.message) from None
    return planned


def _day(line: Line, column: str) -> str | None:
    """Read a day as ISO text; nothing is said where the cell is empty."""
    if not line[column]:
        return None
    try:
        return imported_day(line[column])
    except Invalid as fault:
        raise BadCell(column, fault.message) from None


def imported_day(text: str) -> str:
    """Return a day as ISO text. Raises ``Invalid``."""
    if not _DAY.fullmatch(text):
        raise Invalid(f"{text[:20]!r} is no day such as 2027-09-01")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid(f"{text[:20]!r} is no day of the calendar") from None


def _unsaid(told: Institution, table: Table, known: Mapping[str, Institution]) -> Institution:
    """Keep what the columns of the file do not speak of: a succession, or the day of one."""
    was = known.get(told.number)
    if was is None or "successor_from" in table.order:
        return told
    if "successor" in table.order and succession.later(told) != succession.later(was):
        return told
    return replace(
        told,
        successor=was.successor,
        next_successor=was.next_successor,
        successor_from=was.successor_from,
    )


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
    after = {**known, **told}
    problems = [
        table.fault(line, BadCell("successor", "successors form a circle"))
        for line, number in zip(table.lines, told, strict=True)
        if succession.in_circle(after, number)
    ]
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
