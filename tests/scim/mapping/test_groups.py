"""A Group: a theme at an institution, a role there, or a free group."""

from __future__ import annotations

import json

import pytest

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, GroupDraft, GroupView, Json, Role
from mo_scim.mapping import groups, members, operations, render
from mo_scim.profiles import profile
from tests.scim.mapping.kit import BROKER, Shelf, actor, group

ONLY = actor("900001")
EXTENSION = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"


def meaning(draft: GroupDraft) -> tuple[str | None, str | None, Role | None]:
    """Return what the group gives."""
    return draft.theme, draft.institution, draft.role


def view(draft: GroupDraft) -> GroupView:
    """Show a draft as the core would after storing it."""
    text = json.dumps(draft.document)
    return GroupView("g1", draft.display_name, None, text, 1, 0, 0, *meaning(draft), ())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MO_900001_leerlingen-openbaar", ("leerlingen-openbaar", "900001", None)),
        ("mo_90001_Leerlingen (openbaar)", ("leerlingen-openbaar", "090001", None)),
        ("MO_900001_beheerder", (None, "900001", Role.BEHEERDER)),
        ("MO_900001_geen-thema", (None, "900001", None)),
        ("leerlingen-openbaar", ("leerlingen-openbaar", None, None)),
        ("beheerder", (None, None, None)),
        ("Lerarenkamer", (None, None, None)),
    ],
)
def test_a_name_is_read_by_the_rules(
    name: str, expected: tuple[str | None, str | None, Role | None]
) -> None:
    """What maps to nothing is kept as a free group."""
    draft = group(name)
    assert meaning(draft) == expected
    assert draft.document["displayName"] == name


def test_a_theme_alone_is_at_the_only_institution_of_the_client() -> None:
    """With several it stays open, to be judged at decision time."""
    assert meaning(group("Leerlingen (openbaar)", ONLY)) == ("leerlingen-openbaar", "900001", None)


def test_the_extension_is_read_first() -> None:
    """The name is only a name then."""
    draft = group("Groep 1", theme="leerlingen-openbaar", institution="90001")
    assert meaning(draft) == ("leerlingen-openbaar", "090001", None)


@pytest.mark.parametrize("number", ["900003", "999999", "12", "x"])
def test_unknown_and_foreign_institutions_are_refused_alike(number: str) -> None:
    """In the extension and in a name of the pattern, in the same words."""
    with pytest.raises(Invalid, match="no institution that you may use"):
        group("Groep", institution=number)
    if number.isdigit():
        with pytest.raises(Invalid, match="no institution that you may use"):
            group(f"MO_{number}_leerlingen-openbaar")


def test_renaming_a_group_while_echoing_what_its_name_meant() -> None:
    """The derived theme and institution assert nothing when they come back (rule 11)."""
    shown = view(group("MO_900001_leerlingen-openbaar"))
    body = render.full_group(shown) | {"displayName": "MO_900002_leerlingen-vertrouwelijk"}
    draft = groups.read(
        body, profile=profile("lenient"), catalogue=Shelf(), actor=BROKER, shown=shown
    )
    assert meaning(draft) == ("leerlingen-vertrouwelijk", "900002", None)
    assert EXTENSION not in draft.document


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([{"value": "a", "display": "A"}, {"value": "a", "$ref": "x"}, {"value": "b"}], ("a", "b")),
        (["a", "b"], ("a", "b")),
        ("a", ("a",)),
        ({"Value": "a"}, ("a",)),
        ([], ()),
        (None, ()),
    ],
)
def test_members_are_keyed_by_value_only(sent: Json, expected: tuple[str, ...]) -> None:
    """Odd shapes are read; absent empties a whole group as `[]` does."""
    body: Document = {"displayName": "G", "members": sent}
    found = groups.members(body, profile("lenient"))
    assert (found.kind, found.people) == ("replace" if expected else "clear", expected)


@pytest.mark.parametrize("sent", [[{"display": "A"}], [5], [{"value": ""}], [None]])
def test_a_member_without_a_value_is_refused(sent: Json) -> None:
    """Nobody is guessed."""
    with pytest.raises(Invalid, match="has no value"):
        groups.labelled(sent, profile("lenient"))


def test_a_group_without_a_name_is_refused() -> None:
    """The attribute displayName is required."""
    with pytest.raises(Invalid, match="displayName"):
        group("")


def test_operations_on_members_are_joined_in_their_order() -> None:
    """Neighbours of one kind are one step; a label that comes later counts."""
    lenient = profile("lenient")
    add: list[Json] = [{"op": "add", "path": "members", "value": [{"value": i}]} for i in "abab"]
    add.append({"op": "add", "path": "members", "value": {"value": "a", "Display": "A"}})
    remove: list[Json] = [{"op": "remove", "path": f'members[value eq "{i}"]'} for i in "cd"]
    sent: Document = {"Operations": [*add, *remove, *add[:1]]}
    steps, rest = members.split(operations.read(sent, "Group", lenient), lenient)
    assert [(step.kind, step.people, step.displays) for step in steps] == [
        ("add", ("a", "b"), (("a", "A"),)),
        ("remove", ("c", "d"), ()),
        ("add", ("a",), ()),
    ]
    assert rest == ()
