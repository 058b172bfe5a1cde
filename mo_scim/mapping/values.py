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
        whole = urn + key
        for ordinal, entry in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(entry, dict):
                for part, inner in entry.items():
                    sub = part.casefold()
                    exact = _text(inner, attribute.subs[sub])
                    found.append(IndexedValue(whole, ordinal, sub, exact, exact.casefold()))
            else:
                exact = _text(entry, attribute)
                found.append(IndexedValue(whole, ordinal, "", exact, exact.casefold()))


def _text(value: Json, attribute: Attribute) -> str:
    """Return a value as text in the one form in which it is compared."""
    if isinstance(value, str):
        return normal(_instant(value) if attribute.kind == "dateTime" else value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _instant(text: str) -> str:
    """Return a time as UTC text that sorts in the order of time; other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
