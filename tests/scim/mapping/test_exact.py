"""Words of brokers match whole and without case: never a prefix, a suffix or a part (domain.md)."""

from __future__ import annotations

import string
from dataclasses import dataclass

from hypothesis import assume, given
from hypothesis import strategies as st

from mo_access.commands.mapping_places import ANYBODY
from mo_access.domain.model import Document, Role
from mo_access.mapping_file import MappingFile, parsed
from mo_oidc import claims
from mo_oidc.config import ClaimRules
from mo_scim.mapping import trial
from mo_scim.mapping.trial import Place, Tried
from mo_scim.profiles import LENIENT, Profile, rules

MAPPING = parsed(
    """
version = 1
[rights]
PortaalBeheerder = "beheerder"
"Portaal Gebruiker" = "gebruiker"
[theme_rights]
"Portaal Gebruiker-Openbaar" = "openbaar"
[themes]
LLN_OPEN = "openbaar"
[roles]
member = "gebruiker"
school-admin = "beheerder"
[institutions]
GENT = "900001"
ou-2 = "900002"
[groups]
patterns = ["MO_{institution}_{theme}", "Rol {role} @ {institution}"]
"""
)


@dataclass(frozen=True)
class Known:
    """One theme, and every institution whose number begins with 9."""

    def institution(self, number: str) -> bool:
        """Tell whether there is one."""
        return number.startswith("9")

    def theme(self, text: str) -> str | None:
        """Return the slug."""
        return "openbaar" if text.strip().casefold() == "openbaar" else None


def _place(mapping: MappingFile) -> Place:
    rights = mapping.rights or {}
    told = rules(
        [right for right, role in rights.items() if role == "beheerder"],
        [right for right, role in rights.items() if role == "gebruiker"],
        mapping.theme_rights or {},
        mapping.groups.patterns or [],
        mapping,
    )
    return Place(Profile("lenient", LENIENT.tolerated, told), Known(), ANYBODY)


PLACE = _place(MAPPING)
CLAIMS = ClaimRules(
    rights=MAPPING.rights or {},
    theme_rights=MAPPING.theme_rights or {},
    themes=MAPPING.themes,
    institutions={code.casefold(): number for code, number in MAPPING.institutions.items()},
)
ROLES = {**(MAPPING.rights or {}), **MAPPING.words}
NUMBERS = st.integers(900_000, 999_999).map(str)
EXTRA = st.text(string.ascii_letters + string.digits + "_.", min_size=1, max_size=6)


@st.composite
def any_case(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Draw a text with each letter in one case or the other."""
    text = draw(texts)
    upper = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(c.upper() if up else c.lower() for c, up in zip(text, upper, strict=True))


@st.composite
def near(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Draw something that begins with, ends with, holds, or is a part of a text."""
    text = draw(any_case(texts))
    more, also = draw(EXTRA), draw(EXTRA)
    start = draw(st.integers(0, len(text) - 1))
    part = text[start : draw(st.integers(start + 1, len(text)))]
    return draw(st.sampled_from([text + more, more + text, more + text + also, part]))


def tried(*values: str, attribute: str = "roles") -> Tried:
    """Read a User with these values."""
    body: Document = {"userName": "x", attribute: [{"value": text} for text in values]}
    return trial.user(body, PLACE)


@given(any_case(st.sampled_from(sorted(ROLES))), st.lists(NUMBERS, min_size=1, max_size=4))
def test_a_right_or_role_counts_in_any_case(text: str, numbers: list[str]) -> None:
    """At each institution that the value names, and nowhere else."""
    found = tried(f"{text}:{', '.join(numbers)}")
    role = {word.casefold(): told for word, told in ROLES.items()}[text.casefold()]
    assert {(a.institution, a.role) for a in found.affiliations} == {
        (number, Role(role)) for number in numbers
    }
    assert (found.themes, found.unmapped) == ((), ())


@given(near(st.sampled_from(sorted(ROLES))), NUMBERS)
def test_nothing_near_a_right_or_role_counts(text: str, number: str) -> None:
    """Not in ``roles[]`` and not in a claim."""
    assume(text.strip().casefold() not in {word.casefold() for word in ROLES})
    found = tried(f"{text}:{number}")
    assert (found.affiliations, found.themes) == ((), ())
    assert len(found.unmapped) == 1
    assert claims.read_role(f"{text}:{number}", CLAIMS) == ()


@given(any_case(st.sampled_from(sorted(MAPPING.institutions))))
def test_a_code_counts_in_any_case(code: str) -> None:
    """In roles, entitlements, groups and claims alike."""
    folded = {text.casefold(): number for text, number in MAPPING.institutions.items()}
    number = folded[code.casefold()]
    (role,) = tried(f"member:{code}").affiliations
    (theme,) = tried(f"{code}:LLN_OPEN", attribute="entitlements").themes
    (claimed,) = claims.read_role(f"PortaalBeheerder:{code}", CLAIMS)
    group = trial.group({"displayName": f"MO_{code}_openbaar"}, PLACE).group
    assert group is not None
    told = {role.institution, theme.institution, claimed.institution, group.institution}
    assert told == {number}


@given(near(st.sampled_from(sorted(MAPPING.institutions))))
def test_nothing_near_a_code_counts(code: str) -> None:
    """A part of a code may be a number by itself: that is no part of a code any more."""
    assume(code.casefold() not in {text.casefold() for text in MAPPING.institutions})
    assume(not code.isdigit())
    assert tried(f"member:{code}").affiliations == ()
    assert tried(f"{code}:LLN_OPEN", attribute="entitlements").themes == ()
    assert claims.read_role(f"PortaalBeheerder:{code}", CLAIMS) == ()
    group = trial.group({"displayName": f"Rol member @ {code}"}, PLACE).group
    assert group is not None
    assert (group.role, group.institution) == (None, None)


@given(near(st.sampled_from(["LLN_OPEN", "openbaar"])), NUMBERS)
def test_nothing_near_a_theme_counts(text: str, number: str) -> None:
    """As an entitlement, a context or a group."""
    assume(text.casefold() not in {"lln_open", "openbaar"})
    assume(text.casefold() not in {word.casefold() for word in ROLES})
    assert tried(f"{number}:{text}", attribute="entitlements").themes == ()
    found = tried(f"Portaal Gebruiker-{text}:{number}")
    assert (found.affiliations, found.themes) == ((), ())
    assert claims.read_role(f"Portaal Gebruiker-{text}:{number}", CLAIMS) == ()
    group = trial.group({"displayName": f"MO_{number}_{text}"}, PLACE).group
    assert group is not None
    assert (group.theme, group.role) == (None, None)


@given(any_case(st.sampled_from(["LLN_OPEN", "openbaar"])), NUMBERS)
def test_a_theme_by_another_name_counts_everywhere(text: str, number: str) -> None:
    """With the context of a gebruiker; a beheerder with a context has the theme alone."""
    (grant,) = tried(f"{text}:{number}", attribute="entitlements").themes
    (narrowed,) = tried(f"portaal gebruiker-{text}:{number}").themes
    assert {(g.theme, g.institution) for g in (grant, narrowed)} == {("openbaar", number)}
    beheerder = tried(f"PortaalBeheerder-{text}:{number}")
    assert beheerder.affiliations == ()
    claimed = claims.read_role(f"PortaalBeheerder-{text}:{number}", CLAIMS)
    assert {(one.role, one.theme) for one in claimed} <= {(None, "openbaar")}


@given(any_case(st.sampled_from(sorted(MAPPING.words))), NUMBERS)
def test_the_name_of_a_role_group_is_read_whole(word: str, number: str) -> None:
    """What stands before or behind makes it another name."""
    group = trial.group({"displayName": f"ROL {word} @ {number}"}, PLACE).group
    assert group is not None
    assert (group.role, group.institution) == (Role(MAPPING.words[word.casefold()]), number)
    for name in (f"x Rol {word} @ {number}", f"Rol {word} @ {number}x", f"Rol {word}@{number}"):
        other = trial.group({"displayName": name}, PLACE).group
        assert other is not None
        assert (other.role, other.theme) == (None, None)
