"""A CSV file with a header row, read whole; every fault tells its line and column (design 4)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

from mo_access.domain.errors import Invalid

SHOWN_FAULTS: Final = 20
MAX_BYTES: Final = 64 * 1024 * 1024
NEWLINE: Final = b"\n"
T = TypeVar("T")


class BadTable(Invalid):
    """The file cannot be imported; ``problems`` has one line for each fault that was found."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the first faults, and how many more there are."""
        more = len(problems) - SHOWN_FAULTS
        rest = [f"… and {more} more"] if more > 0 else []
        self.problems = (*problems[:SHOWN_FAULTS], *rest)
        super().__init__("\n".join(self.problems))


class BadCell(Exception):
    """One value cannot be used."""

    def __init__(self, column: str, problem: str) -> None:
        """Keep the column's name and what is wrong."""
        super().__init__(problem)
        self.column = column
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of file; those that are not required may be left out."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """Every column, required ones first."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its line in the file and its cells by column, without surrounding spaces."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Give a cell; a column that the file does not have is empty."""
        return self.cells.get(column, "")

    def needed(self, column: str) -> str:
        """Give a cell that may not be empty. Raises ``BadCell``."""
        if not self[column]:
            raise BadCell(column, "must not be empty")
        return self[column]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file and where each column stands."""

    lines: tuple[Line, ...]
    order: dict[str, int]

    def fault(self, line: Line, bad: BadCell) -> str:
        """Say where a fault is: line and column count from 1."""
        place = self.order.get(bad.column)
        column = f"column {place} ({bad.column})" if place else f"column {bad.column}"
        return f"line {line.number}, {column}: {bad.problem}"

    def read(self, make: Callable[[Line], T], key: Callable[[T], str], name: str) -> dict[str, T]:
        """Make a value of each row, by its key. Raises ``BadTable`` with every fault."""
        made: dict[str, T] = {}
        problems = []
        for line in self.lines:
            try:
                value = make(line)
                _refuse_twice(key(value), made, name)
                made[key(value)] = value
            except BadCell as bad:
                problems.append(self.fault(line, bad))
        if problems:
            raise BadTable(problems)
        return made


def read_table(path: Path, columns: Columns) -> Table:
    """Read the file; the delimiter is what its header line uses. Raises ``BadTable``."""
    text = _text(path)
    header_line = text.split("\n", 1)[0]
    rows = _rows(text, ";" if ";" in header_line else ",")
    _, header = next(rows, (1, []))
    names = [name.strip().casefold() for name in header]
    _check_header(names, columns)
    lines, problems = [], []
    for number, cells in rows:
        if len(cells) == len(names):
            stripped = (cell.strip() for cell in cells)
            lines.append(Line(number, dict(zip(names, stripped, strict=True))))
        else:
            problems.append(_miscounted(number, cells, names))
    if problems:
        raise BadTable(problems)
    return Table(tuple(lines), {name: place for place, name in enumerate(names, 1)})


def _refuse_twice(key: str, made: Mapping[str, object], name: str) -> None:
    if key in made:
        raise BadCell(name, f"{key!r} stands in the file twice")


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise BadTable([f"{path.name} cannot be read ({fault.strerror})"]) from None
    if len(raw) > MAX_BYTES:
        raise BadTable([f"{path.name} is larger than {MAX_BYTES} bytes"])
    if b"\0" in raw:
        raise BadTable([f"line {raw.count(NEWLINE, 0, raw.index(0)) + 1}: the file is not text"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(NEWLINE, 0, fault.start) + 1
        column = fault.start - raw.rfind(NEWLINE, 0, fault.start)
        raise BadTable([f"line {line}, byte {column}: the file is not UTF-8"]) from None


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not blank, with the line that it starts on."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as fault:
        raise BadTable([f"line {start}: {fault}"]) from None


def _check_header(names: list[str], columns: Columns) -> None:
    problems = [f"line 1: column {c} is missing" for c in columns.required if c not in names]
    for place, name in enumerate(names, 1):
        if name not in columns.every:
            near = get_close_matches(name, columns.every, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(f"line 1, column {place}: unknown column {name!r}{hint}")
        elif name in names[: place - 1]:
            problems.append(f"line 1, column {place}: column {name} stands there twice")
    if problems:
        raise BadTable(problems)


def _miscounted(number: int, cells: list[str], names: list[str]) -> str:
    place = min(len(cells), len(names)) + 1
    hint = "; put a value that holds the delimiter in quotes" if len(cells) > len(names) else ""
    told = f"{len(cells)} values, the header has {len(names)} columns{hint}"
    return f"line {number}, column {place}: {told}"
