"""A User as a whole: affiliations, contradictions, what is registered, tolerances."""

from __future__ import annotations

from datetime import date

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import KEEP, AffiliationClaim, Form, IndexedValue, Role
from mo_scim.mapping import render
from mo_scim.mapping.registered import is_named
from tests.scim.mapping.kit import ORG, URN, read, said, view

ONE = {"value": "900001"}


def test_an_affiliation_holds_number_role_and_days() -> None:
    """The canonical form; ``user`` is a gebruiker."""
    sent = {"value": 90001, "role": "User", "start": "2026-09-01", "end": "2027-06-30"}
    found = read({URN: {"affiliations": [{**sent, "primary": "True"}]}})
    days = date(2026, 9, 1), date(2027, 6, 30)
    expected = AffiliationClaim(Form.AFFILIATIONS, "090001", Role.GEBRUIKER, *days, primary=True)
    assert found.affiliations == (expected,)


def test_unknown_and_foreign_institutions_read_the_same() -> None:
    """Rule 4: the text tells nothing, not even the number."""
    texts = []
    for number in ("900003", "999999"):
        with pytest.raises(Invalid) as caught:
            read({URN: {"affiliations": [{"value": number}]}})
        texts.append((caught.value.message, caught.value.attribute))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("entry", "attribute"),
    [
        ({"value": "12"}, "value"),
        ({"role": "beheerder"}, "value"),
        ({"value": "900001", "role": "baas"}, "role"),
        ({"value": "900001", "start": "1 september"}, "start"),
        ({"value": "900001", "start": "2026-02-30"}, "start"),
        ({"value": "900001", "start": "2026-09-02", "end": "2026-09-01"}, "end"),
    ],
)
def test_an_affiliation_that_cannot_be_is_refused(entry: dict[str, object], attribute: str) -> None:
    """The error names the sub-attribute."""
    with pytest.raises(Invalid) as caught:
        read({URN: {"affiliations": [entry]}})
    assert (caught.value.attribute or "").endswith(attribute)


@pytest.mark.parametrize(
    "body",
    [
        {"roles": ["beheerder:900001"], URN: {"affiliations": [ONE]}},
        {"roles": ["gebruiker:900001"], URN: {"affiliations": [{**ONE, "role": "beheerder"}]}},
        {URN: {"affiliations": [ONE, {**ONE, "role": "beheerder"}]}},
        {URN: {"affiliations": [{**ONE, "primary": True}, {"value": "900002", "primary": True}]}},
        {URN: {"affiliations": [{**ONE, "primary": True}]}, ORG: {"organization": "900002"}},
    ],
)
def test_views_that_contradict_each_other_are_refused(body: dict[str, object]) -> None:
    """One table, several views: contradictions in one request are never merged."""
    with pytest.raises(Invalid):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        {"roles": ["beheerder:900001", "gebruiker:900001"]},
        {
            "roles": ["beheerder:900001", "gebruiker:900001"],
            URN: {"affiliations": [{**ONE, "role": "beheerder"}]},
        },
        {"roles": ["beheerder:900002"], URN: {"affiliations": [ONE]}},
        {URN: {"affiliations": [{**ONE, "primary": True}]}, ORG: {"organization": "900001"}},
        {URN: {"affiliations": [{**ONE, "primary": True}]}, ORG: {"organization": "Sint-Jan"}},
        {URN: {"affiliations": [{**ONE, "end": "2026-01-31"}, {**ONE, "start": "2026-02-01"}]}},
    ],
)
def test_views_that_agree_are_accepted(body: dict[str, object]) -> None:
    """Beheerder includes gebruiker; periods may follow each other."""
    assert read(body).affiliations


def test_a_patch_may_add_a_role_beside_what_was_said_before() -> None:
    """Both are said then, though not in one request; the stronger one is effective."""
    shown = view(read({URN: {"affiliations": [ONE]}}))
    body = render.full(shown) | {"roles": ["beheerder:900001"]}
    found = read(body, shown=shown, explicit={"roles"})
    assert found.affiliations == (
        said(Form.AFFILIATIONS, "900001"),
        said(Form.ROLES, "900001", Role.BEHEERDER),
    )
    seen = view(found)
    assert read(render.full(seen), shown=seen).affiliations == found.affiliations


REGISTERED = {"insz": "85.07.30-033.28", "gender": "m", "birthDate": "1985-07-30"}


def test_the_insz_is_digits_and_never_in_the_document() -> None:
    """It is stored encrypted, apart."""
    found = read({URN: REGISTERED})
    assert found.insz == "85073003328"
    assert found.document[URN] == {"gender": "M", "birthDate": "1985-07-30"}
    assert "85073003328" not in repr((found.document, found.index(found.document), found.changed))


def test_a_put_keeps_what_is_returned_only_on_request() -> None:
    """Ruling 4: absence clears nothing."""
    shown = view(read({URN: REGISTERED}))
    found = read({}, shown=shown)
    assert found.insz is KEEP
    assert found.document[URN] == {"gender": "M", "birthDate": "1985-07-30"}


def test_an_explicit_null_clears() -> None:
    """Ruling 4: only null, or a PATCH remove."""
    shown = view(read({URN: REGISTERED}))
    found = read({URN: {"insz": None, "Gender": None, "birthDate": None}}, shown=shown)
    assert found.insz is None
    assert URN not in found.document


def test_a_patch_remove_clears() -> None:
    """The path was named and the value is gone."""
    shown = view(read({URN: REGISTERED}))
    found = read({}, shown=shown, explicit={f"{URN}:gender", f"{URN}:insz"})
    assert found.insz is None
    assert found.document[URN] == {"birthDate": "1985-07-30"}


@pytest.mark.parametrize(
    ("path", "explicit", "expected"),
    [
        ("roles", "Roles", True),
        ("roles", 'roles[value eq "a"].value', True),
        ("roles", "urn:ietf:params:scim:schemas:core:2.0:User:roles", True),
        ("roles", "rolesandmore", False),
        ("roles", "", False),
        (f"{URN}:gender", f"{URN}.Gender", True),
        (f"{URN}:gender", URN, True),
        (f"{URN}:gender", f"{URN}:genders", False),
    ],
)
def test_a_path_names_the_attribute_its_parts_and_its_extension(
    path: str, explicit: str, expected: bool
) -> None:
    """In every spelling that PATCH allows."""
    assert is_named(path, {explicit}) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"insz": "85073003329"},
        {"insz": "85073003328", "birthDate": "1985-07-31"},
        {"gender": "V"},
        {"birthDate": "30/07/1985"},
    ],
)
def test_what_cannot_be_registered_is_refused_without_the_number(wrong: dict[str, str]) -> None:
    """The text never holds an INSZ."""
    with pytest.raises(Invalid) as caught:
        read({URN: wrong})
    assert "850730" not in caught.value.message


def test_another_gender_than_the_number_tells_is_a_warning() -> None:
    """Accepted as sent, and reported."""
    found = read({URN: {**REGISTERED, "gender": "F"}})
    assert found.unmapped == ("gender: does not agree with insz",)


def test_identities_are_pairs() -> None:
    """Each once; both parts are required."""
    pair = {"issuer": "https://idp.example", "subject": "Abc"}
    assert read({URN: {"identities": [pair, pair]}}).identities == (("https://idp.example", "Abc"),)
    with pytest.raises(Invalid, match="subject"):
        read({URN: {"identities": [{"issuer": "https://idp.example"}]}})


def test_every_searchable_value_is_indexed() -> None:
    """Folded names, ordinals, booleans as words; columns and tables have no rows."""
    found = read(
        {
            "active": True,
            "externalId": "X",
            "name": {"familyName": "Ébert"},
            "emails": [{"value": "A@b.be"}, {"value": "c@d.be", "primary": True}],
            ORG: {"department": "ICT"},
            URN: {"affiliations": [ONE]},
        }
    )
    assert found.index(found.document) == (
        IndexedValue("name", 0, "familyname", "Ébert", "ébert"),
        IndexedValue("emails", 0, "value", "A@b.be", "a@b.be"),
        IndexedValue("emails", 1, "value", "c@d.be", "c@d.be"),
        IndexedValue("emails", 1, "primary", "true", "true"),
        IndexedValue(f"{ORG.casefold()}:department", 0, "", "ICT", "ict"),
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"active": "False"}, {}),
        ({"foo": 1, "urn:mace:surf.nl:sram:scim:extension:User": {"a": 1}}, {}),
        ({"title": None, "nickName": "", "emails": [], "name": {}}, {}),
        ({"emails": {"Value": "els@localhost", "Primary": "True"}},
         {"emails": [{"value": "els@localhost", "primary": True}]}),
        ({"DISPLAYNAME": "Els"}, {"displayName": "Els"}),
        ({ORG: {"manager": "m1"}}, {ORG: {"manager": {"value": "m1"}}}),
        ({ORG: {"manager": [{"value": "m1", "$ref": None}]}}, {ORG: {"manager": {"value": "m1"}}}),
        ({ORG: {"employeeNumber": 701984}}, {ORG: {"employeeNumber": "701984"}}),
        ({"id": 5, "meta": {"resourceType": "User"}, "groups": [{"value": "g"}]}, {}),
        ({"password": "geheim"}, {}),
    ],
)  # fmt: skip
def test_the_lenient_profile_takes_what_brokers_send(
    body: dict[str, object], expected: dict[str, object]
) -> None:
    """Row by row of brokers.md, part 6; passwords are never stored."""
    assert read(body).document == {"userName": "els", **expected}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "foo": 1},
        {"schemas": ["urn:x"]},
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": "True"},
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "emails": {"value": "a"}},
    ],
)
def test_the_strict_profile_refuses_them(body: dict[str, object]) -> None:
    """The interop profile tolerates no deviation."""
    with pytest.raises(Invalid):
        read(body, name="strict")


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        ({"userName": ""}, "userName"),
        ({"userName": "  "}, "userName"),
        ({"emails": [{"value": True}]}, "emails[0].value"),
        ({"emails": ["a", {"primary": "misschien"}]}, "emails[1].primary"),
        ({"roles": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "roles"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "a", "TITLE": "b"}, "title"),
    ],
)
def test_an_error_names_the_attribute(body: dict[str, object], attribute: str) -> None:
    """Which attribute, what is wrong, what to do."""
    with pytest.raises(Invalid) as caught:
        read(body)
    assert caught.value.attribute == attribute
    assert caught.value.message.startswith(f"{attribute}: ")


def test_active_is_kept_when_a_put_does_not_say_it() -> None:
    """A PUT without ``active`` must not let a deactivated person in again."""
    shown = view(read({"active": False}))
    assert read({}, shown=shown).active is False
    assert read({"active": True}, shown=shown).changed == ("active",)
