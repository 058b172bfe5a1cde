"""What a mapping file may not say: words with two meanings, and names that read in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Final

from mo_access.mapping_patterns import common, literals, places

if TYPE_CHECKING:
    from mo_access.mapping_file import MappingFile

_NUMBER: Final = re.compile(r"[0-9]+", re.ASCII)
_ROLES: Final = frozenset({"beheerder", "gebruiker"})


def faults(mapping: MappingFile) -> Iterator[str]:
    """Yield one line for each contradiction, which starts with the key that is wrong."""
    yield from _twice(mapping)
    yield from _two_meanings(mapping)
    yield from _codes(mapping.institutions)
    yield from _patterns(mapping)


def _tables(mapping: MappingFile) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "rights", mapping.rights or {}
    yield "theme_rights", mapping.theme_rights or {}
    yield "themes", mapping.themes
    yield "roles", mapping.words
    yield "institutions", mapping.institutions


def _twice(mapping: MappingFile) -> Iterator[str]:
    for name, table in _tables(mapping):
        seen: set[str] = set()
        for text in table:
            if text.casefold() in seen:
                yield f"{name}.{text}: is there in another case already; keep one"
            seen.add(text.casefold())
    for word, role in (mapping.roles or {}).items():
        if word.casefold() in _ROLES and role != word.casefold():
            yield f"roles.{word}: always means {word.casefold()}; leave it out"


def _two_meanings(mapping: MappingFile) -> Iterator[str]:
    """Tell of a text that stands in two tables: which of them counts would be a guess."""
    pairs = combinations(_tables(mapping), 2)
    for (one, left), (other, right) in pairs:
        known = {text.casefold() for text in left}
        for text in right:
            if text.casefold() in known:
                yield f"{other}.{text}: stands in {one} too; a text has one meaning"


def _codes(institutions: Mapping[str, str]) -> Iterator[str]:
    for code in institutions:
        if _NUMBER.fullmatch(code):
            yield f"institutions.{code}: is a number; a code has a letter"
        elif set(code) & set(":,") or not (code[0].isalnum() and code[-1].isalnum()):
            yield (
                f"institutions.{code}: holds a colon or a comma, or does not begin and end with a "
                "letter or a digit"
            )


def _patterns(mapping: MappingFile) -> Iterator[str]:
    patterns = mapping.groups.patterns or []
    wrong = [list(_pattern(text, mapping)) for text in patterns]
    for index, lines in enumerate(wrong):
        yield from (f"groups.patterns[{index}]: {line}" for line in lines)
    sound = [(i, text) for i, text in enumerate(patterns) if not wrong[i]]
    words = {"role": mapping.words, "institution": mapping.institutions}
    for (one, left), (other, right) in combinations(sound, 2):
        name = common(left, right, words)
        if name is not None:
            yield (
                f"groups.patterns[{other}]: overlaps with groups.patterns[{one}]; "
                f"both read the name {name!r}"
            )


def _pattern(text: str, mapping: MappingFile) -> Iterator[str]:
    found = places(text)
    if unknown := sorted(set(found) - {"institution", "theme", "role"}):
        yield f"{{{unknown[0]}}} is unknown; there are {{institution}}, {{theme}} and {{role}}"
    elif len(found) != len(set(found)):
        yield "names a place twice"
    elif ("theme" in found) == ("role" in found):
        yield "must hold either {theme} or {role}"
    elif "role" in found and "institution" not in found:
        yield "has {role} without {institution}; a role is held at an institution"
    elif text == "{theme}":
        yield "reads every name"
    else:
        yield from _between(text, mapping)


def _between(text: str, mapping: MappingFile) -> Iterator[str]:
    """See that two places are parted by something that neither can hold."""
    for literal in literals(text)[1:-1]:
        if not literal or literal[0].isalnum() or literal[-1].isalnum():
            yield f"parts its places by {literal!r}; use a sign such as _ or -"
        else:
            yield from _held(literal, "institutions", mapping.institutions)
            if "{role}" in text:
                yield from _held(literal, "roles", mapping.words)


def _held(literal: str, table: str, words: Iterable[str]) -> Iterator[str]:
    inside = next((word for word in words if literal.casefold() in word.casefold()), None)
    if inside is not None:
        yield f"parts its places by {literal!r}, which {table}.{inside} holds"
