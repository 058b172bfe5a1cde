"""A long answer is written while it is read, and is the answer that a short one would be."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest

from mo_access import cli
from mo_access.commands import origin_texts, streams
from mo_access.service.explaining import Origin

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("items", [[], [1], [{"a": "é\n"}, None, "x"]])
def test_an_array_and_an_object_are_json(items: list[object], capsys: Captured) -> None:
    """Whatever is in it, with an item on a line."""
    streams.say_json_array(map(streams.encoded, items))
    told = capsys.readouterr().out
    assert json.loads(told) == items
    assert len(told.splitlines()) == (len(items) + 2 if items else 1)
    streams.say_json_object({"b": None, "é": [1]}, "all", map(streams.encoded, items))
    assert json.loads(capsys.readouterr().out) == {"b": None, "é": [1], "all": items}


def test_the_first_lines_come_before_the_last_is_read(capsys: Captured) -> None:
    """Who reads a list of a hundred thousand waits for a page of it."""
    seen: list[str] = []

    def items() -> Iterator[str]:
        for turn in range(30):
            seen.append(capsys.readouterr().out)
            yield json.dumps([turn, "x" * 10_000])

    streams.say_json_array(items())
    early = "".join(seen[:11])
    assert (seen[0], early[:6]) == ("", "[\n[0, ")
    told = "".join(seen) + capsys.readouterr().out
    assert [item[0] for item in json.loads(told)] == list(range(30))


@pytest.mark.parametrize("count", [0, 1, streams.AT_ONCE - 1, streams.AT_ONCE, 1_000])
def test_a_long_table_has_every_row_once(count: int, capsys: Captured) -> None:
    """The first rows set the widths; a longer cell is not cut."""
    rows = ((n, "" if n % 2 else None, "y" * (n % 900)) for n in range(count))
    streams.say_rows(("number", "nothing", "long"), rows, empty="Nobody.")
    lines = capsys.readouterr().out.splitlines()
    if count == 0:
        assert lines == ["Nobody."]
        return
    # A short one is a table, which folds a cell that is wider than any terminal.
    told = [line.split() for line in lines if line.strip()]
    assert told[0] == ["number", "nothing", "long"]
    assert [int(words[0]) for words in told[1:]] == list(range(count))
    assert {words[1] for words in told[1:]} == {"-"}
    if count >= streams.AT_ONCE:
        assert [len(words[2]) for words in told[2:]] == [n % 900 or 1 for n in range(1, count)]


def test_an_origin_is_told_in_its_own_order() -> None:
    """As JSON of the members would be, with and without a moment."""
    origins = (
        Origin("role", "gebruiker", "900001", 'a "b"', "roles", 5, "2026-01-01", None, "ended"),
        Origin("theme", "group", None, "é", "groep\n", None),
        Origin("role", "gebruiker", "900001", 'a "b"', "roles", 6, "2026-01-01", None, "ended"),
    )
    told = json.loads(origin_texts.told(origins))
    assert told == [origin._asdict() for origin in origins]
    assert list(told[0]) == list(Origin._fields)
    assert origin_texts.told(()) == "[]"


def test_every_command_is_there_by_its_name() -> None:
    """Each is imported when it is asked for, so a wrong name would show only then."""
    context = click.Context(cli.program)
    names = cli.program.list_commands(context)
    assert len(names) == sum(map(len, cli.MODULES.values()))
    for name in names:
        found = cli.program.get_command(context, name)
        assert found is not None
        assert found.name == name
    assert cli.program.get_command(context, "desk") is None
