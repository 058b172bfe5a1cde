"""What an ``acr`` value is worth (domain.md, claims; design section 3, ruling 11).

The table is a value: a deployment brings its own through the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PREFIX: Final = "urn:be:vlaanderen:authmech:"

DEFAULT_LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {
        f"{_PREFIX}{name}": level
        for name, level in {
            "eid": 35,
            "eidashigh": 35,
            "itsme": 27,
            "csamtotp": 26,
            "csamsms": 25,
            "eidassubstantial": 25,
            "tlsclient": 19,
            "kerberos": 12,
            "password": 10,
            "csampassword": 5,
            "csamselfreg": 5,
        }.items()
    }
)


def level_of(acr: str | None, table: Mapping[str, int] = DEFAULT_LEVELS) -> int:
    """Return the level of ``acr``; an unknown or missing one is worth 0."""
    return table.get(acr, 0) if acr else 0


def meets(acr: str | None, asked: str, table: Mapping[str, int] = DEFAULT_LEVELS) -> bool:
    """Tell whether a session with ``acr`` satisfies the value that was ``asked`` (ruling 11).

    A known asked value is met by at least its level, an unknown one only by itself, and a
    missing ``acr`` meets nothing.
    """
    if not acr:
        return False
    wanted = table.get(asked)
    return acr == asked if wanted is None else level_of(acr, table) >= wanted


def sufficient(level: int, table: Mapping[str, int] = DEFAULT_LEVELS) -> tuple[str, ...]:
    """Return every value that is worth at least ``level``, the least demanding first."""
    enough = [(worth, value) for value, worth in table.items() if worth >= level]
    return tuple(value for _, value in sorted(enough))
