"""Answers that may be long: written while they are read, so that the first lines come at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import click

from mo_access.commands.desk import cell, say_table

AT_ONCE: Final = 200
"""So many rows make a table; after more the rest follows line by line."""
_BYTES: Final = 65_536


# Built once, and without indentation: only such a one is written in C.
encoded: Final = json.JSONEncoder(ensure_ascii=False).encode


def say_json_array(items: Iterable[str]) -> None:
    """Print a JSON array of items that are JSON already, each on a line of its own."""
    _say(_array(items))
    click.echo()


def say_json_object(head: Mapping[str, object], name: str, items: Iterable[str]) -> None:
    """Print a JSON object with these members and, last, the array ``name`` of such items."""
    told = [f"{encoded(key)}: {encoded(value)},\n" for key, value in head.items()]
    click.echo("{\n" + "".join(told) + f"{encoded(name)}: ", nl=False)
    _say(_array(items))
    click.echo("\n}")


def say_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table as ``say_table`` does; of very many rows the first ones set how wide it is."""
    left = iter(rows)
    first = [tuple(map(cell, row)) for row in islice(left, AT_ONCE)]
    if len(first) < AT_ONCE:
        return say_table(columns, first, empty=empty)
    widths = [max(map(len, column)) for column in zip(columns, *first, strict=True)]
    _say(_lines(widths, (tuple(columns), *first)))
    return _say(_lines(widths, (tuple(map(cell, row)) for row in left)))


def _lines(widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield f"{'  '.join(padded).rstrip()}\n"


def _array(items: Iterable[str]) -> Iterator[str]:
    begun = False
    for item in items:
        yield (",\n" if begun else "[\n") + item
        begun = True
    yield "\n]" if begun else "[]"


def _say(pieces: Iterable[str]) -> None:
    """Write pieces together, as a write for each would cost more than making it."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _BYTES:
            click.echo("".join(held), nl=False)
            held, size = [], 0
    click.echo("".join(held), nl=False)
