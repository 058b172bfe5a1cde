"""The searchable values of a document, for the value index (design section 2, link_value)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from mo_access.domain.model import Document, IndexedValue, Json
from mo_access.domain.text import normal
from mo_scim.mapping.shape import Attribute

# These have columns or tables of their own.
_COLUMNS: Final = frozenset({"schemas", "id", "externalid", "meta", "username", "active", "groups"})
_TABLES: Final = frozenset({"affiliations"})


def indexed(document: Document, shape: Attribute) -> tuple[IndexedValue, ...]:
    """List every searchable value; attributes with a column of their own have none here."""
    found: list[IndexedValue] = []
    _resource(document, shape, "", found)
    return tuple(found)


def _resource(document: Document, shape: Attribute, urn: str, found: list[IndexedValue]) -> None:
    elsewhere = _TABLES if urn else _COLUMNS
    for name, value in document.items():
        key = name.casefold()
        attribute = shape.subs.get(key)
        if attribute is None or key in elsewhere:
            continue
        if attribute.extension and isinstance(value, dict):
            _resource(value, attribute, f"{key}:", found)
            continue
        entries = value if isinstance(value, list) else [value]
        for ordinal, entry in enumerate(entries):
            if isinstance(entry, dict):
                for part, inner in entry.items():
                    sub = part.casefold()
                    text = _text(inner, attribute.subs[sub])
                    found.append(_indexed(urn + key, ordinal, sub, text))
            else:
                found.append(_indexed(urn + key, ordinal, "", _text(entry, attribute)))


def _indexed(key: str, ordinal: int, sub: str, text: str) -> IndexedValue:
    exact = normal(text)
    return IndexedValue(key, ordinal, sub, exact, exact.casefold())


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
