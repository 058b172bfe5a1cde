"""Filters as text: what brokers send is understood, what cannot be searched is refused."""

from __future__ import annotations

from dataclasses import replace
from json import dumps

import pytest

from mo_access.domain.criteria import (
    And,
    Column,
    Compare,
    Criteria,
    Element,
    Indexed,
    Not,
    Nothing,
    Op,
    Present,
)
from mo_access.domain.errors import Sensitive
from mo_scim.mapping.filters import MAX_CHARACTERS, compile_filter, sort_field
from mo_scim.mapping.refusals import InvalidFilter
from mo_scim.profiles import LENIENT, STRICT, Deviation
from mo_scim.resources import CORE_USER, ENTERPRISE, GROUP_EXTENSION, USER_EXTENSION

NAME = Compare(Column.USER_NAME, Op.EQ, "an")
WORK = Compare(Indexed("emails", "type"), Op.EQ, "work")
MAIL = Compare(Indexed("emails", "value"), Op.EQ, "x")
DEPARTMENT = Compare(Indexed(f"{ENTERPRISE}:department".casefold()), Op.EQ, "x")
MANAGER = Compare(Indexed(f"{ENTERPRISE}:manager".casefold(), "value", exact=True), Op.EQ, "x")

UNDERSTOOD: list[tuple[str, Criteria]] = [
    ('userName eq "an"', NAME),
    ('USERNAME EQ "an"', NAME),
    ("userName eq an", NAME),
    ("userName eq 'an'", NAME),
    (f'{CORE_USER}:userName eq "an"', NAME),
    ("externalId eq 0123", Compare(Column.EXTERNAL_ID, Op.EQ, "0123")),
    ("externalId eq 1e5", Compare(Column.EXTERNAL_ID, Op.EQ, "1e5")),
    ('emails[type eq "work"].value eq "x"', Element("emails", And(WORK, MAIL))),
    ('emails[type eq "work" and value eq "x"]', Element("emails", And(WORK, MAIL))),
    ('emails eq "x"', MAIL),
    ('emails.value eq "x"', MAIL),
    ('department eq "x"', DEPARTMENT),
    (f'{ENTERPRISE}:department eq "x"', DEPARTMENT),
    (f'{ENTERPRISE}.department eq "x"', DEPARTMENT),
    ('manager eq "x"', MANAGER),
    (f'{ENTERPRISE}:manager.value eq "x"', MANAGER),
    ("not (active eq False)", Not(Compare(Column.ACTIVE, Op.EQ, 0))),
    ('active eq "True"', Compare(Column.ACTIVE, Op.EQ, 1)),
    ('meta.created gt "1970-01-01T00:00:01Z"', Compare(Column.CREATED, Op.GT, 1_000_999)),
    ('meta.lastModified le "1970-01-01T00:00:00.0000019Z"', Compare(Column.MODIFIED, Op.LE, 999)),
    ('meta.lastModified lt "1970-01-01T00:00:00.0000019Z"', Compare(Column.MODIFIED, Op.LT, 1_000)),
    ("title pr", Present(Indexed("title"))),
    ("title eq null", Not(Present(Indexed("title")))),
    ("title ne null", Present(Indexed("title"))),
    ('meta.resourceType eq "user"', Not(Nothing())),
    ('meta.resourceType eq "Group"', Nothing()),
    ("id pr", Not(Nothing())),
    ('groups.value eq "g"', Compare(Indexed("groups", "value"), Op.EQ, "g")),
    (
        f'{USER_EXTENSION}:affiliations.value eq "900001"',
        Compare(Indexed("affiliations", "value", exact=True), Op.EQ, "900001"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD)
def test_what_brokers_send_is_understood(text: str, expected: Criteria) -> None:
    """Each spelling means its criteria."""
    found = compile_filter(text, "User")
    assert _loose(found) == _loose(expected)


@pytest.mark.parametrize("texts", [("0", "1"), ("1", "0"), ('a" or "0', "\\"), ("é [\n]", "")])
def test_values_are_those_of_this_filter(texts: tuple[str, str]) -> None:
    """A form that was read before takes new values, whatever they look like."""
    for one, other in (texts, ("x", "work")):
        found = compile_filter(f"emails[value eq {dumps(one)} and type eq {dumps(other)}]", "User")
        value = Compare(Indexed("emails", "value"), Op.EQ, one)
        assert _loose(found) == _loose(
            Element("emails", And(value, Compare(Indexed("emails", "type"), Op.EQ, other)))
        )


def _loose(criteria: Criteria) -> str:
    """Compare apart from exactness where a relation ignores it."""
    return str(criteria).replace("exact=True", "exact=False")


REFUSED = [
    "",
    "userName",
    "userName eq",
    "userName is an",
    'userName eq "an" and',
    '(userName eq "an"',
    'nonsense eq "x"',
    'urn:x:y:z eq "x"',
    'password eq "x"',
    'emails[nonsense eq "x"]',
    'emails[value eq "x" and emails[type eq "y"]]',
    'name[familyName eq "x"]',
    'name eq "x"',
    'meta.version eq "x"',
    'affiliations.status eq "active"',
    "active gt true",
    "active eq perhaps",
    'meta.created gt "yesterday"',
    'userName eq "\\u0000"',
    'userName eq "\\ud800"',
    "(" * 17 + "title pr" + ")" * 17,
    " or ".join(["title pr"] * 51),
    'title eq "' + "x" * MAX_CHARACTERS + '"',
    'userName eq "x\\q" and title eq "y"',
    'userName eq "x\\u12" and title eq "y"',
    'userName eq "x\x01" and title eq "y"',
    'userName eq "x" and title eq "y',
    'userName eq "x" "y"',
    '"userName" eq "x"',
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_searched_is_refused(text: str) -> None:
    """Never an empty condition, never a fault."""
    with pytest.raises(InvalidFilter):
        compile_filter(text, "User")


def test_the_limits_themselves_are_allowed() -> None:
    """Fifty terms, sixteen levels."""
    compile_filter(" or ".join(["title pr"] * 50), "User")
    compile_filter("(" * 16 + "title pr" + ")" * 16, "User")


@pytest.mark.parametrize("text", ['insz eq "85073003328"', "insz pr", 'not (insz eq "1")'])
def test_a_number_in_a_url_is_refused_without_repeating_it(text: str) -> None:
    """The right way is said (domain.md, People)."""
    for asked in (text, f"title pr or {text}"):
        with pytest.raises(Sensitive) as refused:
            compile_filter(asked, "User", in_url=True)
        assert "85073003328" not in refused.value.message
    assert compile_filter(text, "User") is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('displayName eq "x"', Compare(Column.DISPLAY_NAME, Op.EQ, "x")),
        (f'{GROUP_EXTENSION}:theme eq "x"', Compare(Column.THEME, Op.EQ, "x")),
        ('institution eq "900001"', Compare(Column.INSTITUTION, Op.EQ, "900001")),
        ('members eq "p"', Compare(Indexed("members", "value"), Op.EQ, "p")),
    ],
)
def test_groups_have_fields_of_their_own(text: str, expected: Criteria) -> None:
    """By name, by what they map to, by member."""
    assert _loose(compile_filter(text, "Group")) == _loose(expected)


def test_sorting_names_one_value() -> None:
    """A complex attribute sorts by its value."""
    assert sort_field("UserName", "User") is Column.USER_NAME
    assert sort_field("name.familyName", "User") == Indexed("name", "familyname")
    assert sort_field("emails", "User") == Indexed("emails", "value", ranked=True)


@pytest.mark.parametrize("name", ["nonsense", "name", "insz", "groups.$ref", "emails[", ""])
def test_what_cannot_be_sorted_by_is_refused(name: str) -> None:
    """As a filter error."""
    with pytest.raises(InvalidFilter):
        sort_field(name, "User")


EXAMPLES = [
    'userName eq "bjensen"',
    'name.familyName co "O\'Malley"',
    'userName sw "J"',
    f'{CORE_USER}:userName sw "J"',
    "title pr",
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    'meta.lastModified ge "2011-05-13T04:42:34Z"',
    'meta.lastModified lt "2011-05-13T04:42:34Z"',
    'meta.lastModified le "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    f'schemas eq "{ENTERPRISE}"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    'userType eq "Employee" and (emails.type eq "work")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    (
        'emails[type eq "work" and value co "@example.com"] or '
        'ims[type eq "xmpp" and value co "@foo.com"]'
    ),
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_rfc_is_understood(text: str) -> None:
    """Those of RFC 7644 section 3.4.2.2, by the profile that tolerates nothing too."""
    assert compile_filter(text, "User", in_url=True, profile=STRICT) is not None


@pytest.mark.parametrize(
    ("text", "deviation"),
    [
        ('active eq "True"', Deviation.TEXT_BOOLEANS),
        ('emails[primary eq "true"]', Deviation.TEXT_BOOLEANS),
        ('department eq "x"', Deviation.SHORT_NAMES),
        ("manager pr", Deviation.SHORT_NAMES),
        (f'{ENTERPRISE}.department eq "x"', Deviation.DOT_AFTER_URN),
    ],
)
def test_what_a_filter_deviates_is_noted_and_can_be_kept_out(
    text: str, deviation: Deviation
) -> None:
    """As in a PATCH (docs/profiles.md)."""
    lenient = replace(LENIENT, noted=set())
    compile_filter(text, "User", profile=lenient)
    assert lenient.noted == {deviation}
    with pytest.raises(InvalidFilter):
        compile_filter(text, "User", profile=STRICT)
