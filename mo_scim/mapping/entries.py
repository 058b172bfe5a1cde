"""The entries of a multi-valued attribute: which are the same, which one is primary."""

from __future__ import annotations

from typing import Final

from mo_access.domain.model import Json
from mo_access.domain.text import fold
from mo_scim.mapping.normalise import writable
from mo_scim.mapping.shape import Attribute

_SAYS_NOTHING: Final = frozenset({"display", "$ref"})


def joined(kept: list[Json], added: list[Json], attribute: Attribute) -> list[Json]:
    """Put values behind the kept ones; an equal one takes the old one's place."""
    known = [plain(item, attribute) for item in kept]
    result = list(kept)
    for item in added:
        if item in known:
            result[known.index(item)] = item
        else:
            result.append(item)
            known.append(item)
    one_primary(result, [item for item in added if is_primary(item)])
    return result


def plain(entry: Json, attribute: Attribute) -> Json:
    """Return an entry without its read-only parts."""
    return writable(entry, attribute) if isinstance(entry, dict) else entry


def is_primary(entry: Json) -> bool:
    """Tell whether an entry is the primary one."""
    return isinstance(entry, dict) and entry.get("primary") is True


def one_primary(entries: list[Json], chosen: list[Json]) -> None:
    """Let a newly primary entry be the only one (RFC 7644 section 3.5.2)."""
    if not chosen:
        return
    for entry in entries:
        if isinstance(entry, dict) and entry.get("primary") and entry not in chosen:
            entry["primary"] = False


def is_same(entry: Json, wanted: Json) -> bool:
    """Compare by the parts that are named; what only describes the value does not count."""
    if not isinstance(entry, dict):
        return entry == wanted
    asked = wanted if isinstance(wanted, dict) else {"value": wanted}
    folded = {name.casefold(): value for name, value in entry.items()}
    parts = {k.casefold(): v for k, v in asked.items() if v is not None}
    telling = {k: v for k, v in parts.items() if k not in _SAYS_NOTHING}
    return bool(telling) and all(_equal(folded.get(k), v) for k, v in telling.items())


def _equal(left: Json, right: Json) -> bool:
    both_text = isinstance(left, str) and isinstance(right, str)
    return fold(str(left)) == fold(str(right)) if both_text else left == right
