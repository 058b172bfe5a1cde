"""What lists cost: the plan of SQLite for every kind of filter, at any size, without statistics."""

from __future__ import annotations

import gc
import re
import sqlite3
import weakref
from pathlib import Path
from typing import Any

import pytest

from mo_access.domain.model import Query
from mo_access.domain.shapes import shaped
from mo_access.storage import groups, listing, migrating, people_lists
from mo_access.storage.statements import Statements
from mo_scim.mapping.filters import compile_filter, sort_field

OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
NAMED = [
    'userName eq "x"',
    'userName sw "x"',
    'userName co "xyz"',
    'userName ew "xyz"',
    'externalId eq "x"',
    'id eq "x"',
    'emails.value eq "x"',
    'emails.value co "xyz"',
    'emails[type eq "work" and value co "xyz"]',
    'emails[type eq "work" and value eq "x"]',
    'emails[value sw "x" and primary eq true]',
    'displayName co "xyz" and active eq true',
    'userName eq "x" or emails.value eq "y"',
    '(userName sw "x" or externalId eq "y") and not (active eq false)',
    'groups.value eq "x"',
    'groups[display eq "x"]',
    f'{OURS}:affiliations[value eq "900001" and role eq "beheerder"]',
    'name.familyName eq "x" and name.givenName ne "y"',
    'organization eq "900001"',
    'affiliations.value eq "900001" and userName sw "y"',
    'meta.location eq "/Users/x"',
]


NAMED_GROUPS = [
    'displayName eq "x"',
    'displayName co "xyz"',
    'externalId eq "x" or displayName eq "y"',
    'members[value eq "x"]',
    'members.value eq "x" and displayName sw "y"',
    'members[value eq "x" and type eq "User"]',
    'members[value eq "x" and display co "y"]',
    'meta.location eq "/Groups/x"',
]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database with the schema and no statistics."""
    path: Path = tmp_path_factory.mktemp("plans") / "plan.sqlite"
    migrating.upgrade(f"sqlite:///{path}")
    return path


def plan(path: Path, query: Query, kind: str = "person") -> list[str]:
    """Explain how SQLite finds the keys of a page for a bound client."""
    stored = people_lists if kind == "person" else groups
    shape, values = shaped(query.criteria)
    source = stored.source(shape, query.sort, descending=query.descending, platform=False)
    statement, own = listing.page_of(source, query)
    prepared = Statements("sqlite").fixed(statement)
    params = {**source.makers.params(values), "client": 1, **own}
    raw = sqlite3.connect(path)
    try:
        rows = raw.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bound(params))
        return [str(row[3]) for row in rows]
    finally:
        raw.close()


@pytest.mark.parametrize("text", NAMED)
def test_what_names_few_rows_reads_few(empty: Path, text: str) -> None:
    """No table is scanned, and neither the client nor an attribute's name is the start."""
    steps = plan(empty, Query(criteria=compile_filter(text, "User")))
    scans = [step for step in steps if step.startswith("SCAN")]
    assert all("VIRTUAL TABLE" in step for step in scans), steps
    wide = re.compile(r"\((client_pk=\?|attribute=\?|attribute=\? AND sub=\?)\)$")
    assert not [step for step in steps if wide.search(step)], steps


@pytest.mark.parametrize("text", NAMED_GROUPS)
def test_what_names_few_groups_reads_few(empty: Path, text: str) -> None:
    """As above."""
    steps = plan(empty, Query(criteria=compile_filter(text, "Group")), "group")
    scans = [step for step in steps if step.startswith("SCAN")]
    assert all("VIRTUAL TABLE" in step for step in scans), steps
    assert not [step for step in steps if step.endswith("(client_pk=?)")], steps


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_no_client_fills_the_memory_with_shapes(kind: str) -> None:
    """What a client asks often is kept, a long filter is forgotten with its statements."""
    for terms in (1, listing.TERMS):
        first, again = _made(kind, terms), _made(kind, terms)
        gc.collect()
        assert all(one() is not None for one in first)
        assert first == again
    made = _made(kind, listing.TERMS + 1)
    gc.collect()
    assert [one() for one in made] == [None, None]


def _made(kind: str, terms: int) -> tuple[weakref.ref[Any], weakref.ref[Any]]:
    """Refer to the source and the statement for a filter of so many terms."""
    stored = people_lists if kind == "User" else groups
    text = " or ".join(['displayName co "xyz"'] * terms)
    shape, _ = shaped(compile_filter(text, kind))
    source = stored.source(shape, None, descending=False, platform=False)
    return weakref.ref(source), weakref.ref(listing.page_of(source, Query())[0])


def test_a_page_comes_from_an_index_alone(empty: Path) -> None:
    """However deep it lies, no row that is not on it is read."""
    for query in (Query(start=90_000), Query(after=(None, 7)), Query(descending=True, start=5)):
        steps = plan(empty, query)
        assert len(steps) == 1, steps
        assert "USING COVERING INDEX ix_link_client_pk" in steps[0]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("User", "affiliations"),
        ("User", "affiliations.end"),
        ("User", "affiliations.display"),
        ("User", "groups"),
        ("User", "groups.display"),
        ("User", "groups.type"),
        ("User", "organization"),
        ("User", "emails"),
        ("Group", "members"),
        ("Group", "members.display"),
        ("Group", "theme"),
    ],
)
def test_an_order_without_an_index_looks_up_each_value(empty: Path, kind: str, name: str) -> None:
    """No table is read as a whole for a row of the list, nor all that the client has.

    It is looked for from the person or group, in the order in which it is shown.
    """
    query = Query(sort=sort_field(name, kind), start=5)
    steps = plan(empty, query, "person" if kind == "User" else "group")
    assert not [step for step in steps if step.startswith("SCAN")], steps
    listed, *looked = (step for step in steps if step.startswith("SEARCH"))
    assert "client_pk=?" in listed
    assert not [step for step in looked if "(client_pk=?)" in step], steps
    if name.startswith(("groups", "members")):
        assert "membership" in looked[0], steps
        assert [step for step in steps if "TEMP B-TREE" in step] == [steps[-1]], steps


def test_an_order_with_an_index_sorts_nothing(empty: Path) -> None:
    """By userName, the order that consoles ask for."""
    (step,) = plan(empty, Query(sort=sort_field("userName", "User"), start=5))
    assert "USING COVERING INDEX sqlite_autoindex_link" in step
