"""What a client reads: spliced text, selections, entity tags, discovery documents."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import Context, ResourceType, Schema, ServiceProviderConfig

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, GroupView, Institution, ShownGroup, Theme
from mo_scim.discovery import discovery
from mo_scim.mapping import render
from mo_scim.mapping.request import part
from mo_scim.profiles import PROFILES, profile
from mo_scim.resources import CORE_USER, User
from tests.scim.mapping.kit import ORG, URN, read, view

BASE = "https://mo.example/scim/v2"
DEFAULT = render.selection(None, None, "User")
ELS = view(
    read(
        {
            "name": {"givenName": "Els", "familyName": 'De "Wit", {x}'},
            "title": f'"{URN}":{{',
            "emails": [{"value": "els@school.example", "type": "work"}],
            ORG: {"department": "ICT"},
            URN: {
                "affiliations": [{"value": "900001", "primary": True}],
                "gender": "F",
                "birthDate": "1985-07-30",
            },
        }
    )
)
ELS = replace(ELS, groups=(ShownGroup("g1", "MO_900001_x"),))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


def shown(attributes: str | None = None, excluded: str | None = None) -> Document:
    """Render Els with a selection."""
    chosen = render.selection(attributes, excluded, "User")
    body: Document = json.loads(render.user(ELS, BASE, chosen))
    return body


def test_the_default_answer_holds_what_was_sent_and_what_is_derived() -> None:
    """Without what is returned on request only."""
    body = shown()
    assert body["schemas"] == [CORE_USER, ORG, URN]
    assert body["title"] == f'"{URN}":{{'
    assert body[ORG] == {"organization": "900001", "department": "ICT"}
    assert body[URN] == {
        "affiliations": [
            {
                "value": "900001",
                "display": "Een school",
                "role": "gebruiker",
                "primary": True,
                "status": "active",
                "origin": "affiliations",
            }
        ]
    }
    assert body["groups"] == [
        {
            "value": "g1",
            "$ref": f"{BASE}/Groups/g1",
            "display": "MO_900001_x",
            "type": "direct",
        }
    ]
    assert body["meta"] == {
        "resourceType": "User",
        "created": "2026-09-21T14:13:20.000Z",
        "lastModified": "2026-09-21T14:13:20.000Z",
        "location": f"{BASE}/Users/p1",
        "version": render.etag(ELS),
    }
    User.model_validate(body, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


@given(TEXTS, TEXTS, st.booleans())
def test_splicing_and_building_agree(title: str, department: str, tight: bool) -> None:
    """The fast path shows the same as the object that a PATCH starts from."""
    body = {"title": title, ORG: {"department": department}, "roles": ["beheerder:900001"]}
    found = view(read(body))
    if tight:
        compact = json.dumps(json.loads(found.document), separators=(",", ":"), ensure_ascii=False)
        found = replace(found, document=compact)
    assert json.loads(render.user(found, BASE, DEFAULT)) == render.full(found, BASE)


def test_a_person_with_a_name_only_is_still_a_resource() -> None:
    """No empty extension is shown."""
    body = json.loads(render.user(view(read({})), BASE, DEFAULT))
    assert set(body) == {"schemas", "id", "userName", "active", "meta"}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("userName", {"userName"}),
        (f"{CORE_USER}:UserName", {"userName"}),
        ("emails.value,name.givenName", {"emails", "name"}),
        ('emails[type eq "work"]', {"emails"}),
        (f"{URN}:gender", {URN}),
        (URN, {URN}),
        (f"{ORG}.department", {ORG}),
        ("geen", set()),
    ],
)
def test_attributes_select(attributes: str, expected: set[str]) -> None:
    """``id`` and ``schemas`` always come along; names are compared without case."""
    assert set(shown(attributes)) == {"schemas", "id"} | expected


def test_sub_attributes_are_selected() -> None:
    """Of every element."""
    assert shown("emails.value")["emails"] == [{"value": "els@school.example"}]
    assert shown(excluded="emails.type")["emails"] == [{"value": "els@school.example"}]


def test_what_is_returned_on_request_must_be_named_itself() -> None:
    """Its extension does not ask for it."""
    assert shown(f"{URN}:gender")[URN] == {"gender": "F"}
    assert set(part(shown(URN), URN)) == {"affiliations"}


def test_the_insz_is_shown_only_when_it_is_asked_and_given() -> None:
    """The endpoint asks ``asks_insz`` and loads it under its scope."""
    chosen = render.selection(f"{URN}:insz", None, "User")
    assert chosen.asks_insz
    assert not DEFAULT.asks_insz
    opened = replace(ELS, insz="85073003328")
    assert json.loads(render.user(opened, BASE, chosen))[URN] == {"insz": "85073003328"}
    assert b"85073003328" not in render.user(opened, BASE, DEFAULT)


@pytest.mark.parametrize("name", ["groups", "emails", "meta", ORG, f"{URN}:affiliations"])
def test_excluded_attributes_are_left_out(name: str) -> None:
    """But never ``id``."""
    body = shown(excluded=f"id,{name}")
    assert name.removesuffix(":affiliations") not in body
    assert body["id"] == "p1"


def test_both_lists_at_once_are_refused() -> None:
    """RFC 7644 section 3.9: they are mutually exclusive."""
    with pytest.raises(Invalid):
        render.selection("userName", "emails", "User")


def test_the_entity_tag_follows_version_and_derived_parts() -> None:
    """A new group or an ended affiliation is another representation."""
    tags = {
        render.etag(ELS),
        render.etag(replace(ELS, version=2)),
        render.etag(replace(ELS, groups=())),
        render.etag(replace(ELS, affiliations=())),
        render.etag(replace(ELS, active=False)),
    }
    assert len(tags) == 5
    assert all(tag.startswith('W/"') for tag in tags)


def group_body(members: tuple[tuple[str, str | None], ...] | None, **lists: str) -> Document:
    """Render a theme group."""
    text = '{"displayName": "MO_900001_leerlingen-openbaar"}'
    found = GroupView(
        "g1", "n", None, text, 3, 0, 0, "leerlingen-openbaar", "900001", None, members
    )
    chosen = render.selection(lists.get("attributes"), lists.get("excluded"), "Group")
    body: Document = json.loads(render.group(found, BASE, chosen))
    return body


def test_an_empty_group_has_an_empty_list() -> None:
    """One broker adds nobody when it is absent (brokers.md, part 5)."""
    assert group_body(())["members"] == []
    assert "members" not in group_body((), excluded="members")
    assert "members" not in group_body(None)
    assert "members" not in group_body((), attributes="displayName")


def test_members_are_written_with_their_address() -> None:
    """And narrowed when only a part is asked for."""
    member = {"value": "p1", "$ref": f"{BASE}/Users/p1", "type": "User"}
    assert group_body((("p1", None),))["members"] == [member]
    assert group_body((("p1", 'A "b"'),))["members"] == [{**member, "display": 'A "b"'}]
    assert group_body((("p1", "A"),), attributes="members.value")["members"] == [{"value": "p1"}]


def test_a_group_says_what_it_is_mapped_to() -> None:
    """So that a console shows it."""
    extension = group_body(None)["urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"]
    assert extension == {
        "theme": "leerlingen-openbaar",
        "institution": "900001",
        "status": "mapped",
    }


def test_institutions_and_themes_are_resources() -> None:
    """Their number and slug are their id."""
    school = render.institution(
        Institution("900001", "Een school"), BASE, render.selection(None, None, "Institution")
    )
    theme = render.theme(Theme("a", "A"), BASE, render.selection("slug", None, "Theme"))
    assert json.loads(school)["id"] == "900001"
    assert set(json.loads(theme)) == {"schemas", "id", "slug"}


def test_a_page_counts_what_it_holds() -> None:
    """RFC 7644 section 3.4.2."""
    body = json.loads(render.page(7, [b'{"id":"a"}', b'{"id":"b"}'], start=3))
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (7, 3, 2)
    assert [item["id"] for item in body["Resources"]] == ["a", "b"]


def test_discovery_documents_hold_no_null_and_validate() -> None:
    """Clients build models from them."""
    found = discovery(BASE)
    ServiceProviderConfig.model_validate_json(found.service_provider_config)
    for text in found.schema.values():
        Schema.model_validate_json(text)
        assert b"null" not in text
    for text in found.resource_type.values():
        named = ResourceType.model_validate_json(text)
        assert str(named.schema_).casefold() in found.schema
    assert json.loads(found.schemas)["totalResults"] == len(found.schema) == 7


def test_every_profile_answers_to_its_name() -> None:
    """And an unknown one is refused with the list."""
    assert all(profile(name.upper()).name == name for name in PROFILES)
    with pytest.raises(ValueError, match="lenient"):
        profile("geen")
