"""The searchable values of a document, for the value index (design section 2, link_value)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from mo_access.domain.model import Document, IndexedValue, Json
from mo_access.domain.text import fold
from mo_scim.mapping.shape import Attribute

# These have columns or tables of their own.
_COLUMNS: Final = frozenset({"schemas", "id", "externalid", "meta", "username", "active", "groups"})
_TABLES: Final = frozenset({"affiliations"})


def indexed(document: Document, shape: Attribute) -> tuple[IndexedValue, ...]:
    """List every searchable value; attributes with a column of their own have none here."""
    return tuple(_resource(document, shape, ""))


def _resource(document: Document, shape: Attribute, prefix: str) -> Iterator[IndexedValue]:
    for name, value in document.items():
        key = name.casefold()
        attribute = shape.subs.get(key)
        if attribute is None or key in (_TABLES if prefix else _COLUMNS):
            continue
        if attribute.extension and isinstance(value, dict):
            yield from _resource(value, attribute, f"{key}:")
        else:
            yield from _attribute(value, attribute, prefix + key)


def _attribute(value: Json, attribute: Attribute, key: str) -> Iterator[IndexedValue]:
    entries = value if isinstance(value, list) else [value]
    for ordinal, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield _indexed(key, ordinal, "", _text(entry, attribute))
            continue
        for name, part in entry.items():
            sub = attribute.subs[name.casefold()]
            yield _indexed(key, ordinal, name.casefold(), _text(part, sub))


def _indexed(key: str, ordinal: int, sub: str, text: str) -> IndexedValue:
    exact = unicodedata.normalize("NFC", text)
    return IndexedValue(key, ordinal, sub, exact, fold(text))


def _text(value: Json, attribute: Attribute) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if attribute.kind == "dateTime" and isinstance(value, str):
        return _instant(value)
    return str(value)


def _instant(text: str) -> str:
    """Return a time as UTC text that sorts in the order of time; other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
