"""Resources as bytes, spliced from the stored JSON text and what is derived (design section 2).

No model is built. ``users.read`` stores a User without schemas, active and derived parts, the
enterprise extension near the end and ours last; that order is what the splicing relies on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from mo_access.domain.affiliations import KEPT
from mo_access.domain.model import (
    Document,
    GroupView,
    Institution,
    Json,
    PersonView,
    ShownAffiliation,
    Theme,
)
from mo_scim.mapping import derived
from mo_scim.mapping.derived import etag
from mo_scim.mapping.echo import derived_organization
from mo_scim.mapping.request import objects, part, stored
from mo_scim.mapping.selection import Selection, project, selection
from mo_scim.resources import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    GROUP_EXTENSION,
    INSTITUTION,
    THEME,
    USER_EXTENSION,
)

__all__ = [
    "Selection",
    "etag",
    "full",
    "group",
    "group_pieces",
    "institution",
    "page",
    "selection",
    "theme",
    "user",
]

# Built once: json.dumps with arguments makes an encoder on every call.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
PIECE: Final = 1_000
_ON_REQUEST: Final = ("gender", "birthDate")
_FREE: Final[Document] = {"status": "unmapped"}
_UNASSIGNED: Final = '"active":null'
"""Stored, and then first, where a PATCH removed ``active``: it is not shown (RFC 7643 2.5)."""
_ACTIVE: Final = {True: '"active":true', False: '"active":false'}
_SCHEMAS: Final = {
    (enterprise, ours): json.dumps(
        [CORE_USER, *[ENTERPRISE] * enterprise, *[USER_EXTENSION] * ours], separators=(",", ":")
    )
    for enterprise in (False, True)
    for ours in (False, True)
}
"""What a User says of itself, by whether it has either extension."""
_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def user(view: PersonView, base_url: str, chosen: Selection) -> bytes:
    """Return the User as this caller sees it; ``base_url`` ends in ``/scim/v2``."""
    if chosen.is_default:
        return _spliced(view, base_url).encode()
    return _dumps(project(full(view, base_url), chosen)).encode()


def full(view: PersonView, base_url: str = "") -> Document:
    """Return the whole User as an object, derived parts and requestable attributes included.

    The INSZ is in it only when the view holds it. A PATCH is applied to this, and the outcome
    goes to ``users.read`` with ``shown=view``.
    """
    head, enterprise, extension = _parts(view.document)
    body: Document = {"schemas": [], "id": view.id, **stored(f"{{{head}}}")}
    if "active" in body:
        del body["active"]
    else:
        body["active"] = view.active
    organization = derived_organization(view)
    sections: Document = {
        ENTERPRISE: _with_organization(stored(enterprise), organization),
        USER_EXTENSION: _extension(stored(extension), view.affiliations, hidden=()),
    }
    if view.insz:
        part(sections, USER_EXTENSION)["insz"] = view.insz
    shown = {urn: value for urn, value in sections.items() if value}
    body["schemas"] = [CORE_USER, *shown]
    body.update(shown)
    if view.groups:
        body["groups"] = derived.groups(view.groups, base_url)
    body["meta"] = derived.meta(view, "User", f"{base_url}/Users/{view.id}")
    return body


def group(view: GroupView, base_url: str, chosen: Selection) -> bytes:
    """Return the Group; ``members`` is ``[]`` when empty, absent when excluded or not loaded."""
    return b"".join(group_pieces(view, base_url, chosen))


def group_pieces(view: GroupView, base_url: str, chosen: Selection) -> Iterator[bytes]:
    """Return the Group as ``group`` does, with so many members in each piece (``PIECE``).

    Of a group of 100,000 only the ids are held at a time, and not each of its texts thrice.
    """
    body = full_group(view, base_url)
    asked = any(urn == GROUP_EXTENSION.casefold() for urn, _, _ in chosen.included or ())
    if not asked and body[GROUP_EXTENSION] == _FREE:
        # A group that says and gives nothing of ours is a plain Group to clients of core schemas.
        del body[GROUP_EXTENSION]
        body["schemas"] = [CORE_GROUP]
    if not chosen.is_default:
        body = project(body, chosen)
    text = _dumps(body)
    if view.members is None or not chosen.shows("members"):
        yield text.encode()
        return
    opening = f'{text[:-1]},"members":['
    joint = opening
    for start in range(0, len(view.members), PIECE):
        items = _members(view.members[start : start + PIECE], base_url, chosen)
        if items:
            yield f"{joint}{','.join(items)}".encode()
            joint = ","
    yield f"{opening if joint is opening else ''}]}}".encode()


def full_group(view: GroupView, base_url: str = "") -> Document:
    """Return the Group as an object without its members."""
    document = stored(view.document)
    mapped = view.theme is not None or view.role is not None
    said = part(document, GROUP_EXTENSION)
    extension: Document = {}
    for name, found in (("theme", view.theme), ("institution", view.institution)):
        value = said.get(name, found)
        if value is not None:
            extension[name] = value
    extension["status"] = "mapped" if mapped else "unmapped"
    return {
        "schemas": [CORE_GROUP, GROUP_EXTENSION],
        "id": view.id,
        **document,
        GROUP_EXTENSION: extension,
        "meta": derived.meta(view, "Group", f"{base_url}/Groups/{view.id}"),
    }


def page(
    total: int, items: Sequence[bytes], *, start: int | None = None, following: str | None = None
) -> bytes:
    """Return a ListResponse (RFC 7644 section 3.4.2) around rendered resources.

    ``start`` is the place of the first one in a list by index; ``following`` the cursor of the
    next page in a list by cursor (RFC 9865 section 2).
    """
    placed = "" if start is None else f'"startIndex":{start},'
    leads = "" if following is None else f'"nextCursor":"{following}",'
    head = (
        f'{{"schemas":["{_LIST}"],"totalResults":{total},{placed}'
        f'"itemsPerPage":{len(items)},{leads}"Resources":['
    )
    return head.encode() + b",".join(items) + b"]}"


def institution(found: Institution, base_url: str, chosen: Selection) -> bytes:
    """Return an institution as a resource; its number is its id."""
    body: Document = {
        "schemas": [INSTITUTION],
        "id": found.number,
        "displayName": found.name,
        "number": found.number,
        "kind": found.kind,
        **_present(board=found.board, successor=found.successor),
        "meta": _plain_meta("Institution", f"{base_url}/Institutions/{found.number}"),
    }
    return _dumps(body if chosen.is_default else project(body, chosen)).encode()


def theme(found: Theme, base_url: str, chosen: Selection) -> bytes:
    """Return a theme as a resource; its slug is its id."""
    body: Document = {
        "schemas": [THEME],
        "id": found.slug,
        "displayName": found.name,
        "slug": found.slug,
        "confidentiality": found.confidentiality.value,
        "minLevel": found.min_level,
        "meta": _plain_meta("Theme", f"{base_url}/Themes/{found.slug}"),
    }
    return _dumps(body if chosen.is_default else project(body, chosen)).encode()


def _spliced(view: PersonView, base_url: str) -> str:
    """Join the text of the default answer."""
    head, enterprise, extension = _parts(view.document)
    enterprise = _splice_organization(enterprise, derived_organization(view))
    ours = _extension_text(extension, view.affiliations)
    schemas = _SCHEMAS[enterprise != "{}", ours != "{}"]
    pieces = [f'{{"schemas":{schemas},"id":"{view.id}"']
    if head.startswith(_UNASSIGNED):
        head, active = head.removeprefix(_UNASSIGNED).lstrip(","), ""
    else:
        active = _ACTIVE[view.active]
    pieces += [piece for piece in (head, active) if piece]
    if enterprise != "{}":
        pieces.append(f'"{ENTERPRISE}":{enterprise}')
    if ours != "{}":
        pieces.append(f'"{USER_EXTENSION}":{ours}')
    if view.groups:
        pieces.append(f'"groups":{_dumps(derived.groups(view.groups, base_url))}')
    meta = derived.meta_text(view, "User", f"{base_url}/Users/{view.id}")
    return f'{",".join(pieces)},"meta":{meta}}}'


def _parts(document: str) -> tuple[str, str, str]:
    """Cut a stored User into core members (without braces), enterprise and our extension.

    A key stands in quotes before a colon, and quotes inside a JSON text are escaped, so what is
    found is a key.
    """
    rest, extension = _cut(document.strip()[1:-1], USER_EXTENSION)
    head, enterprise = _cut(rest, ENTERPRISE)
    return head, enterprise, extension


def _cut(text: str, urn: str) -> tuple[str, str]:
    key = f'"{urn}":'
    at = text.find(key)
    if at < 0:
        return text, "{}"
    return text[:at].rstrip(", "), text[at + len(key) :].strip()


def _splice_organization(text: str, organization: str | None) -> str:
    if organization is None or '"organization":' in text:
        return text
    inner = text[1:-1]
    return f'{{"organization":"{organization}"{"," if inner else ""}{inner}}}'


def _with_organization(enterprise: Document, organization: str | None) -> Document:
    if organization is None or "organization" in enterprise:
        return enterprise
    return {"organization": organization, **enterprise}


@lru_cache(maxsize=KEPT)
def _extension_text(said: str, shown: tuple[ShownAffiliation, ...]) -> str:
    """Return our extension as text; kept, as most people of an institution have the same."""
    return _dumps(_extension(stored(said), shown, hidden=_ON_REQUEST))


def _extension(
    said: Document, shown: tuple[ShownAffiliation, ...], *, hidden: Iterable[str]
) -> Document:
    """Return our extension with the effective affiliations in the place of the stored ones."""
    body = {k: v for k, v in said.items() if k != "affiliations" and k not in hidden}
    if not shown:
        return body
    return {"affiliations": [derived.affiliation(each) for each in shown], **body}


def _members(
    members: Sequence[tuple[str, str | None]], base_url: str, chosen: Selection
) -> list[str]:
    """Render members, each with the label that the client gave it."""
    items = [
        f'{{"value":"{person}","$ref":"{base_url}/Users/{person}",'
        f'{_display(display) if display else ""}"type":"User"}}'
        for person, display in members
    ]
    if not any(name[1] == "members" and name[2] for name in _named(chosen)):
        return items
    narrowed = project({"members": [json.loads(item) for item in items]}, chosen)
    return [_dumps(item) for item in objects(narrowed.get("members"))]


def _display(text: str) -> str:
    return f'"display":{_dumps(text)},'


def _named(chosen: Selection) -> frozenset[tuple[str, str, str]]:
    return (chosen.included or frozenset()) | chosen.excluded


def _present(**values: str | None) -> Document:
    return {name: value for name, value in values.items() if value}


def _plain_meta(resource: str, location: str) -> Document:
    return {"resourceType": resource, "location": location}


def _dumps(value: Json) -> str:
    return _ENCODER.encode(value)
