"""A platform client without a link echoes the owner's document (rule 11)."""

import json
from dataclasses import replace

import pytest

from mo_access.domain.model import Document, PersonView, Role
from mo_scim.resources import ENTERPRISE
from tests.scim.mapping import kit

OWNERS: Document = {
    "userName": "an",
    "roles": [{"value": "beheerder:900001"}],
    ENTERPRISE: {"organization": "900001"},
}
VIEW = PersonView("p", "an", None, True, json.dumps(OWNERS), 1, 0, 0, own=False)


def roles(body: Document, view: PersonView = VIEW) -> set[Role]:
    """Read a PUT and return the roles that it asserts."""
    return {claim.role for claim in kit.read(body, shown=view).affiliations}


def test_what_the_owner_wrote_asserts_nothing_when_it_comes_back() -> None:
    """Roles and organization of another client's link are echoes."""
    assert roles(OWNERS) == set()


def test_what_the_link_itself_wrote_is_asserted_again() -> None:
    """The same body from the link that holds it keeps its rights."""
    assert roles(OWNERS, replace(VIEW, own=True)) == {Role.BEHEERDER}


@pytest.mark.parametrize("value", ["beheerder:900002", "gebruiker:900001"])
def test_what_the_platform_changes_is_asserted(value: str) -> None:
    """A role that differs from the owner's is the platform's own word."""
    assert roles({**OWNERS, "roles": [{"value": value}]}) != set()


def test_an_echo_is_not_kept_as_an_own_word() -> None:
    """Put back twice, it would be the platform's own right the second time."""
    first = kit.read(OWNERS, shown=VIEW)
    assert "roles" not in first.document
    again = replace(VIEW, own=True, document=json.dumps(first.document))
    assert {claim.role for claim in kit.read({"userName": "an"}, shown=again).affiliations} == set()
