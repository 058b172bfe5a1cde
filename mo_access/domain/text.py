"""How text is compared where case does not count, in one place for writers and readers."""

import re
import unicodedata
from typing import Final

from mo_access.domain.insz import has_check_digits

LONGEST: Final = 600
"""So many characters of a text an index holds; PostgreSQL refuses an entry of 2,704 bytes."""

# Eleven digits, also grouped as people write them.
_NUMBER: Final = re.compile(r"(?<!\d)\d{2}[-. ]?\d{2}[-. ]?\d{2}[-. ]?\d{3}[-. ]?\d{2}(?!\d)")
_ID_OR_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z])(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])"
    f"|{_NUMBER.pattern}",
    re.IGNORECASE,
)
# What all of these hold and most texts do not: looked for first, a name costs a tenth.
_DIGITS: Final = re.compile(r"\d\d")


def normal(text: str) -> str:
    """Return the text in the one form (NFC) of all that spell the same characters."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal (NFC, case-folded)."""
    return normal(text).casefold()


def without_numbers(text: str) -> str:
    """Return the text without anything shaped like an INSZ (rule 9: never in an error).

    Inside an id eleven digits in a row are chance, unless their check digits are right.
    """
    return _ID_OR_NUMBER.sub(_masked, text) if _DIGITS.search(text) else text


def _masked(found: re.Match[str]) -> str:
    if found["id"] is None:
        return "[insz]"
    return _NUMBER.sub(lambda number: _in_id(number[0]), found["id"])


def _in_id(number: str) -> str:
    digits = "".join(filter(str.isdigit, number))
    return "[insz]" if has_check_digits(digits) else number
