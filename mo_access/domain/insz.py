"""The Belgian social security number (INSZ): a strict reading (domain.md, People).

python-stdnum judges first; it accepts serial 000 and 999, impossible and future dates and stray
characters, so the same number is then read again with none of that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from stdnum.be import ssn
from stdnum.exceptions import ValidationError

from mo_access.domain.errors import Invalid

BirthParts: TypeAlias = tuple[int | None, int | None, int | None]

_SEPARATORS: Final = re.compile(r"[ .\-]")
_DIGITS: Final = re.compile(r"[0-9]{11}", re.ASCII)
_LAST_SERIAL: Final = 998
_SEX_UNKNOWN: Final = range(20, 33)
_UNKNOWN_BIRTH: Final = frozenset({"000001", "002001", "004001"})
_MESSAGE: Final = (
    "insz: this is no valid INSZ. Send the 11 digits of the rijksregisternummer or the BIS number."
)


@dataclass(frozen=True, slots=True)
class Insz:
    """A valid number: its 11 digits and what it tells of the person.

    ``births`` holds one (year, month, day) per century that the check digits allow, None where
    the number does not tell; ``gender`` is M, F or None (BIS numbers of unknown sex).
    """

    digits: str
    births: tuple[BirthParts, ...]
    gender: str | None

    def agrees(self, born: date) -> bool:
        """Tell whether this birth date contradicts nothing that the number tells."""
        asked = (born.year, born.month, born.day)
        return any(
            all(told is None or told == said for told, said in zip(parts, asked, strict=True))
            for parts in self.births
        )


def parse(text: str, today: date) -> Insz:
    """Read a number, written with or without ``.``, ``-`` and spaces.

    Raises ``Invalid`` (attribute ``insz``), whose text never holds the number.
    """
    digits = _SEPARATORS.sub("", text)
    if not _DIGITS.fullmatch(digits) or not 1 <= int(digits[6:9]) <= _LAST_SERIAL:
        raise Invalid(_MESSAGE, attribute="insz")
    try:
        ssn.validate(digits)
    except ValidationError as error:
        raise Invalid(_MESSAGE, attribute="insz") from error
    births = tuple(
        parts for century in _centuries(digits) for parts in _birth(digits, century, today)
    )
    if not births:
        raise Invalid(_MESSAGE, attribute="insz")
    return Insz(digits, births, _gender(digits))


def has_check_digits(digits: str) -> bool:
    """Tell whether 11 digits end in the check digits of a number, of either century.

    Every real number has them; of other digits about two in a hundred do.
    """
    return bool(_centuries(digits))


def _centuries(digits: str) -> tuple[int, ...]:
    """List the centuries of birth for which the check digits are right."""
    check = int(digits[9:])
    bodies = ((1900, int(digits[:9])), (2000, int("2" + digits[:9])))
    return tuple(century for century, body in bodies if 97 - body % 97 == check)


def _birth(digits: str, century: int, today: date) -> tuple[BirthParts, ...]:
    """Read the birth date in this century: one reading, or none when there is no such day."""
    if digits[:6] in _UNKNOWN_BIRTH:
        return ((None, None, None),)
    year, month, day = century + int(digits[:2]), int(digits[2:4]) % 20, int(digits[4:6])
    if month == 0:
        return ((year, None, None),) if year <= today.year else ()
    try:
        first = date(year, month, day or 1)
    except ValueError:
        return ()
    return ((year, month, day or None),) if first <= today else ()


def _gender(digits: str) -> str | None:
    """Read the sex from the serial, unless a BIS number leaves it open (month + 20)."""
    if int(digits[2:4]) in _SEX_UNKNOWN:
        return None
    return "M" if int(digits[6:9]) % 2 else "F"
