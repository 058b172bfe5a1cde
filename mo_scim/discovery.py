"""The discovery documents as bytes (RFC 7644 section 4), built once per base URL.

No value is null, and every attribute says multiValued, required, mutability and returned:
clients build models from them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from scim2_models import Extension, Resource

from mo_access.domain.model import DEFAULT_PAGE, MAX_PAGE, Document, Json
from mo_scim import resources
from mo_scim.mapping import render
from mo_scim.mapping.bulk import MAX_OPERATIONS
from mo_scim.mapping.cursors import TIMEOUT_SECONDS

BULK_BYTES: Final = 4 * 1024 * 1024

_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_TYPE: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_Model: TypeAlias = type[Resource[Extension]] | type[Extension]
_DECLARED: Final[tuple[tuple[_Model, str], ...]] = (
    (resources.CoreUser, "User"),
    (resources.EnterpriseUser, "EnterpriseUser"),
    (resources.MijnOnderwijsUser, "MijnOnderwijsUser"),
    (resources.CoreGroup, "Group"),
    (resources.MijnOnderwijsGroup, "MijnOnderwijsGroup"),
    (resources.Institution, "Institution"),
    (resources.Theme, "Theme"),
)
_DESCRIPTIONS: Final[Mapping[str, str]] = {
    resources.CORE_USER: "User Account",
    resources.ENTERPRISE: "Enterprise User",
    resources.CORE_GROUP: "Group",
}
"""The words of RFC 7643 section 8.7.1, for which some validators look."""
_TYPES: Final = (
    ("User", "Users", resources.CORE_USER, (resources.ENTERPRISE, resources.USER_EXTENSION)),
    ("Group", "Groups", resources.CORE_GROUP, (resources.GROUP_EXTENSION,)),
    ("Institution", "Institutions", resources.INSTITUTION, ()),
    ("Theme", "Themes", resources.THEME, ()),
)

_PAGINATION: Final[Document] = {
    "cursor": True,
    "index": True,
    "defaultPaginationMethod": "index",
    "defaultPageSize": DEFAULT_PAGE,
    "maxPageSize": MAX_PAGE,
    "cursorTimeout": TIMEOUT_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Discovery:
    """The documents to serve, single ones keyed by folded URN and by folded name."""

    service_provider_config: bytes
    schemas: bytes
    resource_types: bytes
    schema: Mapping[str, bytes]
    resource_type: Mapping[str, bytes]


def discovery(base_url: str, *, announces_cursors: bool = False) -> Discovery:
    """Build every document; ``base_url`` ends in ``/scim/v2``.

    ``announces_cursors``: with ``pagination`` (RFC 9865 section 4), at which clients stop whose
    models are older, such as Canaille's.
    """
    schemas = {str(s["id"]).casefold(): _bytes(s) for s in _schemas(base_url)}
    types = {str(t["name"]).casefold(): _bytes(t) for t in _types(base_url)}
    return Discovery(
        service_provider_config=_bytes(_config(base_url, announces_cursors=announces_cursors)),
        schemas=render.page(len(schemas), list(schemas.values()), start=1),
        resource_types=render.page(len(types), list(types.values()), start=1),
        schema=schemas,
        resource_type=types,
    )


def _schemas(base_url: str) -> list[Document]:
    found: list[Document] = []
    for model, name in _DECLARED:
        body: Document = model.to_schema().model_dump(mode="json", exclude_none=True)
        location = f"{base_url}/Schemas/{body['id']}"
        meta: Document = {"resourceType": "Schema", "location": location}
        told = _DESCRIPTIONS.get(str(body["id"]), body["description"])
        extra: Document = {"schemas": [_SCHEMA], "name": name, "description": told, "meta": meta}
        found.append({**body, **extra})
    return found


def _types(base_url: str) -> list[Document]:
    return [_type(base_url, *declared) for declared in _TYPES]


def _type(
    base_url: str, name: str, path: str, schema: str, extensions: tuple[str, ...]
) -> Document:
    body: Document = {
        "schemas": [_TYPE],
        "id": name,
        "name": name,
        "description": name,
        "endpoint": f"/{path}",
        "schema": schema,
    }
    if extensions:
        body["schemaExtensions"] = [{"schema": urn, "required": False} for urn in extensions]
    location = f"{base_url}/ResourceTypes/{name}"
    body["meta"] = {"resourceType": "ResourceType", "location": location}
    return body


def _config(base_url: str, *, announces_cursors: bool) -> Document:
    """Say what is supported (RFC 7643 section 5); ``bulk.maxOperations`` steers some clients."""
    supported: Document = {"supported": True}
    location = f"{base_url}/ServiceProviderConfig"
    return {
        "schemas": [_CONFIG],
        "patch": supported,
        "bulk": {
            "supported": True,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": BULK_BYTES,
        },
        "filter": {"supported": True, "maxResults": MAX_PAGE},
        **({"pagination": _PAGINATION} if announces_cursors else {}),
        "changePassword": {"supported": False},
        "sort": supported,
        "etag": supported,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "An API token of a client, or an access token of its issuer.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": location},
    }


def _bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
