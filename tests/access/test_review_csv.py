"""What stands in a cell is read by a spreadsheet as text, whatever a broker sent."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_access.service import review_csv
from mo_access.service.review import Entry, Listing


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+32 2 5", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\x00=1", "|x", "%x", "\uff1d1"],
)
def test_a_cell_that_would_run_is_quoted(text: str) -> None:
    """The mark stands before anything that a spreadsheet looks at."""
    assert review_csv.safe(text).startswith("'")
    assert "\x00" not in review_csv.safe(text)


@pytest.mark.parametrize(
    "text",
    [
        "A;=1+cmd|'/c calc'!A1;b",
        "A; =1;b",
        'A;"=1;b',
        "A\n=1\nb",
        "A\n =1\nb",
        "A\r=1\rb",
        "A\t=1\tb",
        "A;@SUM(1);b",
        "A\n;=1",
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_runs_where_a_spreadsheet_splits_elsewhere(text: str, separator: str) -> None:
    """A spreadsheet set to Dutch splits at semicolons, and then reads no quote in mid-cell."""
    out = io.StringIO()
    csv.writer(out).writerow(["id", review_csv.safe(text), "x"])
    for line in out.getvalue().splitlines():
        for cell in next(csv.reader([line], delimiter=separator)):
            assert not cell.strip(' "').startswith(("=", "+", "-", "@")), cell


@pytest.mark.parametrize("text", ["", "An Peeters", "a=b", "Jean-Luc", "x@y.example", "2026-01-01"])
def test_a_plain_cell_stays_as_it_is(text: str) -> None:
    """No mark where none is needed."""
    assert review_csv.safe(text) == text


@given(st.text(), st.text())
def test_any_name_survives_and_none_runs(name: str, user_name: str) -> None:
    """Quotes, separators and line ends included: one line stays one line."""
    entry = Entry("id", name, user_name, None, (), (), None)
    assert list(review_csv.chunks([Listing("900001", "S", (entry,), None, None)]))[1:] == [b""]
    told = review_csv.safe(name)
    assert not told.lstrip().startswith(("=", "+", "-", "@"))
    out = io.StringIO()
    csv.writer(out).writerow([told, review_csv.safe(user_name)])
    assert len(list(csv.reader(io.StringIO(out.getvalue(), newline="")))) == 1
