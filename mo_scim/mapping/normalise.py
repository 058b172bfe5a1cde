"""From what a client wrote to canonical names and types, with the tolerances of its profile.

Names are compared without case (RFC 7643 section 2.1); null and the empty list are no value
(section 2.5), and what stands in a read-only attribute does not count (RFC 7644 section 3.5.1).
Every other deviation is tolerated only where the profile says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, Json
from mo_access.domain.text import LONGEST, fold
from mo_scim.mapping.refusals import InvalidSyntax
from mo_scim.mapping.shape import Attribute
from mo_scim.profiles import Deviation, Profile

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_LONG: Final = frozenset({"reference", "binary"})
_SHORT: Final = LONGEST // 3
"""No text of so many characters is longer than ``LONGEST`` without its case."""
MAX_VALUES: Final = 5_000
"""How many values an attribute holds at most, members apart (rule 12)."""
_NUMBERS: Final = frozenset({"integer", "decimal"})
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def normalise(body: Document, shape: Attribute, profile: Profile, path: str = "") -> Document:
    """Return the body under canonical names, cured where the profile tolerates it.

    Raises ``Invalid`` for an attribute that is unknown (where that is not tolerated), written
    twice in two cases, or of another form than its schema says.
    """
    result: Document = {}
    seen: set[str] = set()
    for name, raw in body.items():
        attribute = shape.subs.get(name.casefold())
        if attribute is None:
            _unknown(path + name, profile)
            continue
        where = path + attribute.name
        if attribute.name in seen:
            raise InvalidSyntax(f"{where}: written twice. Send it once.", attribute=where)
        seen.add(attribute.name)
        value = (
            _echoed(raw, attribute)
            if attribute.read_only
            else _value(raw, attribute, profile, where)
        )
        if value is not None:
            result[attribute.name] = value
    return result


def writable(body: Document, shape: Attribute) -> Document:
    """Return the body without read-only attributes, which are ignored (RFC 7644 section 3.5.1).

    What holds none is not copied.
    """
    result: Document = {}
    for name, value in body.items():
        attribute = shape.subs[name.casefold()]
        if attribute.read_only:
            continue
        kept = _writable_value(value, attribute) if attribute.mixed else value
        if kept not in ({}, []):
            result[name] = kept
    return result


def check_schemas(body: Document, shape: Attribute, profile: Profile) -> None:
    """Refuse missing and unknown schema URIs, unless the profile tolerates them."""
    sent = next((value for name, value in body.items() if name.casefold() == "schemas"), None)
    if not sent:
        if profile.allows(Deviation.MISSING_SCHEMAS):
            return
        message = f'schemas: is required. Send ["{shape.name}"].'
        raise InvalidSyntax(message, attribute="schemas")
    known = {shape.name.casefold()} | {key for key, sub in shape.subs.items() if sub.extension}
    if isinstance(sent, list) and all(str(urn).casefold() in known for urn in sent):
        return
    if not profile.allows(Deviation.UNKNOWN_SCHEMAS):
        message = "schemas: must be a list of known schemas. GET /Schemas lists those."
        raise InvalidSyntax(message, attribute="schemas")


def _unknown(path: str, profile: Profile) -> None:
    if not profile.allows(Deviation.UNKNOWN_ATTRIBUTES):
        shown = path[:120]
        message = f"{shown}: is no attribute of this resource. Leave it out; see GET /Schemas."
        raise InvalidSyntax(message, attribute=shown)


def _echoed(raw: Json, attribute: Attribute) -> Json:
    """Keep of a read-only attribute the text that tells an echo, whatever else was sent."""
    return raw if isinstance(raw, str) and attribute.kind != "complex" else None


def _writable_value(value: Json, attribute: Attribute) -> Json:
    if isinstance(value, dict):
        return writable(value, attribute)
    if isinstance(value, list) and attribute.kind == "complex":
        entries = [writable(entry, attribute) for entry in value if isinstance(entry, dict)]
        return [entry for entry in entries if entry]
    return value


def _value(raw: Json, attribute: Attribute, profile: Profile, where: str) -> Json:
    """Return the cured value, None for no value."""
    if raw is None:
        return None
    if not attribute.multi:
        return _one(raw, attribute, profile, where)
    if not isinstance(raw, list):
        if not profile.allows(Deviation.OBJECT_FOR_LIST):
            raise Invalid(f"{where}: must be a list. Send it in [ ].", attribute=where)
        raw = [raw]
    if len(raw) > MAX_VALUES and attribute.name != "members":
        message = f"{where}: has more than {MAX_VALUES} values. Send fewer."
        raise Invalid(message, attribute=where)
    values = [_one(item, attribute, profile, f"{where}[{place}]") for place, item in enumerate(raw)]
    return [value for value in values if value is not None] or None


def _one(raw: Json, attribute: Attribute, profile: Profile, where: str) -> Json:
    if isinstance(raw, list) and len(raw) <= 1 and profile.allows(Deviation.LIST_FOR_OBJECT):
        raw = raw[0] if raw else None
    if raw is None:
        return None
    kind = attribute.kind
    if kind == "complex":
        return _complex(raw, attribute, profile, where)
    if kind == "boolean":
        return _boolean(raw, profile, where)
    return raw if kind in _NUMBERS else _text(raw, attribute, profile, where)


def _complex(raw: Json, attribute: Attribute, profile: Profile, where: str) -> Json:
    if not isinstance(raw, dict):
        bare = isinstance(raw, str | int) and "value" in attribute.subs
        if not bare or not profile.allows(Deviation.BARE_VALUES):
            raise Invalid(f"{where}: must be an object. Send it in {{ }}.", attribute=where)
        raw = {"value": raw}
    separator = ":" if attribute.extension else "."
    return normalise(raw, attribute, profile, where + separator) or None


def _text(raw: Json, attribute: Attribute, profile: Profile, where: str) -> Json:
    if isinstance(raw, str):
        if _UNSTORABLE.search(raw):
            message = f"{where}: holds a NUL character or half a surrogate pair. Leave it out."
            raise Invalid(message, attribute=where)
        if len(raw) > _SHORT and attribute.kind not in _LONG and len(fold(raw)) > LONGEST:
            message = f"{where}: has more than {LONGEST} characters. Send a shorter text."
            raise Invalid(message, attribute=where)
        return None if raw == "" and profile.allows(Deviation.EMPTY_TEXTS) else raw
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if number and profile.allows(Deviation.NUMBERS_AS_TEXT):
        return str(raw)
    raise Invalid(f'{where}: must be text. Send it in " ".', attribute=where)


def _boolean(raw: Json, profile: Profile, where: str) -> bool | None:
    if isinstance(raw, bool):
        return raw
    if raw == "" and profile.allows(Deviation.EMPTY_TEXTS):
        return None
    word = raw.casefold() if isinstance(raw, str) else ""
    if word in _BOOLEANS and profile.allows(Deviation.TEXT_BOOLEANS):
        return _BOOLEANS[word]
    raise Invalid(f"{where}: must be true or false. Send it without quotes.", attribute=where)
