"""An access review as CSV: one line for each origin of a role or theme, safe to open anywhere."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from mo_access.service.explaining import Origin
from mo_access.service.review import Entry, Listing
from mo_access.service.unit_of_work import BRUSSELS

COLUMNS: Final = {
    "nl": (
        *("persoon", "naam", "gebruikersnaam", "soort", "recht", "instelling", "gegeven door"),
        *("via", "sinds", "begin", "einde", "telt nu", "waarom niet", "laatste aanmelding"),
        "loopt weldra af",
    ),
    "en": (
        *("person", "name", "user name", "kind", "right", "institution", "given by"),
        *("through", "since", "start", "end", "counts now", "why not", "last sign-in"),
        "ends soon",
    ),
}
_WORDS: Final = {"nl": ("ja", "nee", "rol", "thema"), "en": ("yes", "no", "role", "theme")}
_MARK: Final = "\ufeff"
"""Without it a spreadsheet reads UTF-8 as something else."""
_MINUTE: Final = 60_000_000
"""In microseconds."""
# A spreadsheet runs a cell that begins so; it may pass over blanks before.
_FORMULA: Final = re.compile(r"\s*[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
# One that is set to Dutch splits at semicolons, and takes no quote in mid-cell for one: then a
# cell begins, or a line, in the midst of what is one cell here.
_INNER: Final = re.compile(r"([;,\t\r\n])(?=[\s\"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20])")
# All that any of the two looks for and all that is taken out: most cells hold none of it.
_SUSPECT: Final = re.compile(r"[=+\-@|%\uff1d\uff0b\uff0d\uff20\x00-\x1f\x7f]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def chunks(found: Iterable[Listing], language: str = "nl") -> Iterator[bytes]:
    """Yield the file piece by piece in UTF-8: a piece for each page, however long the list is."""
    yield (_MARK + _written([COLUMNS[language]])).encode()
    for listing in found:
        lines = [line for entry in listing.entries for line in _lines(entry, language)]
        yield _written(lines).encode()


def safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, without control characters.

    Neither as a whole nor cut where another separator would end it.
    """
    if _SUSPECT.search(text) is None:
        return text
    plain = _INNER.sub(r"\1'", _CONTROL.sub("", text))
    return f"'{plain}" if _FORMULA.match(plain) else plain


def _written(lines: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()


def _lines(entry: Entry, language: str) -> Iterator[tuple[str, ...]]:
    yes, no, role, theme = _WORDS[language]
    person = (entry.person, safe(entry.name), safe(entry.user_name))
    last = (_moment(entry.last_sign_in), entry.ends or "")
    for one in entry.roles:
        counts = (no, one.idle) if one.idle else (yes, "")
        yield (*person, role, one.value, *_origin(one), *counts, *last)
    for held in entry.themes:
        slug = _word(held.slug)
        for one in held.origins:
            open_ = held.open and one.idle is None
            why = "" if open_ else one.idle or held.reason.value
            yield (*person, theme, slug, *_origin(one), yes if open_ else no, why, *last)


def _origin(one: Origin) -> tuple[str, ...]:
    """Give the cells of an origin; numbers, days and our own words need no ``safe``."""
    by, through = _word(one.client), _word(one.how)
    return (one.institution or "", by, through, _moment(one.since), one.start or "", one.end or "")


# Clients, groups and themes are few and stand on every line.
_word: Final = lru_cache(maxsize=10_000)(safe)


def _moment(micros: int | None) -> str:
    return "" if micros is None else _minute(micros // _MINUTE)


@lru_cache(maxsize=10_000)
def _minute(since_epoch: int) -> str:
    """Show a minute as people in Brussels read it; many have what they have from the same one."""
    return datetime.fromtimestamp(since_epoch * 60, BRUSSELS).strftime("%Y-%m-%d %H:%M")
