"""The table of claims in the domain page, row by row."""

from typing import Any

import pytest

from mo_oidc import claims
from mo_oidc.claims import ClaimedRole
from mo_oidc.config import ClaimRules

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
