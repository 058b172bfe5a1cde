"""The entries of a multi-valued attribute: which are the same, which one is primary."""

from __future__ import annotations

import json
from typing import Final

from mo_access.domain.model import Json
from mo_access.domain.text import fold
from mo_scim.mapping.normalise import writable
from mo_scim.mapping.shape import Attribute

_SAYS_NOTHING: Final = frozenset({"display", "$ref"})


def joined(kept: list[Json], added: list[Json], attribute: Attribute) -> list[Json]:
    """Put values behind the kept ones; an equal one takes the old one's place."""
    result = list(kept)
    known = {_exactly(plain(item, attribute)): place for place, item in enumerate(kept)}
    for item in added:
        place = known.setdefault(_exactly(item), len(result))
        result[place : place + 1] = [item]
    return one_primary(result, [item for item in added if is_primary(item)])


def _exactly(entry: Json) -> str:
    return json.dumps(entry, sort_keys=True)


def plain(entry: Json, attribute: Attribute) -> Json:
    """Return an entry without its read-only parts."""
    return writable(entry, attribute) if isinstance(entry, dict) else entry


def is_primary(entry: Json) -> bool:
    """Tell whether an entry is the primary one."""
    return isinstance(entry, dict) and entry.get("primary") is True


def one_primary(entries: list[Json], chosen: list[Json]) -> list[Json]:
    """Let a newly primary entry be the only one (RFC 7644 section 3.5.2)."""
    if not chosen:
        return entries
    return [
        {**entry, "primary": False}
        if isinstance(entry, dict) and entry.get("primary") and entry not in chosen
        else entry
        for entry in entries
    ]


def without(entries: list[Json], unwanted: list[Json]) -> list[Json]:
    """Take away the entries that an unwanted one names by its parts, each looked at once.

    What only describes the value does not count; texts compare without case.
    """
    simple = {_key(each) for each in unwanted}
    named: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for each in unwanted:
        told = _telling(each if isinstance(each, dict) else {"value": each})
        if told:
            named.setdefault(tuple(told), set()).add(tuple(told.values()))
    return [entry for entry in entries if not _is_among(entry, simple, named)]


def _is_among(
    entry: Json, simple: set[str], named: dict[tuple[str, ...], set[tuple[str, ...]]]
) -> bool:
    if not isinstance(entry, dict):
        return _key(entry) in simple
    folded = {name.casefold(): _key(value) for name, value in entry.items()}
    return any(
        tuple(folded.get(name, "") for name in names) in values for names, values in named.items()
    )


def _telling(wanted: dict[str, Json]) -> dict[str, str]:
    """Return the parts that tell one entry from another, in order, as they are compared."""
    parts = {name.casefold(): value for name, value in wanted.items() if value is not None}
    return {name: _key(parts[name]) for name in sorted(parts) if name not in _SAYS_NOTHING}


def _key(value: Json) -> str:
    """Return what two values have in common that count as equal."""
    return json.dumps(fold(value) if isinstance(value, str) else value, sort_keys=True)
