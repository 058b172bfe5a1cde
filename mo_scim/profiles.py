"""What each kind of broker may deviate, as values; the only file that names a vendor.

A profile is a set of named tolerances plus the rules that map rights, contexts and group names
(domain.md: their codes are configuration, never constants).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from mo_access.domain.model import Role


def _frozen(table: Mapping[str, Role]) -> Mapping[str, Role]:
    return MappingProxyType(dict(table))


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
    stands for the number and ``{theme}`` for a theme or a role.
    """

    words: Mapping[str, Role] = field(default_factory=lambda: _WORDS)
    rights: Mapping[str, Role] = field(default_factory=lambda: _RIGHTS)
    theme_rights: Mapping[str, str] = field(default_factory=lambda: _THEME_RIGHTS)
    group_patterns: tuple[str, ...] = ("MO_{institution}_{theme}",)


def rules(
    beheerder: Iterable[str],
    gebruiker: Iterable[str],
    themes: Mapping[str, str],
    group_patterns: Iterable[str],
) -> Rules:
    """Build the rules from configuration: rights that mean a role, rights that mean a theme."""
    rights = {text.casefold(): Role.GEBRUIKER for text in gebruiker}
    rights |= {text.casefold(): Role.BEHEERDER for text in beheerder}
    return Rules(
        rights=rights,
        theme_rights={text.casefold(): slug for text, slug in themes.items()},
        group_patterns=tuple(group_patterns),
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """The tolerances of one kind of broker; all off is the interop profile.

    ``ignore_unknown``: schemas, extensions and attributes that nobody declared are dropped.
    ``add_schemas``: ``schemas`` may be missing. ``drop_empty``: ``""`` is no value.
    ``text_booleans``: ``"True"`` is true. ``text_numbers``: 701984 is ``"701984"``.
    ``odd_shapes``: an object for a list, a bare text for its ``value``, a list of one for an
    object. ``remove_values``: PATCH ``remove`` with a value removes those. ``create_on_add``:
    PATCH ``add`` on a filter without match makes the entry. ``bare_filters``: filter values
    without quotes. ``skip_unknown_members``: PATCH ``add`` applies the members that exist.
    """

    name: str
    ignore_unknown: bool = False
    add_schemas: bool = False
    drop_empty: bool = False
    text_booleans: bool = False
    text_numbers: bool = False
    odd_shapes: bool = False
    remove_values: bool = False
    create_on_add: bool = False
    bare_filters: bool = False
    skip_unknown_members: bool = False
    rules: Rules = field(default_factory=Rules)


STRICT: Final = Profile("strict")
LENIENT: Final = Profile(
    "lenient",
    ignore_unknown=True,
    add_schemas=True,
    drop_empty=True,
    text_booleans=True,
    text_numbers=True,
    odd_shapes=True,
    remove_values=True,
    create_on_add=True,
    bare_filters=True,
    skip_unknown_members=True,
)
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "strict": STRICT,
        "lenient": LENIENT,
        **{
            name: replace(LENIENT, name=name)
            for name in (
                "authentik",
                "canaille",
                "entra",
                "google",
                "jumpcloud",
                "keycloak",
                "midpoint",
                "okta",
                "onelogin",
                "ping",
                "sailpoint",
                "surfconext",
                "webidm",
            )
        },
    }
)


def profile(name: str) -> Profile:
    """Return the profile with this name; raises ``ValueError`` that lists the known ones."""
    found = PROFILES.get(name.casefold())
    if found is None:
        raise ValueError(f"no profile {name!r}; known are {', '.join(sorted(PROFILES))}")
    return found
