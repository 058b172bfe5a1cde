"""The PatchOp message (RFC 7644 section 3.5.2) as a list of operations, odd forms cured.

An operation without path becomes one operation for each key of its value; those are marked
``implied``, since their attributes may be echoes (design section 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scim2_models import SCIMException
from scim2_models.path import AttrPath, FilterNode, Path, ValuePath

from mo_access.domain.errors import Invalid, MissingTarget
from mo_access.domain.model import Document, Json
from mo_scim.mapping import messages
from mo_scim.mapping.addressing import Place, locate, odd_spelling
from mo_scim.mapping.filters import MAX_CHARACTERS, cure
from mo_scim.mapping.refusals import InvalidPath, InvalidSyntax, TooMany
from mo_scim.mapping.shape import shape
from mo_scim.profiles import Deviation, Profile

MAX_OPERATIONS: Final = 1_000
_UNSTORABLE: Final = re.compile(r"\\u(0000|d[89a-f])", re.IGNORECASE)
"""A NUL or half of a surrogate pair, escaped in a filter inside a path."""
_KINDS: Final = frozenset({"add", "remove", "replace"})
_MESSAGE: Final = frozenset({"schemas", "operations"})
_OPERATION: Final = frozenset({"op", "path", "value"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One change at one place; ``selection`` is what stands in brackets.

    ``value`` is None for none. ``implied``: the place is a key of a value, not a path.
    """

    kind: str
    place: Place
    value: Json = None
    selection: FilterNode | None = None
    implied: bool = False

    @property
    def path(self) -> str:
        """The canonical path, for telling echoes from assertions."""
        brackets = "[]" if self.selection is not None else ""
        return f"{self.place.name}{brackets}" + (
            f".{self.place.sub.name}" if self.place.sub else ""
        )


def read(body: Document, resource: str, profile: Profile) -> tuple[Operation, ...]:
    """Return the operations of a message in their order.

    Raises ``InvalidSyntax``, ``InvalidPath``, ``MissingTarget`` (remove without path), ``TooMany``.
    """
    parts = messages.parts(body)
    messages.check(body, messages.PATCH, profile)
    _refuse_unknown(parts, _MESSAGE, profile)
    items = parts.get("operations")
    if isinstance(items, dict) and profile.allows(Deviation.OBJECT_FOR_LIST):
        items = [items]
    if not isinstance(items, list) or not items:
        raise InvalidSyntax("Operations: is required. Send a list of operations.")
    if len(items) > MAX_OPERATIONS:
        message = f"Operations: has more than {MAX_OPERATIONS} entries. Send it in parts."
        raise TooMany(message, attribute="Operations")
    return tuple(
        op for number, item in enumerate(items) for op in _entry(number, item, resource, profile)
    )


def _entry(number: int, item: Json, resource: str, profile: Profile) -> Iterator[Operation]:
    """Read one entry; what is wrong with it is told with its place in the list."""
    try:
        yield from _operations(item, resource, profile)
    except Invalid as fault:
        place = f"Operations[{number}]" + ("." if fault.attribute else ": ")
        raise type(fault)(place + fault.message, attribute=fault.attribute) from None


def _operations(item: Json, resource: str, profile: Profile) -> Iterator[Operation]:
    if not isinstance(item, dict):
        raise InvalidSyntax('is no object. Send {"op": …, "path": …, "value": …}.')
    parts = messages.parts(item)
    _refuse_unknown(parts, _OPERATION, profile)
    kind = _kind(parts.get("op"), profile)
    path, value = parts.get("path"), parts.get("value")
    if path is not None and not isinstance(path, str):
        raise InvalidPath("path: must be text. Leave it out for none.", attribute="path")
    if kind != "remove" and "value" not in parts:
        raise Invalid(
            "value: is required for add and replace. Send one, or remove.", attribute="value"
        )
    if kind == "remove" and value is not None and not profile.allows(Deviation.REMOVE_VALUES):
        message = 'value: remove takes none. Select in the path, as in: members[value eq "…"]'
        raise Invalid(message, attribute="value")
    if path and path.strip():
        yield from _known(kind, path.strip(), value, resource, profile)
    else:
        yield from _keys(kind, value, resource, profile)


def _refuse_unknown(parts: Document, known: frozenset[str], profile: Profile) -> None:
    if not known.issuperset(parts) and not profile.allows(Deviation.UNKNOWN_ATTRIBUTES):
        raise InvalidSyntax(f"A PATCH knows {', '.join(sorted(known))}. Leave the rest out.")


def _kind(op: Json, profile: Profile) -> str:
    if op is None:
        raise InvalidSyntax("op: is required. Send add, remove or replace.", attribute="op")
    kind = op.casefold() if isinstance(op, str) else ""
    if kind not in _KINDS:
        raise InvalidSyntax("op: is no operation. Send add, remove or replace.", attribute="op")
    if kind != op and not profile.allows(Deviation.OP_CASE):
        raise InvalidSyntax(f"op: is not in lower case. Send {kind}.", attribute="op")
    return kind


def _keys(kind: str, value: Json, resource: str, profile: Profile) -> Iterator[Operation]:
    if kind == "remove":
        raise MissingTarget("path: is required for remove. Send what is to go.", attribute="path")
    if not profile.allows(Deviation.NO_PATH):
        raise InvalidSyntax("path: is required. Send one for each operation.", attribute="path")
    if isinstance(value, list) and len(value) == 1 and profile.allows(Deviation.LIST_FOR_OBJECT):
        value = value[0]
    if not isinstance(value, dict):
        raise Invalid(
            "value: must be an object when there is no path. Send a path, or { }.",
            attribute="value",
        )
    yield from _implied(kind, value, resource, profile)


def _implied(kind: str, value: Document, resource: str, profile: Profile) -> Iterator[Operation]:
    """Read an object that is written into the whole resource, extensions included."""
    if len({key.casefold() for key in value}) != len(value):
        raise InvalidSyntax("value: holds a name twice. Send it once.", attribute="value")
    for key, part in value.items():
        for op in _known(kind, _key(key, resource, profile), part, resource, profile):
            yield Operation(op.kind, op.place, op.value, op.selection, implied=True)


def _key(key: str, resource: str, profile: Profile) -> str:
    """Return a key of a value without path; more than an attribute's name is a path in it."""
    is_path = key.casefold() not in shape(resource).subs and any(sign in key for sign in ".:[")
    if is_path and not profile.allows(Deviation.PATHS_AS_KEYS):
        raise InvalidSyntax(f"{key[:120]}: is no attribute. Send it as a path.")
    return key


def _known(
    kind: str, path: str, value: Json, resource: str, profile: Profile
) -> Iterator[Operation]:
    """Read one path; one that names nothing is ignored where unknown attributes are."""
    node = _parsed(path, profile)
    place = locate(node.attr_path if isinstance(node, ValuePath) else node, resource)
    if place is not None and isinstance(node, ValuePath) and node.sub_attr:
        place = _part(place, node.sub_attr)
    if place is not None:
        selection = node.val_filter if isinstance(node, ValuePath) else None
        _check_selection(place, selection)
        _check_spelling(path, place, profile)
        if place.attribute is shape(resource) and isinstance(value, dict) and kind != "remove":
            yield from _implied(kind, value, resource, profile)
        else:
            yield Operation(kind, place, value, selection)
    elif not profile.allows(Deviation.UNKNOWN_ATTRIBUTES):
        message = f"path: {path[:120]} names no attribute. See GET /Schemas."
        raise InvalidPath(message, attribute="path")


def _check_spelling(path: str, place: Place, profile: Profile) -> None:
    """Refuse an extension's attribute without its URN, or with a dot behind it (section 3.10)."""
    spelling = odd_spelling(path, place)
    if spelling and not profile.allows(spelling):
        raise InvalidPath(f"path: write it as {place.urn}:{place.attribute.name}", attribute="path")


def _parsed(path: str, profile: Profile) -> AttrPath | ValuePath:
    if len(path) > MAX_CHARACTERS:
        message = f"path: has more than {MAX_CHARACTERS} characters. Send it in parts."
        raise InvalidPath(message, attribute="path")
    if _UNSTORABLE.search(path):
        raise InvalidPath("path: holds a character that no value can have.", attribute="path")
    cured = cure(path)
    if cured != path and not profile.allows(Deviation.BARE_FILTERS):
        raise InvalidPath('path: a value in a filter stands in " ".', attribute="path")
    try:
        node = Path(cured).ast
    except SCIMException:
        node = None
    if isinstance(node, AttrPath | ValuePath):
        return node
    message = 'path: cannot be read. Write it as in: emails[type eq "work"].value'
    raise InvalidPath(message, attribute="path")


def _part(place: Place, name: str) -> Place | None:
    sub = place.attribute.subs.get(name.casefold())
    return Place(place.urn, place.attribute, sub) if sub else None


def _check_selection(place: Place, selection: FilterNode | None) -> None:
    if selection is not None and not place.attribute.multi:
        raise InvalidPath(f"path: {place.name} has no values to select from.", attribute="path")
