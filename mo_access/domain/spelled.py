"""Numbers of the national register inside other texts, as people write them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from mo_access.domain.insz import has_check_digits

_WHOLE: Final = re.compile(
    r"(?<![^\W_])\d{2}[-. /]?\d{2}[-. /]?\d{2}[-. /]?\d{3}[-. /]?\d{2}(?![^\W_])"
)
"""Eleven digits as people write them, that no letter or digit goes on from."""


def elevens(text: str) -> frozenset[str]:
    """Return the eleven digits of everything in a text that is written like a number."""
    return frozenset(ascii_digits(found) for found in _WHOLE.findall(text))


def may_hold_number(text: str) -> bool:
    """Tell whether a text holds what may be a number, today or any day.

    Every real number is found, and two in a hundred other groups of eleven digits; what is a date
    to come counts too, so that the answer about a text never changes.
    """
    return any(map(has_check_digits, elevens(text)))


def ascii_digits(text: str) -> str:
    """Return the digits of a text, of whatever script, as ASCII."""
    return "".join(str(unicodedata.decimal(sign)) for sign in text if sign.isdecimal())
