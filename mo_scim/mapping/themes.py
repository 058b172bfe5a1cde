"""The theme that a text names: by slug or name, or by a name that the mapping file knows."""

from __future__ import annotations

from mo_scim.mapping.institutions import Catalogue
from mo_scim.profiles import Rules


def theme(text: str, catalogue: Catalogue, rules: Rules) -> str | None:
    """Return the slug; a theme's own slug and name come before what the file calls it."""
    slug = catalogue.theme(text)
    if slug is not None:
        return slug
    named = rules.themes.get(text.strip().casefold())
    return catalogue.theme(named) if named else None
