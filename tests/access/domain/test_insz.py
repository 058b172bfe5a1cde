"""The INSZ, read strictly."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_access.domain.errors import Invalid
from mo_access.domain.insz import parse

TODAY = date(2026, 11, 24)


def numbered(body: str, *, century: str = "") -> str:
    """Add the check digits to the first nine."""
    return f"{body}{97 - int(century + body) % 97:02d}"


@pytest.mark.parametrize(
    ("text", "birth", "gender"),
    [
        ("85073003328", (1985, 7, 30), "M"),
        ("85.07.30-034.27", (1985, 7, 30), "F"),
        ("17073003384", (2017, 7, 30), "M"),
        ("98472899765", (1998, 7, 28), "M"),
        ("01490700185", (2001, 9, 7), "M"),
        (numbered("852730034"), (1985, 7, 30), None),
        (numbered("850700034"), (1985, 7, None), "F"),
        (numbered("850000034"), (1985, None, None), "F"),
        (numbered("000001034"), (None, None, None), "F"),
    ],
)
def test_a_number_tells_birth_and_gender(
    text: str, birth: tuple[int | None, ...], gender: str | None
) -> None:
    """Rijksregister and BIS numbers, of both centuries, with unknown parts."""
    found = parse(text, TODAY)
    assert found.births == (birth,)
    assert found.gender == gender


@pytest.mark.parametrize(
    "text",
    [
        "",
        "85073003329",
        "8507300332",
        "850730033288",
        "85073003328\n",
        "8507300332A",
        "٨٥٠٧٣٠٠٣٣٢٨",
        "00000000097",
        numbered("850730000"),
        numbered("850730999"),
        numbered("850231034"),
        numbered("851330034"),
        numbered("261125034", century="2"),
        numbered("270100034", century="2"),
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(text: str) -> None:
    """Serial 000 and 999, impossible and future days, stray characters."""
    with pytest.raises(Invalid) as caught:
        parse(text, TODAY)
    assert caught.value.attribute == "insz"
    assert not text or text not in caught.value.message


@given(st.dates(date(1930, 1, 1), TODAY), st.integers(1, 998))
def test_a_number_agrees_with_its_own_birth_date_only(born: date, serial: int) -> None:
    """Whatever the century, the day that was encoded is among the readings."""
    century = "2" if born.year >= 2000 else ""
    found = parse(numbered(f"{born:%y%m%d}{serial:03d}", century=century), TODAY)
    assert found.agrees(born)
    assert not found.agrees(born.replace(year=born.year - 1, day=1))


def test_unknown_parts_agree_with_any_day() -> None:
    """The number only contradicts what it tells."""
    assert parse(numbered("850700034"), TODAY).agrees(date(1985, 7, 12))
    assert not parse(numbered("850700034"), TODAY).agrees(date(1985, 8, 12))
