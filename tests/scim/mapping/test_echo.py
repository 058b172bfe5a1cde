"""Rule 11: an echo is not an assertion, as a truth table, as properties and as stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_access.domain.errors import Invalid
from mo_access.domain.model import AffiliationClaim, Document, Form, Role
from mo_scim.mapping import institutions, render
from mo_scim.mapping.echo import is_echo
from mo_scim.mapping.request import objects, part
from tests.scim.mapping.kit import BROKER, ORG, URN, actor, read, said, view

CLAIM = st.builds(
    AffiliationClaim,
    form=st.just(Form.AFFILIATIONS),
    institution=st.sampled_from(["900001", "900002", "090001"]),
    role=st.sampled_from(Role),
    start=st.sampled_from([None, date(2026, 1, 1)]),
)
CLAIMS = st.lists(CLAIM, max_size=3, unique_by=lambda claim: claim.institution)
ROLE_TEXTS = st.lists(
    st.builds(
        "{}:{}".format,
        st.sampled_from(["beheerder", "gebruiker"]),
        st.sampled_from(["900001", "900002", "090001"]),
    ),
    max_size=3,
    unique=True,
)


@pytest.mark.parametrize(("held", "shown", "asserted"), list(product((True, False), repeat=3)))
def test_only_what_is_shown_and_neither_held_nor_asserted_is_an_echo(
    held: bool, shown: bool, asserted: bool
) -> None:
    """The table of ``mo_scim.mapping.echo``, row by row."""
    found = is_echo(held=held, shown=shown, asserted=asserted)
    assert found == ((held, shown, asserted) == (False, True, False))


def body_of(claims: list[AffiliationClaim]) -> Document:
    """Write claims as a client would."""
    return {URN: {"affiliations": [institutions.entry(claim) for claim in claims]}}


def affiliations(body: Document) -> list[Document]:
    """Return the entries that a rendered User holds."""
    entries = objects(part(body, URN).get("affiliations"))
    return [entry for entry in entries if isinstance(entry, dict)]


@given(CLAIMS, CLAIMS, CLAIMS)
def test_a_put_asserts_what_is_held_or_not_shown(
    held: list[AffiliationClaim], derived: list[AffiliationClaim], sent: list[AffiliationClaim]
) -> None:
    """Whatever was held, shown and sent, what stays is exactly what the table says."""
    before = read(body_of(held))
    others = tuple(c for c in derived if c not in held)
    seen = view(before, client="broker")
    foreign = view(read(body_of(list(others))), client="another")
    shown = replace(seen, affiliations=(*seen.affiliations, *foreign.affiliations))
    kept = read(body_of(sent), shown=shown).affiliations
    assert kept == tuple(c for c in sent if c in held or c not in others)


@given(CLAIMS, ROLE_TEXTS)
def test_what_is_read_and_put_back_changes_nothing(
    held: list[AffiliationClaim], texts: list[str]
) -> None:
    """GET then PUT of the whole resource is no assertion, in any mixture of forms."""
    try:
        before = read({"roles": [{"value": text} for text in texts], **body_of(held)})
    except Invalid:
        return
    shown = view(before)
    after = read(render.full(shown, "https://mo.example/scim/v2"), shown=shown)
    assert after.affiliations == before.affiliations
    assert after.document == before.document
    assert after.changed == ()


@given(ROLE_TEXTS)
def test_dropping_the_roles_and_echoing_the_rest_ends_every_right(texts: list[str]) -> None:
    """A schema-driven client that drops read-only parts asserts nothing either."""
    shown = view(read({"roles": [{"value": text} for text in texts]}))
    body = render.full(shown)
    body.pop("roles", None)
    bare = [{k: a[k] for k in ("value", "role")} for a in affiliations(body)]
    for echoed in (body, {"userName": "els", URN: {"affiliations": bare}}):
        assert read(echoed, shown=shown).affiliations == ()


def test_a_post_is_always_an_assertion() -> None:
    """Nothing was shown before a POST."""
    found = read({URN: {"affiliations": [{"value": "900001", "origin": "roles"}]}})
    assert found.affiliations == (said(Form.AFFILIATIONS, "900001"),)


def test_a_patch_path_asserts_what_was_only_shown() -> None:
    """An entry that an explicit path brought has no rendered origin and counts."""
    shown = view(read({"roles": ["gebruiker:900001"]}))
    body = render.full(shown)
    body[URN] = {"affiliations": [{"value": "900001", "role": "gebruiker"}]}
    found = read(body, shown=shown, explicit={f"{URN}:affiliations"})
    assert said(Form.AFFILIATIONS, "900001") in found.affiliations


def test_adding_one_affiliation_by_patch_asserts_no_other() -> None:
    """What the shown resource carried along stays an echo."""
    shown = view(read({"roles": ["gebruiker:900001"]}))
    body = render.full(shown)
    body[URN] = {"affiliations": [*affiliations(body), {"value": "900002"}]}
    found = read(body, shown=shown, explicit={f"{URN}:affiliations"})
    assert found.affiliations == (
        said(Form.AFFILIATIONS, "900002"),
        said(Form.ROLES, "900001"),
    )


def test_another_role_than_shown_is_an_assertion() -> None:
    """Role and dates are part of what is compared."""
    shown = view(read({"organization": "900001", ORG: {"organization": "900001"}}))
    found = read({URN: {"affiliations": [{"value": "900001", "role": "beheerder"}]}}, shown=shown)
    assert found.affiliations == (said(Form.AFFILIATIONS, "900001", Role.BEHEERDER),)


def test_a_derived_organization_asserts_nothing_when_it_comes_back() -> None:
    """It stays derived, and gives nothing once the affiliation is dropped."""
    shown = view(read({URN: {"affiliations": [{"value": "900001", "primary": True}]}}))
    found = read({ORG: {"organization": "900001"}}, shown=shown)
    assert found.affiliations == ()
    assert ORG not in found.document


def test_a_derived_organization_by_patch_path_is_an_assertion() -> None:
    """An explicit path names what is meant."""
    shown = view(read({URN: {"affiliations": [{"value": "900001", "primary": True}]}}))
    found = read({ORG: {"organization": "900001"}}, shown=shown, explicit={f"{ORG}:organization"})
    assert found.affiliations == (said(Form.ORGANIZATION, "900001"),)


def test_an_organization_that_this_link_sent_stays_sent() -> None:
    """What is held is no echo, even where it equals the derived one."""
    body = {ORG: {"organization": "900001"}}
    shown = view(read(body))
    assert read(body, shown=shown).affiliations == (said(Form.ORGANIZATION, "900001"),)


def test_what_another_client_holds_is_an_echo_even_when_its_document_is_shown() -> None:
    """A platform client without a link reads the owner's document; that is not its own."""
    body = {URN: {"affiliations": [{"value": "900001"}]}}
    shown = view(read(body), client="owner")
    assert read(render.full(shown), shown=shown, by=BROKER).affiliations == ()


def test_a_role_without_institution_counts_at_home_though_organization_is_echoed() -> None:
    """The derived organization that comes back does not move the role."""
    school = actor("900001")
    shown = view(read({"roles": [{"value": "beheerder", "primary": True}]}, by=school))
    body = render.full(shown)
    assert body[ORG] == {"organization": "900001"}
    found = read(body, shown=shown, by=school)
    assert [claim.institution for claim in found.affiliations] == ["900001"]
    assert ORG not in found.document
