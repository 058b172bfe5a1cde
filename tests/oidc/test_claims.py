"""The table of claims in the domain page, row by row."""

from dataclasses import replace
from typing import Any

import pytest

from mo_access.commands.mapping_places import Assumed
from mo_access.domain.model import Role
from mo_oidc import claims
from mo_oidc.claims import ClaimedRole
from mo_oidc.config import ClaimRules
from mo_scim.mapping import roles
from mo_scim.profiles import Rules

RULES = ClaimRules()
BEHEERDER, GEBRUIKER = "beheerder", "gebruiker"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["MijnOnderwijsPortaalBeheerder:900001"], [("900001", BEHEERDER, None)]),
        ("mijnonderwijsportaalgebruiker:90001", [("090001", GEBRUIKER, None)]),
        (
            ["MijnOnderwijsPortaalGebruiker:900001, 900002"],
            [("900001", GEBRUIKER, None), ("900002", GEBRUIKER, None)],
        ),
        (
            ["MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:900001"],
            [("900001", GEBRUIKER, "leerlingen-vertrouwelijk")],
        ),
        (["MijnOnderwijsPortaalBeheerderAssistent:900001"], []),
        (["XMijnOnderwijsPortaalBeheerder:900001"], []),
        (["MijnOnderwijsPortaalBeheerder-onbekend:900001"], []),
        (["MijnOnderwijsPortaalGebruiker-onbekend:900001"], []),
        (["MijnOnderwijsPortaalGebruiker-:900001"], []),
        (["MijnOnderwijsPortaalBeheerder"], []),
        ([":900001"], []),
        ([""], []),
        (["MijnOnderwijsPortaalBeheerder:"], []),
        (["MijnOnderwijsPortaalBeheerder:9001"], []),
        (["MijnOnderwijsPortaalBeheerder:9000011"], []),
        (["MijnOnderwijsPortaalBeheerder:900001:900002"], []),
        (["MijnOnderwijsPortaalBeheerder:٩٠٠٠٠١"], []),
        (["MijnOnderwijsPortaalBeheerder:900001\n"], []),
        (["MijnOnderwijsPortaalBeheerder:OVO002949, 900001"], [("900001", BEHEERDER, None)]),
        ([1, None, {"a": 1}, ["MijnOnderwijsPortaalBeheerder:900001"]], []),
        ({"MijnOnderwijsPortaalBeheerder": "900001"}, []),
        (7, []),
        (True, []),
    ],
)
def test_role_claims(value: Any, expected: list[tuple[str, str, str | None]]) -> None:  # noqa: ANN401 - a test may say anything
    """A right counts when it matches whole, at every organisation that it names."""
    given = claims.roles({"mijnonderwijs_rol_3d": value}, RULES)
    assert list(given) == [ClaimedRole(*role) for role in expected]


@pytest.mark.parametrize(
    ("text", "role", "theme"),
    [
        ("MijnOnderwijsPortaalGebruiker", "gebruiker", None),
        ("mijnonderwijsportaalgebruiker-leerlingenvertrouwelijk", "gebruiker", "vertrouwelijk"),
        ("MijnOnderwijsPortaalGebruiker-lln", "gebruiker", "openbaar"),
        ("MijnOnderwijsPortaalBeheerder", "beheerder", None),
        ("MijnOnderwijsPortaalBeheerder-leerlingenVertrouwelijk", None, "vertrouwelijk"),
        ("MijnOnderwijsPortaalBeheerder-lln", None, "openbaar"),
        ("MijnOnderwijsPortaalBeheerder-onbekend", None, None),
        ("MijnOnderwijsPortaalGebruiker-onbekend", None, None),
        ("Dienstbrieven-lezen", None, "openbaar"),
        ("MijnOnderwijsPortaalBeheerder -lln", None, "openbaar"),
        ("MijnOnderwijsPortaalBeheerderAssistent-lln", None, None),
    ],
)
def test_both_doors_read_a_right_alike(text: str, role: str | None, theme: str | None) -> None:
    """What a broker provisions and what a claim says give the same, and never more than asked."""
    themes = {
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk": "vertrouwelijk",
        "MijnOnderwijsPortaalBeheerder-leerlingenVertrouwelijk": "vertrouwelijk",
        "Dienstbrieven-lezen": "openbaar",
    }
    said = claims.read_role(
        f"{text}:900001", replace(RULES, theme_rights=themes, themes={"lln": "openbaar"})
    )
    assert [(one.role, one.theme) for one in said] == ([(role, theme)] if role or theme else [])
    rights = {
        "mijnonderwijsportaalbeheerder": Role.BEHEERDER,
        "mijnonderwijsportaalgebruiker": Role.GEBRUIKER,
    }
    rules = Rules(
        rights=rights,
        theme_rights={key.casefold(): slug for key, slug in themes.items()},
        themes={"lln": "openbaar"},
    )
    place = roles.Place(rules, Assumed(frozenset({"openbaar", "vertrouwelijk"})))
    meant = roles.roles([{"value": f"{text}:900001"}], place)
    assert [claim.role.value for claim in meant.affiliations] == ([role] if role else [])
    assert [grant.theme for grant in meant.grants] == ([theme] if theme else [])


def test_both_role_claims_count_each_role_once() -> None:
    """The 2D and the 3D claim are one list, and a claim's name may differ in case."""
    given = claims.roles(
        {
            "mijnonderwijs_rol_3d": "MijnOnderwijsPortaalBeheerder:900001",
            "MijnOnderwijs_Rol_2D": [
                "MijnOnderwijsPortaalBeheerder:900001",
                "MijnOnderwijsPortaalGebruiker:900002",
            ],
        },
        RULES,
    )
    assert given == (ClaimedRole("900001", BEHEERDER), ClaimedRole("900002", GEBRUIKER))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("900001", ("900001",)),
        ("90001", ("090001",)),
        (["900001", "900002", "900001"], ("900001", "900002")),
        ("OVO002949", ()),
        ("", ()),
        (900001, ()),
        ([], ()),
    ],
)
def test_capacity(value: object, expected: tuple[str, ...]) -> None:
    """A capacity is the institutions that it names; an unknown one leaves nothing."""
    assert claims.capacity({"vo_orgcode": value}, RULES) == expected


def test_no_capacity_does_not_narrow() -> None:
    """Without the claim, or with a null, a session has no capacity."""
    assert claims.capacity({}, RULES) is None
    assert claims.capacity({"vo_orgcode": None}, RULES) is None


def test_a_role_elsewhere_is_ignored_and_told() -> None:
    """A role for another institution than the chosen one does not count, and is named."""
    here, there = ClaimedRole("900001", BEHEERDER), ClaimedRole("900002", BEHEERDER)
    assert claims.narrowed((here, there), ("900001",)) == ((here,), (there,))
    assert claims.narrowed((here, there), None) == ((here, there), ())
    assert claims.narrowed((here,), ()) == ((), (here,))
