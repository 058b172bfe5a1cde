"""How text is compared where case does not count, in one place for writers and readers."""

import unicodedata


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are equal (NFC, case-folded)."""
    return unicodedata.normalize("NFC", text).casefold()
