"""PATCH on a document (RFC 7644 section 3.5.2): all operations, or none when one is refused.

The document is the whole resource as rendered, under canonical names. What an operation touches
loses its read-only parts, which tells an assertion from an echo (design section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from mo_access.domain.errors import Immutable, Invalid, MissingTarget, TooLarge
from mo_access.domain.model import Document, Json
from mo_scim.mapping.entries import is_primary, joined, one_primary, plain, without
from mo_scim.mapping.normalise import normalise, writable
from mo_scim.mapping.operations import Operation
from mo_scim.mapping.refusals import InvalidSyntax
from mo_scim.mapping.selecting import equalities, meets
from mo_scim.mapping.shape import Attribute, shape
from mo_scim.profiles import Deviation, Profile

MAX_WORK: Final = 1_000_000
"""How many values the operations of one PATCH look at, all together, at most (rule 12)."""
_LONG: Final = 10


def apply(
    body: Document, operations: Iterable[Operation], resource: str, profile: Profile
) -> tuple[Document, frozenset[str]]:
    """Return the changed document and the paths that were named outright.

    Raises ``Invalid`` and its kinds (value, ``Immutable``, ``MissingTarget``); ``body`` itself
    is never changed.
    """
    # Values are replaced, never changed in place; only the holders of attributes are.
    document = {k: dict(v) if isinstance(v, dict) else v for k, v in body.items()}
    named, work = set(), 0
    for operation in operations:
        work += _work(document, operation)
        if work > MAX_WORK:
            message = (
                f"Operations: together look at more than {MAX_WORK} values. Send fewer at once."
            )
            raise TooLarge(message, attribute="Operations")
        if _is_read_only(document, operation):
            continue
        _refuse_needed(operation)
        _apply(document, operation, resource, profile)
        if not operation.implied:
            named.add(operation.path)
    return document, frozenset(named)


def _work(document: Document, operation: Operation) -> int:
    """Estimate how many values this operation looks at, a long filter several times."""
    place, value = operation.place, operation.value
    part = document.get(place.urn) if place.urn else document
    held = part.get(place.attribute.name) if isinstance(part, dict) else None
    values = sum(len(each) for each in (held, value) if isinstance(each, list))
    return values * (1 + len(str(operation.selection or "")) // _LONG)


def _is_read_only(document: Document, operation: Operation) -> bool:
    """Skip a read-only attribute that is a key or keeps its value; refuse any other write."""
    place = operation.place
    if not (place.attribute.read_only or (place.sub and place.sub.read_only)):
        return False
    same = place.sub is None and document.get(place.attribute.name) == operation.value
    if operation.implied or (same and operation.kind != "remove"):
        return True
    raise Immutable(f"{operation.path}: is read-only. Leave it out.", attribute=operation.path)


def _refuse_needed(operation: Operation) -> None:
    """Refuse to take away what a resource must have (RFC 7644 section 3.5.2.2)."""
    place = operation.place
    if operation.kind == "remove" and place.attribute.required and place.sub is None:
        message = f"{operation.path}: is required. Replace it instead of removing it."
        raise Immutable(message, attribute=operation.path)


def _apply(document: Document, operation: Operation, resource: str, profile: Profile) -> None:
    place = operation.place
    root = shape(resource)
    if place.attribute is root:
        _merge(document, operation, root, profile)
        return
    if not place.urn:
        _attribute(document, root, operation, profile)
        return
    part = document.setdefault(place.urn, {})
    if not isinstance(part, dict):
        raise Invalid(f"{place.urn}: must be an object.", attribute=place.urn)
    extension = root.subs[place.urn.casefold()]
    if place.attribute is extension:
        _merge(part, operation, extension, profile)
    else:
        _attribute(part, extension, operation, profile)
    if not part:
        del document[place.urn]


def _merge(holder: Document, operation: Operation, shape_: Attribute, profile: Profile) -> None:
    """Write an object into a resource or an extension; remove empties an extension."""
    if operation.kind == "remove":
        holder.clear()
        return
    value = operation.value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise Invalid(f"{shape_.name}: must be an object.", attribute=shape_.name)
    names = [found.name for name in value if (found := shape_.subs.get(name.casefold()))]
    if len(set(names)) != len(names):
        raise InvalidSyntax("value: holds a name twice. Send it once.", attribute="value")
    for name, raw in value.items():
        found = shape_.subs.get(name.casefold())
        if found is None or found.extension:
            normalise({name: None if found else raw}, shape_, profile)
        elif not found.read_only:
            _whole(holder, shape_, found, operation.kind, raw, profile)


def _attribute(holder: Document, shape_: Attribute, operation: Operation, profile: Profile) -> None:
    place = operation.place
    if operation.selection is not None:
        _selected(holder, shape_, operation, profile)
    elif place.sub is not None:
        _part(holder, operation, profile)
    elif operation.kind == "remove":
        _remove(holder, place.attribute, operation.value)
    else:
        _whole(holder, shape_, place.attribute, operation.kind, operation.value, profile)


def _whole(
    holder: Document,
    shape_: Attribute,
    attribute: Attribute,
    kind: str,
    raw: Json,
    profile: Profile,
) -> None:
    """Add to or replace an attribute as a whole; no value takes it away, adding none does not."""
    name = attribute.name
    value = _cured(raw, attribute, shape_, profile)
    if isinstance(raw, list) and len(raw) == 1 and attribute.kind == "complex":
        raw = raw[0]  # which the profile tolerates, or it was refused before
    if isinstance(raw, dict) and raw and not attribute.multi:
        _parts_of(holder, attribute, raw, value, profile)
    elif value is None:
        if kind == "replace":
            _clear(holder, attribute)
    elif attribute.multi and isinstance(value, list):
        old = holder.get(name)
        kept = old if kind == "add" and isinstance(old, list) else []
        holder[name] = joined(kept, value, attribute)
    elif isinstance(value, dict):
        _parts_of(holder, attribute, {}, value, profile)
    else:
        holder[name] = value


def _parts_of(
    holder: Document, attribute: Attribute, raw: Document, value: Json, profile: Profile
) -> None:
    """Write the parts of a complex value over those there are; take away what has no value."""
    old = holder.get(attribute.name)
    parts = {**(old if isinstance(old, dict) else {}), **(value if isinstance(value, dict) else {})}
    for name, part in raw.items():
        sub = attribute.subs.get(name.casefold())
        if sub is not None and (part is None or _is_empty(part, profile)):
            parts.pop(sub.name, None)
    if parts:
        holder[attribute.name] = parts
    else:
        _clear(holder, attribute)


def _is_empty(part: Json, profile: Profile) -> bool:
    return part == "" and profile.allows(Deviation.EMPTY_TEXTS)


def _cured(
    raw: Json, attribute: Attribute, shape_: Attribute, profile: Profile, where: str = ""
) -> Json:
    """Return the value under canonical names, without read-only parts; None for no value.

    ``where`` is what stands before the attribute's name in a refusal.
    """
    if raw is None:
        return None
    listed: Json = [raw] if attribute.multi and not isinstance(raw, list) else raw
    body = normalise({attribute.name: listed}, shape_, profile, where)
    return writable(body, shape_).get(attribute.name)


def _clear(holder: Document, attribute: Attribute) -> None:
    """Take an attribute away; null says so for one that absence does not clear (ruling 4)."""
    holder.pop(attribute.name, None)
    if attribute.returned == "request":
        holder[attribute.name] = None


def _remove(holder: Document, attribute: Attribute, value: Json) -> None:
    """Take an attribute away, or of a multi-valued one only the values that are named."""
    old = holder.get(attribute.name)
    if value is None or not attribute.multi or not isinstance(old, list):
        _clear(holder, attribute)
        return
    unwanted: list[Json] = value if isinstance(value, list) else [value]
    _store(holder, attribute, without(old, unwanted))


def _store(holder: Document, attribute: Attribute, entries: list[Json]) -> None:
    if entries:
        holder[attribute.name] = entries
    else:
        _clear(holder, attribute)


def _part(holder: Document, operation: Operation, profile: Profile) -> None:
    """Write one part of a complex attribute, of every entry of a multi-valued one."""
    attribute = operation.place.attribute
    old = holder.get(attribute.name)
    write = _writer(operation, profile)
    if attribute.multi:
        entries = old if isinstance(old, list) else []
        if not entries and operation.kind != "remove":
            entries = [{}]
        _store(holder, attribute, [kept for entry in entries if (kept := write(entry))])
        return
    value = write(old if isinstance(old, dict) else {})
    if value:
        holder[attribute.name] = value
    else:
        _clear(holder, attribute)


def _writer(operation: Operation, profile: Profile) -> Callable[[Json], Json]:
    """Return what writes the operation into one entry, which is asserted by that."""
    place = operation.place
    attribute, sub = place.attribute, place.sub
    value = None
    if operation.kind != "remove" and sub is not None:
        value = _cured(operation.value, sub, attribute, profile, f"{place.name}.")
    elif operation.kind != "remove":
        holder = Attribute("", "complex", subs={attribute.name.casefold(): attribute})
        found = _cured(operation.value, attribute, holder, profile)
        value = found[0] if isinstance(found, list) and found else None

    def write(entry: Json) -> Json:
        own = plain(entry, attribute)
        if sub is None or not isinstance(own, dict):
            both = isinstance(own, dict) and isinstance(value, dict)
            return {**own, **value} if both else value  # type: ignore[dict-item]  # both are objects
        if value is None:
            return {name: part for name, part in own.items() if name != sub.name}
        return {**own, sub.name: value}

    return write


def _selected(holder: Document, shape_: Attribute, operation: Operation, profile: Profile) -> None:
    """Change the entries that the brackets select (brokers.md, section 5.3)."""
    attribute, node = operation.place.attribute, operation.selection
    old = holder.get(attribute.name)
    entries = list(old) if isinstance(old, list) else []
    chosen = [i for i, item in enumerate(entries) if node and meets(item, node, attribute)]
    write = _writer(operation, profile)
    if operation.kind == "remove" and operation.place.sub is None:
        gone = set(chosen)
        _store(holder, attribute, [e for i, e in enumerate(entries) if i not in gone])
        return
    if not chosen and operation.kind != "remove":
        entries.append(_made(operation, shape_, profile))
        chosen = [len(entries) - 1]
    written = {i: write(entries[i]) for i in chosen}
    result = [written.get(i, entry) for i, entry in enumerate(entries)]
    result = one_primary(result, [item for item in written.values() if is_primary(item)])
    _store(holder, attribute, [item for item in result if item])


def _made(operation: Operation, shape_: Attribute, profile: Profile) -> Json:
    """Make the entry that an add selects and that does not exist; anything else is refused."""
    attribute, node = operation.place.attribute, operation.selection
    allowed = operation.kind == "add" and profile.allows(Deviation.CREATE_ON_ADD)
    if node is None or not allowed:
        shown = operation.path.replace("[]", "[…]")
        message = f"{shown}: no entry meets the filter. Read the resource, or add the entry first."
        raise MissingTarget(message, attribute=operation.place.name)
    value = _cured([equalities(node, attribute)], attribute, shape_, profile)
    return value[0] if isinstance(value, list) and value else {}
