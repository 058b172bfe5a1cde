"""What each kind of broker may deviate, as values; the only file that names a vendor.

A profile is a set of named deviations plus the rules that map rights, contexts and group names
(domain.md: their codes are configuration, never constants). Each deviation is explained in
``docs/profiles.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from mo_access.domain.model import Role
from mo_access.mapping_file import EMPTY, MappingFile
from mo_access.mapping_patterns import expression


def _frozen(table: Mapping[str, Role]) -> Mapping[str, Role]:
    return MappingProxyType(dict(table))


_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_WORDS: Final = _frozen(
    {"beheerder": Role.BEHEERDER, "gebruiker": Role.GEBRUIKER, "user": Role.GEBRUIKER}
)
_RIGHTS: Final = _frozen(
    {
        "mijnonderwijsportaalbeheerder": Role.BEHEERDER,
        "mijnonderwijsportaalgebruiker": Role.GEBRUIKER,
    }
)
_THEME_RIGHTS: Final = MappingProxyType(
    {
        "mijnonderwijsportaalgebruiker-leerlingenopenbaar": "leerlingen-openbaar",
        "mijnonderwijsportaalgebruiker-leerlingenvertrouwelijk": "leerlingen-vertrouwelijk",
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """How texts of a broker map to roles and themes; every key is case-folded.

    ``words`` are roles that may stand alone, ``rights`` only count with an institution,
    ``theme_rights`` map a right with its context to a theme's slug (a context that is itself
    the slug needs no entry), ``group_patterns`` are names of groups, in which ``{institution}``
    stands for the number or a code, ``{theme}`` for a theme or a role and ``{role}`` for a role.
    ``themes`` are more names of themes (to the slug), ``institutions`` codes (to the number).
    """

    words: Mapping[str, Role] = field(default_factory=lambda: _WORDS)
    rights: Mapping[str, Role] = field(default_factory=lambda: _RIGHTS)
    theme_rights: Mapping[str, str] = field(default_factory=lambda: _THEME_RIGHTS)
    group_patterns: tuple[str, ...] = ("MO_{institution}_{theme}",)
    themes: Mapping[str, str] = field(default_factory=lambda: _NONE)
    institutions: Mapping[str, str] = field(default_factory=lambda: _NONE)
    group_names: tuple[re.Pattern[str], ...] = field(init=False, compare=False, repr=False)
    """What reads the names of groups by the patterns, made once."""

    def __post_init__(self) -> None:
        words = {"institution": self.institutions, "role": self.words}
        readers = tuple(expression(pattern, words) for pattern in self.group_patterns)
        object.__setattr__(self, "group_names", readers)


def rules(
    beheerder: Iterable[str],
    gebruiker: Iterable[str],
    themes: Mapping[str, str],
    group_patterns: Iterable[str],
    mapping: MappingFile = EMPTY,
) -> Rules:
    """Build the rules from configuration: what settings say, and what only the file can say."""
    rights = {text.casefold(): Role.GEBRUIKER for text in gebruiker}
    rights |= {text.casefold(): Role.BEHEERDER for text in beheerder}
    return Rules(
        rights=rights,
        theme_rights={text.casefold(): slug for text, slug in themes.items()},
        group_patterns=tuple(group_patterns),
        words={text.casefold(): Role(role) for text, role in mapping.words.items()},
        themes={text.casefold(): slug for text, slug in mapping.themes.items()},
        institutions={text.casefold(): number for text, number in mapping.institutions.items()},
    )


class Deviation(StrEnum):
    """One way in which a broker departs from the interop profile; the last two steer answers."""

    UNKNOWN_SCHEMAS = "unknown_schemas"
    UNKNOWN_ATTRIBUTES = "unknown_attributes"
    MISSING_SCHEMAS = "missing_schemas"
    EMPTY_TEXTS = "empty_texts"
    TEXT_BOOLEANS = "text_booleans"
    NUMBERS_AS_TEXT = "numbers_as_text"
    OBJECT_FOR_LIST = "object_for_list"
    LIST_FOR_OBJECT = "list_for_object"
    BARE_VALUES = "bare_values"
    BYTE_ORDER_MARK = "byte_order_mark"
    OP_CASE = "op_case"
    NO_PATH = "no_path"
    PATHS_AS_KEYS = "paths_as_keys"
    DOT_AFTER_URN = "dot_after_urn"
    SHORT_NAMES = "short_names"
    REMOVE_VALUES = "remove_values"
    CREATE_ON_ADD = "create_on_add"
    BARE_FILTERS = "bare_filters"
    UNKNOWN_MEMBERS = "unknown_members"
    PLAIN_JSON = "plain_json"
    RELATIVE_LOCATION = "relative_location"


@dataclass(frozen=True, slots=True)
class Profile:
    """The deviations that pass; none is the interop profile, as far as docs/profiles.md says.

    ``noted`` collects those that a request needed; None where nobody asks.
    """

    name: str
    tolerated: frozenset[Deviation] = frozenset()
    rules: Rules = field(default_factory=Rules)
    noted: set[Deviation] | None = field(default=None, compare=False)

    def allows(self, deviation: Deviation) -> bool:
        """Tell whether a deviation that is here may pass, and note it when it may."""
        passes = deviation in self.tolerated
        if passes and self.noted is not None:
            self.noted.add(deviation)
        return passes


_ANSWERS: Final = frozenset({Deviation.PLAIN_JSON, Deviation.RELATIVE_LOCATION})
STRICT: Final = Profile("strict")
LENIENT: Final = Profile("lenient", frozenset(Deviation) - _ANSWERS)
CONTRADICTING: Final[Mapping[str, Deviation]] = MappingProxyType(
    {"onelogin": Deviation.PLAIN_JSON, "sram": Deviation.RELATIVE_LOCATION}
)
"""The brokers that want an answer which others cannot read (brokers.md, section 5)."""

_SAME_AS_LENIENT: Final = (
    "authentik",
    "canaille",
    "entra",
    "google",
    "jumpcloud",
    "keycloak",
    "midpoint",
    "okta",
    "ping",
    "sailpoint",
    "surfconext",
    "webidm",
)
"""Names that only say who connects: these brokers need nothing beside the default."""

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "strict": STRICT,
        "lenient": LENIENT,
        **{name: replace(LENIENT, name=name) for name in _SAME_AS_LENIENT},
        **{
            name: Profile(name, LENIENT.tolerated | {deviation})
            for name, deviation in CONTRADICTING.items()
        },
    }
)


@lru_cache(maxsize=256)
def profile(text: str) -> Profile:
    """Return the profile that a text names, as ``lenient`` or ``lenient,-remove_values``.

    Behind the name, ``+deviation`` lets one more pass and ``-deviation`` one less. Raises
    ``ValueError`` that lists what is known.
    """
    name, *changes = (part.strip() for part in text.casefold().split(","))
    found = PROFILES.get(name)
    if found is None:
        raise ValueError(f"no profile {name!r}; known are {', '.join(sorted(PROFILES))}")
    tolerated = set(found.tolerated)
    for change in changes:
        if change[:1] not in {"+", "-"}:
            raise ValueError(f"{change!r}: write +{change} or -{change}")
        act = tolerated.add if change.startswith("+") else tolerated.discard
        act(_deviation(change[1:]))
    return replace(found, tolerated=frozenset(tolerated))


def _deviation(text: str) -> Deviation:
    try:
        return Deviation(text)
    except ValueError:
        known = ", ".join(deviation.value for deviation in Deviation)
        raise ValueError(f"no deviation {text!r}; known are {known}") from None
