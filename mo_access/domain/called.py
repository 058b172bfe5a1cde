"""What to call somebody, of what a broker wrote."""

from __future__ import annotations

from mo_access.domain.model import Json


def full_name(document: Json) -> str | None:
    """Take the formatted name, else given and family name, else the display name."""
    if not isinstance(document, dict):
        return None
    said = document.get("name")
    parts = said if isinstance(said, dict) else {}
    joined = " ".join(str(parts[key]) for key in ("givenName", "familyName") if parts.get(key))
    name = parts.get("formatted") or joined or document.get("displayName")
    return str(name) if name else None
