"""The attributes of a resource as one tree, read from the schemas of ``mo_scim.resources``.

Normalising, indexing and projecting walk this tree, so a declaration is the only place where
an attribute is described.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from scim2_models import Attribute as SchemaAttribute
from scim2_models import Extension, Mutability, Resource, Returned, Schema

from mo_scim import resources


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute as its schema declares it; ``subs`` are keyed by folded name.

    A resource and an extension are complex attributes too, an extension under its URN. ``uri``: a
    reference to what is no resource, so that its value has to be a URI. ``mixed``: some parts
    are read-only, at any depth.
    """

    name: str
    kind: str
    multi: bool = False
    read_only: bool = False
    exact: bool = False
    required: bool = False
    uri: bool = False
    returned: str = "default"
    extension: bool = False
    subs: Mapping[str, Attribute] = field(default_factory=dict)
    mixed: bool = field(init=False)

    def __post_init__(self) -> None:
        """See once what is asked of every value."""
        mixed = any(sub.read_only or sub.mixed for sub in self.subs.values())
        object.__setattr__(self, "mixed", mixed)


Model: TypeAlias = type[Resource[Extension]] | type[Extension]
_URIS: Final = frozenset({"external", "uri"})
_META: Final = ("resourceType", "created", "lastModified", "location", "version")


@cache
def shape(resource: str) -> Attribute:
    """Return the tree of ``User``, ``Group``, ``Institution`` or ``Theme``."""
    core, extensions = _MODELS[resource]
    subs = [*_common(), *_attributes(core.to_schema())]
    for extension in extensions:
        schema = extension.to_schema()
        parts = _fold(_attributes(schema))
        subs.append(Attribute(str(schema.id), "complex", extension=True, subs=parts))
    return Attribute(str(core.to_schema().id), "complex", subs=_fold(subs))


def _common() -> list[Attribute]:
    """Describe what RFC 7643 section 3.1 gives to every resource."""
    meta = _fold(
        Attribute(name, "string", read_only=True, exact=name != "location") for name in _META
    )
    return [
        Attribute("schemas", "reference", multi=True, exact=True, returned="always"),
        Attribute("id", "string", read_only=True, exact=True, returned="always"),
        Attribute("externalId", "string", exact=True),
        Attribute("meta", "complex", read_only=True, subs=meta),
    ]


def _attributes(schema: Schema) -> list[Attribute]:
    return [_attribute(item) for item in schema.attributes or ()]


def _attribute(item: SchemaAttribute) -> Attribute:
    kind = str(item.type.value) if item.type else "string"
    return Attribute(
        name=str(item.name),
        kind=kind,
        multi=bool(item.multi_valued),
        read_only=item.mutability is Mutability.read_only,
        required=bool(item.required),
        uri=not _URIS.isdisjoint(item.reference_types or ()),
        exact=bool(item.case_exact) or kind in {"reference", "binary"},
        returned=str((item.returned or Returned.default).value),
        subs=_fold(_attribute(sub) for sub in item.sub_attributes or ()),
    )


def _fold(attributes: Iterable[Attribute]) -> dict[str, Attribute]:
    return {attribute.name.casefold(): attribute for attribute in attributes}


_MODELS: Final[Mapping[str, tuple[Model, tuple[Model, ...]]]] = {
    "User": (resources.CoreUser, (resources.EnterpriseUser, resources.MijnOnderwijsUser)),
    "Group": (resources.CoreGroup, (resources.MijnOnderwijsGroup,)),
    "Institution": (resources.Institution, ()),
    "Theme": (resources.Theme, ()),
}
