"""From the attribute path of a filter or PATCH to the attribute that it names.

Names are compared without case; an extension's attribute may come without its URN, and with a
dot after it (``urn:…:User.department``), as brokers write it (brokers.md, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass

from scim2_models.path import AttrPath

from mo_scim.mapping.shape import Attribute, shape
from mo_scim.profiles import Deviation


@dataclass(frozen=True, slots=True)
class Place:
    """An attribute of a resource: the URN of its extension or "", itself, and a part of it.

    ``attribute`` is the extension itself when the path is a bare extension URN; it is the
    resource itself when the path is the resource's own URN.
    """

    urn: str
    attribute: Attribute
    sub: Attribute | None = None

    @property
    def name(self) -> str:
        """The canonical name of the attribute, with its URN where it has one."""
        if not self.urn or self.attribute.extension:
            return self.attribute.name
        return f"{self.urn}:{self.attribute.name}"

    @property
    def full_name(self) -> str:
        """The same, with the part where one is named."""
        return f"{self.name}.{self.sub.name}" if self.sub else self.name

    @property
    def key(self) -> str:
        """The folded name under which the value index holds it."""
        return self.name.casefold()

    @property
    def target(self) -> Attribute:
        """What is compared or written: the part if one is named, else the attribute."""
        return self.sub or self.attribute


def locate(path: AttrPath, resource: str) -> Place | None:
    """Return what a path names on ``User``, ``Group``, …; None when it names nothing there."""
    root = shape(resource)
    whole = str(path).casefold()
    if whole == root.name.casefold():
        return Place("", root)
    if whole in root.subs and root.subs[whole].extension:
        return Place(root.subs[whole].name, root.subs[whole])
    if path.uri is not None:
        return _qualified(whole, root)
    return _within(root, "", path.attr, path.sub_attr) or _unqualified(path, root)


def odd_spelling(path: str, place: Place) -> Deviation | None:
    """Tell how an extension's attribute is spelled other than RFC 7644 section 3.10 says."""
    if not place.urn or place.attribute.extension:
        return None
    urn, folded = place.urn.casefold(), path.casefold()
    if folded.startswith(f"{urn}."):
        return Deviation.DOT_AFTER_URN
    return None if folded.startswith(urn) else Deviation.SHORT_NAMES


def _qualified(whole: str, root: Attribute) -> Place | None:
    """Read what follows the longest known URN, after a colon or a dot."""
    urns = [root.name, *(sub.name for sub in root.subs.values() if sub.extension)]
    for urn in urns:
        key = urn.casefold()
        if whole.startswith((f"{key}:", f"{key}.")):
            name, _, sub = whole[len(key) + 1 :].partition(".")
            holder, shown = (root, "") if urn == root.name else (root.subs[key], urn)
            return _within(holder, shown, name, sub or None)
    return None


def _unqualified(path: AttrPath, root: Attribute) -> Place | None:
    extensions = (sub for sub in root.subs.values() if sub.extension)
    found = (_within(each, each.name, path.attr, path.sub_attr) for each in extensions)
    return next((place for place in found if place), None)


def _within(holder: Attribute, urn: str, name: str, sub: str | None) -> Place | None:
    attribute = holder.subs.get(name.casefold())
    if attribute is None or attribute.extension:
        return None
    if sub is None:
        return Place(urn, attribute)
    part = attribute.subs.get(sub.casefold())
    return Place(urn, attribute, part) if part else None
