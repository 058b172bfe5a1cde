"""Our judgement of a resource against the models of scim2-models, which are the oracle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import Context

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document
from mo_scim.mapping.normalise import normalise, writable
from mo_scim.mapping.shape import Attribute, shape
from mo_scim.mapping.validate import validate
from mo_scim.profiles import STRICT
from mo_scim.resources import CORE_GROUP, CORE_USER, ENTERPRISE, USER_EXTENSION, Group, User

MODELS: Mapping[str, Any] = {"User": User, "Group": Group}
CORE = {"User": CORE_USER, "Group": CORE_GROUP}
UNJUDGED = frozenset({"schemas", "members"})
"""Judged elsewhere, and never handed to the models."""
TEXTS = st.sampled_from(["a", "B b", "é", "10", "", " ", "work", "x" * 300])
KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "boolean": st.booleans(),
    "reference": st.sampled_from(
        ["https://x.example/a", "/relative", "urn:x:y", "x", "", "http://", "//x", "a b", "é:é"]
    ),
    "binary": st.sampled_from(["AAAA", "QQ==", "QQ=", "A", "!!!!", "é", "", "Q Q =="]),
}


def values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Give values of the form that the schema says, good ones and bad ones."""
    one = objects(attribute) if attribute.kind == "complex" else KINDS[attribute.kind]
    return st.lists(one, max_size=3) if attribute.multi else one


@st.composite
def objects(draw: st.DrawFn, attribute: Attribute) -> Document:
    """Draw an object with a few attributes; what is required is mostly there."""
    parts = [p for p in attribute.subs.values() if not p.read_only and p.name not in UNJUDGED]
    chosen = draw(st.lists(st.sampled_from(parts), max_size=4, unique_by=lambda p: p.name))
    if draw(st.integers(0, 9)):
        chosen += [part for part in parts if part.required and part not in chosen]
    return {part.name: draw(values(part)) for part in chosen}


def ours(sent: Document, resource: str) -> bool:
    """Tell whether we take a body."""
    try:
        validate(sent, resource)
    except Invalid:
        return False
    return True


def theirs(sent: Document, resource: str, context: Context) -> Document | None:
    """Return what the models take of a body, None when they refuse it."""
    urns = [CORE[resource], *(name for name in sent if name.startswith("urn:"))]
    try:
        taken = MODELS[resource].model_validate({**sent, "schemas": urns}, scim_ctx=context)
    except ValidationError:
        return None
    dumped: Document = json.loads(taken.model_dump_json(scim_ctx=context))
    del dumped["schemas"]
    return dumped


@pytest.mark.parametrize("resource", ["User", "Group"])
def test_we_take_what_the_models_take(resource: str) -> None:
    """Both accept or both refuse, and what is taken stays as ``normalise`` left it."""
    root, seen = shape(resource), set()

    @settings(max_examples=500, deadline=None)
    @given(body=objects(root))
    def compare(body: Document) -> None:
        sent = writable(normalise(body, root, STRICT), root)
        taken = ours(sent, resource)
        seen.add(taken)
        for context in (Context.RESOURCE_CREATION_REQUEST, Context.RESOURCE_REPLACEMENT_REQUEST):
            oracle = theirs(sent, resource, context)
            assert taken == (oracle is not None)
            assert oracle is None or _but_certificates(oracle) == _but_certificates(sent)

    compare()
    assert seen == {True, False}


def _but_certificates(body: Document) -> Document:
    """Leave out what the oracle encodes anew."""
    return {name: value for name, value in body.items() if name != "x509Certificates"}


WHOLE: Document = {
    "userName": "an",
    "emails": [{"value": "a@x.be", "primary": True}, {"value": "b@x.be"}],
    "photos": [{"value": "/a"}, {"value": "https://x.example/b"}],
    "profileUrl": "https://x.example/a",
    "x509Certificates": [{"value": "AAAA"}],
    ENTERPRISE: {"manager": {"value": "x", "$ref": "../Users/x"}},
    USER_EXTENSION: {
        "affiliations": [{"value": "900001", "primary": True}, {"value": "900002"}],
        "identities": [{"issuer": "https://i.example", "subject": "s"}],
    },
}
FAULTS = [
    (("userName",), None, "userName: is required."),
    (("emails", 1, "primary"), True, "emails: has more than one primary entry."),
    (("photos", 1, "value"), "no uri", "photos[1].value: is no URI."),
    (("profileUrl",), "no uri", "profileUrl: is no URI."),
    (("x509Certificates", 0, "value"), "A", "x509Certificates[0].value: is not base64."),
    (
        (USER_EXTENSION, "affiliations", 1, "value"),
        None,
        f"{USER_EXTENSION}:affiliations[1].value: is required.",
    ),
    (
        (USER_EXTENSION, "affiliations", 1, "primary"),
        True,
        f"{USER_EXTENSION}:affiliations: has more than one primary entry.",
    ),
    (
        (USER_EXTENSION, "identities", 0, "subject"),
        None,
        f"{USER_EXTENSION}:identities[0].subject: is required.",
    ),
]


def test_the_whole_user_is_well() -> None:
    """What the faults below are put into is taken by both."""
    assert ours(WHOLE, "User")
    assert theirs(WHOLE, "User", Context.RESOURCE_CREATION_REQUEST) is not None


@pytest.mark.parametrize(("path", "value", "told"), FAULTS)
def test_a_refusal_names_the_attribute_and_the_remedy(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    """One fault in a whole user: both refuse, and ours says where and what to do."""
    body: Any = json.loads(json.dumps(WHOLE))
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    assert theirs(body, "User", Context.RESOURCE_CREATION_REQUEST) is None
    with pytest.raises(Invalid) as refused:
        validate(body, "User")
    assert str(refused.value).startswith(told)
    assert any(word in str(refused.value) for word in ("Send", "Mark"))
    assert refused.value.attribute == told.rpartition(": ")[0]
    assert value is None or str(value) not in str(refused.value).removeprefix(told)


def test_a_group_needs_a_name() -> None:
    """Groups have rules of their own."""
    with pytest.raises(Invalid, match=r"displayName: is required\."):
        validate({"externalId": "e"}, "Group")
