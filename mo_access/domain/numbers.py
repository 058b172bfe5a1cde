"""The instellingsnummer: six digits, always text (domain.md, Institutions)."""

import re
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.text import without_numbers

DIGITS: Final = 6
_NUMBER: Final = re.compile(r"[0-9]{5,6}")


def institution_number(text: str) -> str:
    """Return the number in six digits; registers lose a leading zero, so five are padded.

    Raises ``Invalid`` for anything else.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise Invalid(
            f"{without_numbers(stripped)[:20]!r} is no institution number of {DIGITS} digits"
        )
    return stripped.zfill(DIGITS)
