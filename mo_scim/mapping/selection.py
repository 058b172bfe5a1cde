"""``attributes`` and ``excludedAttributes``, compiled once and applied to objects (RFC 7644 3.9).

``returned`` rules of the schemas hold: ``always`` cannot be left out, ``request`` must be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, Json
from mo_scim.mapping.shape import Attribute, shape
from mo_scim.resources import USER_EXTENSION

Name: TypeAlias = tuple[str, str, str]
"""Folded extension URN or "", attribute or "" (the whole extension), sub-attribute or ""."""

_FILTERED: Final = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Selection:
    """What an answer shows; with neither list it is the default answer (``is_default``)."""

    resource: str
    included: frozenset[Name] | None = None
    excluded: frozenset[Name] = frozenset()

    @property
    def is_default(self) -> bool:
        """Tell whether the answer needs no projection."""
        return self.included is None and not self.excluded

    @property
    def asks_insz(self) -> bool:
        """Tell whether the INSZ itself is asked for (scope ``insz:read``, audited)."""
        return (USER_EXTENSION.casefold(), "insz", "") in (self.included or ())

    def shows(self, attribute: str) -> bool:
        """Tell whether this core attribute, as ``members``, is in the answer at all."""
        found = shape(self.resource).subs[attribute.casefold()]
        return _kept(found, "", self)


def selection(
    attributes: Iterable[str] | str | None, excluded: Iterable[str] | str | None, resource: str
) -> Selection:
    """Compile the two parameters (a list, or text with commas) for ``User``, ``Group``, ….

    Unknown names select nothing. Raises ``Invalid`` when both are given.
    """
    wanted, unwanted = _names(attributes, resource), _names(excluded, resource)
    if wanted is not None and unwanted is not None:
        message = "attributes: cannot stand beside excludedAttributes. Send one of the two."
        raise Invalid(message, attribute="attributes")
    return Selection(resource, wanted, unwanted or frozenset())


def project(body: Document, chosen: Selection) -> Document:
    """Return what the selection shows of a whole resource, in the same order."""
    root = shape(chosen.resource)
    result: Document = {}
    for name, value in body.items():
        attribute = root.subs[name.casefold()]
        if attribute.extension and isinstance(value, dict):
            part = _extension(value, attribute, chosen)
            if part:
                result[name] = part
        elif _kept(attribute, "", chosen):
            _put(result, name, _value(value, attribute, "", chosen), value)
    return result


def _put(result: Document, name: str, shown: Json, whole: Json) -> None:
    """Keep what is shown, unless nothing is left of what there was (RFC 7643 section 2.5)."""
    if shown not in ({}, []) or shown == whole:
        result[name] = shown


def _names(given: Iterable[str] | str | None, resource: str) -> frozenset[Name] | None:
    if given is None:
        return None
    texts = _FILTERED.sub("", given).split(",") if isinstance(given, str) else given
    names = [_name(_FILTERED.sub("", text).strip().casefold(), resource) for text in texts]
    found = frozenset(name for name in names if name)
    return found if any(text.strip() for text in texts) else None


def _name(text: str, resource: str) -> Name | None:
    """Return what a folded text names here; a client may send more names than there are."""
    root = shape(resource)
    core = root.name.casefold()
    if text == core:
        return "", "", ""
    if text.startswith(f"{core}:"):
        text = text[len(core) + 1 :]
    for key, attribute in root.subs.items():
        if attribute.extension and text.startswith(key):
            name, sub = _parts(text[len(key) :].lstrip(":."))
            return (key, name, sub) if not name or _is_known(name, sub, attribute) else None
    name, sub = _parts(text)
    return ("", name, sub) if _is_known(name, sub, root) else None


def _is_known(name: str, sub: str, holder: Attribute) -> bool:
    found = holder.subs.get(name)
    return found is not None and (not sub or sub in found.subs)


def _parts(text: str) -> tuple[str, str]:
    name, _, sub = text.partition(".")
    return name, sub


def _extension(value: Document, extension: Attribute, chosen: Selection) -> Document:
    key = extension.name.casefold()
    result: Document = {}
    for name, part in value.items():
        attribute = extension.subs[name.casefold()]
        if _kept(attribute, key, chosen):
            _put(result, name, _value(part, attribute, key, chosen), part)
    return result


def _kept(attribute: Attribute, urn: str, chosen: Selection) -> bool:
    """Judge an attribute at its own level."""
    name = attribute.name.casefold()
    if attribute.returned in {"always", "never"}:
        return attribute.returned == "always"
    included = chosen.included
    named = included is not None and any(
        one[:2] == (urn, name) or (attribute.returned == "default" and one == (urn, "", ""))
        for one in included
        if one[0] == urn
    )
    if attribute.returned == "request":
        return named
    if included is not None and not named:
        return False
    return not {(urn, name, ""), (urn, "", "")} & chosen.excluded


def _value(value: Json, attribute: Attribute, urn: str, chosen: Selection) -> Json:
    """Return the value with the sub-attributes that are shown."""
    if attribute.kind != "complex":
        return value
    key = (urn, attribute.name.casefold())
    only = {one[2] for one in chosen.included or () if one[:2] == key}
    without = {one[2] for one in chosen.excluded if one[:2] == key}
    if "" in only or not only:
        only = set(attribute.subs)
    keep = only - without
    if isinstance(value, list):
        shown = (_subs(entry, keep) for entry in value if isinstance(entry, dict))
        return [entry for entry in shown if entry]
    return _subs(value, keep) if isinstance(value, dict) else value


def _subs(entry: Document, keep: set[str]) -> Document:
    return {name: value for name, value in entry.items() if name.casefold() in keep}
