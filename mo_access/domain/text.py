"""How text is compared where case does not count, in one place for writers and readers."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 600
"""So many characters of a text an index holds; PostgreSQL refuses an entry of 2,704 bytes."""

# Eleven digits, also grouped as people write them.
_NUMBER: Final = re.compile(r"(?<!\d)\d{2}[-. ]?\d{2}[-. ]?\d{2}[-. ]?\d{3}[-. ]?\d{2}(?!\d)")


def normal(text: str) -> str:
    """Return the text in the one form (NFC) of all that spell the same characters."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal (NFC, case-folded)."""
    return normal(text).casefold()


def without_numbers(text: str) -> str:
    """Return the text without anything shaped like an INSZ (rule 9: never in an error)."""
    return _NUMBER.sub("[insz]", text)
