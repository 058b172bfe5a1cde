"""Made-up INSZ, with check digits of our own reckoning: an oracle for the product's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_FIRST: Final = date(1940, 1, 1)
_DAYS: Final = 30_000
_SERIALS: Final = 998


def checked(body: str, *, after_1999: bool) -> str:
    """Put the two check digits behind nine: 97 less what is left of a division by 97."""
    whole = int(("2" if after_1999 else "") + body)
    return f"{body}{97 - whole % 97:02d}"


def made_up(number: int) -> str:
    """Return the valid number of nobody, another for each ``number`` up to thirty million."""
    serial, day = divmod(number, _DAYS)
    born = _FIRST + timedelta(days=(day * 7_919) % _DAYS)
    body = f"{born:%y%m%d}{serial % _SERIALS + 1:03d}"
    return checked(body, after_1999=born.year > 1999)
