"""The product's reading of numbers against the rules in plain Python, and against python-stdnum.

python-stdnum asks the clock itself whether a year is to come, so today is today.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.be import ssn

from mo_access.domain.errors import Invalid
from mo_access.domain.insz import has_check_digits, parse
from tests.support import insz, insz_rules
from tests.support.insz_rules import Reading, checked

TODAY: Final = date.today()  # noqa: DTZ011 - the clock that python-stdnum asks
THIS: Final = TODAY.year % 100
YEARS: Final = sorted({0, 1, THIS - 1, THIS, THIS + 1, 85, 96, 99})
DAYS: Final = (0, 1, 28, 29, 30, 31, 32, 99)
SERIALS: Final = (0, 1, 998, 999)
ARABIC, WIDE = ("".join(map(chr, range(zero, zero + 10))) for zero in (0x0660, 0xFF10))
"""Arabic-Indic and full-width digits, which Python takes for numbers."""


def ours(text: str) -> Reading | None:
    """Return what the product reads, None for what it refuses."""
    try:
        found = parse(text, TODAY)
    except Invalid:
        return None
    (born,) = found.births
    return Reading(born, found.gender)


def stdnums(text: str) -> Reading | None:
    """Return what python-stdnum reads."""
    if not ssn.is_valid(text):
        return None
    born = ssn.get_birth_date(text)
    told = (born.year, born.month, born.day) if born else (ssn.get_birth_year(text), None, None)
    return Reading(told, ssn.get_gender(text))


def is_lenient(text: str) -> bool:
    """Tell whether python-stdnum is known to be wrong about a number that it accepts."""
    digits = ssn.compact(text)
    year, month, day = ssn.get_birth_year(text), int(digits[2:4]) % 20, int(digits[4:6])
    odd = text != text.strip() or not text.isascii() or digits[6:9] in {"000", "999"}
    if odd or year is None or month == 0:
        return odd
    try:
        return date(year, month, day or 1) > TODAY
    except ValueError:
        return True


nines = st.builds(
    "{:02d}{:02d}{:02d}{:03d}".format,
    st.integers(0, 99) | st.sampled_from(YEARS),
    st.integers(0, 99) | st.integers(0, 12) | st.integers(20, 32) | st.integers(40, 52),
    st.integers(0, 32) | st.integers(0, 99),
    st.integers(0, 999) | st.sampled_from(SERIALS),
)
numbers = st.builds(lambda nine, late: checked(nine, after_1999=late), nines, st.booleans())
born_lately = st.dates(TODAY - timedelta(days=40), TODAY + timedelta(days=40)).map(
    lambda day: checked(f"{day:%y%m%d}001", after_1999=True)
)


def with_sign(text: str, place: int, sign: str) -> str:
    """Put a sign somewhere into a text."""
    return text[:place] + sign + text[place:]


spoilt = st.builds(
    with_sign,
    numbers,
    st.integers(0, 11),
    st.sampled_from(
        ["\n", "\t", "\r\n", "\x00", "\u00a0", "\u2013", "+", "_", "0", ARABIC[3], WIDE[3]]
    ),
)
separated = st.builds(with_sign, numbers, st.integers(0, 11), st.sampled_from(" .-"))
off_by_one = st.builds(
    lambda text, by: f"{text[:9]}{(int(text[9:]) + by) % 100:02d}", numbers, st.integers(1, 99)
)
in_other_digits = st.builds(
    lambda text, digits: text.translate(str.maketrans("0123456789", digits)),
    numbers,
    st.sampled_from([ARABIC, WIDE]),
)
anything = st.text(max_size=14) | st.from_regex("[0-9 .-]{9,14}", fullmatch=True)


@settings(max_examples=600)
@given(numbers | born_lately | spoilt | separated | off_by_one | in_other_digits | anything)
@example("00000000097")
@example("00000100195")
@example("85073003328\n")
@example("\n85073003328")
@example("85.07.30-033.28")
@example("85 07 30 033 28")
def test_the_product_reads_by_the_rules(text: str) -> None:
    """What is a number, when its human was born as far as it tells, and the sex."""
    assert ours(text) == insz_rules.read(text, TODAY)


@settings(max_examples=400)
@given(numbers | born_lately | spoilt | separated | off_by_one | in_other_digits)
@example("00000000097")
def test_python_stdnum_is_the_same_where_it_is_right(text: str) -> None:
    """Whatever we accept it reads alike; what it accepts beyond that is a known leniency."""
    found, theirs = ours(text), stdnums(text)
    if found is not None:
        assert theirs is not None
        assert (theirs.sex, theirs.born[0]) == (found.sex, found.born[0])
        assert theirs.born[1:] == (found.born[1:] if found.born[2] else (None, None))
    elif theirs is not None:
        assert is_lenient(text)


@pytest.mark.parametrize("year", YEARS)
def test_every_month_and_every_odd_day(year: int) -> None:
    """All hundred months, days that no month has, serials at both ends, both centuries."""
    wrong, valid = [], 0
    for month, day, serial, late in product(range(100), DAYS, SERIALS, (False, True)):
        text = checked(f"{year:02d}{month:02d}{day:02d}{serial:03d}", after_1999=late)
        told = insz_rules.read(text, TODAY)
        valid += told is not None
        if ours(text) != told:
            wrong.append(text)
    assert wrong == []
    assert valid > 100


@pytest.mark.parametrize(
    ("nine", "late", "told"),
    [
        ("850730033", False, Reading((1985, 7, 30), "M")),
        ("170730033", True, Reading((2017, 7, 30), "M")),
        ("000229002", True, Reading((2000, 2, 29), "F")),
        ("000229002", False, None),
        ("850231034", False, None),
        ("850431034", False, None),
        ("852730034", False, Reading((1985, 7, 30), None)),
        ("854730034", False, Reading((1985, 7, 30), "F")),
        ("856730034", False, None),
        ("851330034", False, None),
        ("850700034", False, Reading((1985, 7, None), "F")),
        ("850000034", False, Reading((1985, None, None), "F")),
        ("852000034", False, Reading((1985, None, None), None)),
        ("000001034", False, Reading((None, None, None), "F")),
        ("002001034", True, Reading((None, None, None), None)),
        ("850730000", False, None),
        ("850730999", False, None),
        ("850730001", False, Reading((1985, 7, 30), "M")),
        ("850730998", False, Reading((1985, 7, 30), "F")),
    ],
)
def test_the_rules_say_so(nine: str, late: bool, told: Reading | None) -> None:
    """The oracle itself, case by case as domain.md has them, and the product with it."""
    text = checked(nine, after_1999=late)
    assert insz_rules.read(text, TODAY) == told
    assert ours(text) == told


def test_a_day_to_come_is_no_birth() -> None:
    """Today is one, tomorrow is not; neither is a month or a year to come."""
    for day in (TODAY, TODAY + timedelta(days=1)):
        text = checked(f"{day:%y%m%d}001", after_1999=True)
        assert (ours(text) is None) is (day > TODAY)
    later = checked(f"{THIS + 1:02d}0000001", after_1999=True)
    assert ours(later) is None


def test_the_day_is_the_callers() -> None:
    """Whatever the clock says that python-stdnum asks: on the eve a year is still to come."""
    text = checked("210000001", after_1999=True)
    with pytest.raises(Invalid):
        parse(text, date(2020, 12, 31))
    assert parse(text, date(2021, 1, 1)).births == ((2021, None, None),)


@pytest.mark.parametrize("number", ["85073003328", "85073003427", "17073003384", "98472899765"])
def test_other_digits_are_no_digits(number: str) -> None:
    """Arabic-Indic and full-width forms of the samples, whole or one of them."""
    for digits in (ARABIC, WIDE):
        assert ours(number.translate(str.maketrans("0123456789", digits))) is None
        assert ours(digits[int(number[0])] + number[1:]) is None


@given(st.integers(0, 2_000_000))
def test_made_up_numbers_are_numbers(turn: int) -> None:
    """What tests make up by number is read as it was meant; its check digits are known again."""
    number = insz.made_up(turn)
    told = insz_rules.read(number, TODAY)
    assert told is not None
    assert ours(number) == told
    assert has_check_digits(number)
