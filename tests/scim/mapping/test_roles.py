"""What ``roles[]``, ``entitlements[]`` and ``organization`` give: the rows of the tables."""

from __future__ import annotations

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Form, GrantClaim, Role
from tests.scim.mapping.kit import ORG, URN, actor, read, said

BEHEERDER, GEBRUIKER = Role.BEHEERDER, Role.GEBRUIKER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MijnOnderwijsPortaalBeheerder:900001", [("900001", BEHEERDER)]),
        ("mijnonderwijsportaalgebruiker:90001", [("090001", GEBRUIKER)]),
        (
            "MijnOnderwijsPortaalGebruiker:900001, 900002",
            [("900001", GEBRUIKER), ("900002", GEBRUIKER)],
        ),
        ("MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:900001", [("900001", GEBRUIKER)]),
        ("beheerder:900001", [("900001", BEHEERDER)]),
        ("Beheerder : 900001", [("900001", BEHEERDER)]),
        ("user:900001", [("900001", GEBRUIKER)]),
    ],
)
def test_a_role_with_its_institution_counts(text: str, expected: list[tuple[str, Role]]) -> None:
    """The right matches whole and without case; numbers are padded; several may follow."""
    found = read({"roles": [{"value": text}]})
    assert found.affiliations == tuple(said(Form.ROLES, n, role) for n, role in expected)
    assert found.unmapped == ()


@pytest.mark.parametrize(
    "text",
    [
        "MijnOnderwijsPortaalBeheerderAssistent:900001",
        "MijnOnderwijsPortaalBeheerder-Assistent:900001",
        "MijnOnderwijsPortaalBeheerder-leerlingenVertrouwelijk:900001",
        "MijnOnderwijsPortaalBeheerder",
        ":900001",
        "900001",
        "beheerder:",
        "beheerder:999999",
        "beheerder:1234567",
        "iets anders",
        "beheerder",
    ],
)
def test_what_maps_to_nothing_is_kept_and_reported(text: str) -> None:
    """Unknown rights, unknown and foreign institutions give nothing and are no error."""
    found = read({"roles": [{"value": text}]})
    assert (found.affiliations, found.grants) == ((), ())
    assert found.document["roles"] == [{"value": text}]
    assert len(found.unmapped) == 1


def test_one_foreign_institution_does_not_spoil_the_others() -> None:
    """What maps counts, and the entry is reported."""
    found = read({"roles": ["beheerder:900001,999999"]})
    assert found.affiliations == (said(Form.ROLES, "900001", BEHEERDER),)
    assert len(found.unmapped) == 1


def test_a_long_number_is_not_reported_in_the_clear() -> None:
    """An INSZ with a slip in a role must not reach a report (domain.md, People)."""
    assert "85073003329" not in read({"roles": ["recht:85073003329"]}).unmapped[0]


def test_the_type_names_the_institution() -> None:
    """``value`` plus ``type`` is the same as ``value:type``."""
    found = read({"roles": [{"value": "MijnOnderwijsPortaalBeheerder", "type": "900001"}]})
    assert found.affiliations == (said(Form.ROLES, "900001", BEHEERDER),)


def test_a_type_that_names_another_institution_is_refused() -> None:
    """Contradictions are never merged."""
    with pytest.raises(Invalid, match="two institutions"):
        read({"roles": [{"value": "beheerder:900001", "type": "900002"}]})


def test_a_type_that_is_no_number_is_only_a_label() -> None:
    """Some brokers send ``direct``."""
    found = read({"roles": [{"value": "beheerder:900001", "type": "direct"}]})
    assert found.affiliations == (said(Form.ROLES, "900001", BEHEERDER),)


@pytest.mark.parametrize(
    ("organization", "numbers", "default", "expected"),
    [
        ("900002", (), None, "900002"),
        (None, (), "900001", "900001"),
        (None, ("900001",), None, "900001"),
        ("Sint-Jan", ("900001",), None, "900001"),
        (None, (), None, None),
        ("999999", ("900001",), None, None),
    ],
)
def test_a_flat_beheerder_counts_at_organization_else_at_home(
    organization: str | None, numbers: tuple[str, ...], default: str | None, expected: str | None
) -> None:
    """A number that is not usable is never replaced by another institution."""
    body: dict[str, object] = {"roles": [{"value": "beheerder"}]}
    if organization:
        body[ORG] = {"organization": organization}
    found = read(body, by=actor(*numbers, default=default)).affiliations
    flat = [claim.institution for claim in found if claim.form is Form.ROLES]
    assert flat == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        "900001:leerlingen-vertrouwelijk",
        "leerlingen-vertrouwelijk:900001",
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk:900001",
        "mijnonderwijsportaalgebruiker-LEERLINGENVERTROUWELIJK:900001",
        "MijnOnderwijsPortaalGebruiker-leerlingen-vertrouwelijk:900001",
    ],
)
def test_an_entitlement_gives_a_theme_at_an_institution(text: str) -> None:
    """Both orders, and a right whose context maps to a theme; never an affiliation."""
    found = read({"entitlements": [{"value": text}]})
    assert found.grants == (GrantClaim("leerlingen-vertrouwelijk", "900001"),)
    assert found.affiliations == ()


@pytest.mark.parametrize(
    "text", ["leerlingen-openbaar", "900001:geen-thema", "999999:leerlingen-openbaar", "x"]
)
def test_an_entitlement_that_maps_to_nothing_is_reported(text: str) -> None:
    """Kept as sent, gives nothing."""
    found = read({"entitlements": [{"value": text}]})
    assert found.grants == ()
    assert len(found.unmapped) == 1


def test_a_right_with_a_context_among_the_roles_gives_role_and_theme() -> None:
    """As the same text does at sign-in (domain.md, Roles)."""
    found = read({"roles": ["MijnOnderwijsPortaalGebruiker-leerlingenOpenbaar:900001"]})
    assert found.grants == (GrantClaim("leerlingen-openbaar", "900001"),)
    assert found.affiliations == (said(Form.ROLES, "900001"),)


@pytest.mark.parametrize("sent", ["900001", "090001", "90001"])
def test_organization_alone_makes_a_gebruiker(sent: str) -> None:
    """Padded to 6 digits, kept as sent."""
    found = read({ORG: {"organization": sent}})
    assert found.affiliations == (said(Form.ORGANIZATION, sent.zfill(6)),)
    assert found.document[ORG] == {"organization": sent}


@pytest.mark.parametrize(
    "other",
    [
        {URN: {"affiliations": [{"value": "900002"}]}},
        {"roles": ["gebruiker:900002"]},
        {"roles": ["beheerder:999999"]},
    ],
)
def test_organization_gives_nothing_beside_a_more_precise_form(other: dict[str, object]) -> None:
    """Only while the link has sent neither affiliations nor institution-qualified roles."""
    found = read({ORG: {"organization": "900001"}, **other})
    assert Form.ORGANIZATION not in {claim.form for claim in found.affiliations}


@pytest.mark.parametrize("text", ["999999", "Sint-Jan", "12"])
def test_an_organization_that_is_no_known_number_maps_to_nothing(text: str) -> None:
    """Kept and reported."""
    found = read({ORG: {"organization": text}})
    assert (found.affiliations, found.unmapped) == ((), (f"organization: {text}",))
    assert found.document[ORG] == {"organization": text}
