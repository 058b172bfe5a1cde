"""The rules of the number in plain Python, read from domain.md and from nothing of the product.

Written as a table would say them: one line for each rule, by slicing text, without python-stdnum.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Final

_ASCII: Final = set("0123456789")
_BETWEEN: Final = " .-"
_NOBODY_KNOWS_WHEN: Final = ("000001", "002001", "004001")
"""The register's own mark for somebody whose year of birth is unknown too: 1900 or 2000, 00, 01."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a number tells: year, month and day of birth where it tells them, and the sex."""

    born: tuple[int | None, int | None, int | None]
    sex: str | None


def read(text: str, today: date) -> Reading | None:
    """Read a number; None for what is none."""
    digits = "".join(sign for sign in text if sign not in _BETWEEN)
    if len(digits) != 11 or not set(digits) <= _ASCII:
        return None
    if digits[6:9] in {"000", "999"}:
        return None
    century = _century(digits)
    kind = _kind(int(digits[2:4]))
    if century is None or kind is None:
        return None
    born = _born(digits, century, int(digits[2:4]) - kind, today)
    sex = "FM"[int(digits[8]) % 2] if kind != 20 else None
    return None if born is None else Reading(born, sex)


def _century(digits: str) -> int | None:
    """97 less the rest of the first nine, a 2 before them for who was born from 2000 on."""
    told = int(digits[9:])
    if told == 97 - int(digits[:9]) % 97:
        return 1900
    return 2000 if told == 97 - int("2" + digits[:9]) % 97 else None


def _kind(month: int) -> int | None:
    """Nothing on top of the month, 20 for a BIS number of unknown sex, 40 of known sex."""
    return next((top for top in (0, 20, 40) if top <= month <= top + 12), None)


def _born(
    digits: str, century: int, month: int, today: date
) -> tuple[int | None, int | None, int | None] | None:
    if digits[:6] in _NOBODY_KNOWS_WHEN:
        return None, None, None
    year, day = century + int(digits[:2]), int(digits[4:6])
    if month == 0:
        return (year, None, None) if year <= today.year else None
    if day == 0:
        return (year, month, None) if (year, month) <= (today.year, today.month) else None
    if day > calendar.monthrange(year, month)[1]:
        return None
    return (
        (year, month, day) if (year, month, day) <= (today.year, today.month, today.day) else None
    )


def checked(nine: str, *, after_1999: bool) -> str:
    """Put the two check digits behind nine."""
    return f"{nine}{97 - int(('2' if after_1999 else '') + nine) % 97:02d}"
