"""Discovery (RFC 7644 section 4), as bytes that are built once for each base URL."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import Blueprint, Response, request

from mo_access.domain.errors import Forbidden, NotFound
from mo_scim import discovery
from mo_scim.discovery import Discovery
from mo_scim.endpoints import answer, calling, preconditions
from mo_scim.endpoints.reporting import reported


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/ServiceProviderConfig", view_func=service_provider_config)
    blueprint.add_url_rule("/Schemas", view_func=schemas)
    blueprint.add_url_rule("/Schemas/<path:urn>", view_func=schema)
    blueprint.add_url_rule("/ResourceTypes", view_func=resource_types)
    blueprint.add_url_rule("/ResourceTypes/<name>", view_func=resource_type)


@reported
def service_provider_config() -> Response:
    """Say what this service provider can do."""
    return _answer(_documents().service_provider_config)


@reported
def schemas() -> Response:
    """List the schemas; a filter is refused (RFC 7644 section 4)."""
    _refuse_filter()
    return _answer(_documents().schemas)


@reported
def schema(urn: str) -> Response:
    """Read one schema by its URN, in any case."""
    found = _documents().schema.get(urn.casefold())
    if found is None:
        raise NotFound("There is no such schema. GET /Schemas lists them.")
    return _answer(found)


@reported
def resource_types() -> Response:
    """List the kinds of resources; a filter is refused."""
    _refuse_filter()
    return _answer(_documents().resource_types)


@reported
def resource_type(name: str) -> Response:
    """Read one kind of resource by its name."""
    found = _documents().resource_type.get(name.casefold())
    if found is None:
        raise NotFound("There is no such resource type. GET /ResourceTypes lists them.")
    return _answer(found)


def _documents() -> Discovery:
    """Return the documents as this caller can read them: ``pagination`` is new to most."""
    return _built(answer.base_url(), announces_cursors=not calling.current().profile.tolerated)


@lru_cache(maxsize=4)
def _built(base_url: str, *, announces_cursors: bool) -> Discovery:
    return discovery.discovery(base_url, announces_cursors=announces_cursors)


def _refuse_filter() -> None:
    if request.args.get("filter"):
        raise Forbidden("Discovery cannot be filtered. Leave out the filter.")


def _answer(body: bytes) -> Response:
    tag = f'W/"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if preconditions.is_unchanged(tag):
        return answer.not_modified(tag)
    return answer.document(body, headers={"ETag": tag})
