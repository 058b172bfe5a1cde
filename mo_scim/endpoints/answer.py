"""Answers with the media type that the caller reads, entity tags and locations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Response, request

from mo_scim.endpoints import leeway
from mo_scim.profiles import Deviation
from mo_web.shared import absolute

PREFIX: Final = "/scim/v2"
SCIM_JSON: Final = "application/scim+json"
_JSON: Final = "application/json"


def base_url() -> str:
    """Return the public address of this door; nothing for who puts it before it anyway."""
    if leeway.asked(Deviation.RELATIVE_LOCATION):
        return ""
    return absolute(PREFIX)


def media_type() -> str:
    """Choose scim+json, unless the caller reads only application/json (brokers.md, 5.1)."""
    if leeway.asked(Deviation.PLAIN_JSON):
        return _JSON
    accepted = request.accept_mimetypes
    named = {mime.casefold() for mime, quality in accepted if quality > 0}
    only_json = _JSON in named and not named & {SCIM_JSON, "*/*", "application/*"}
    return _JSON if only_json else SCIM_JSON


def document(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON bytes."""
    return Response(body, status, dict(headers or {}), mimetype=media_type())


def resource(body: bytes, etag: str, location: str, status: int = 200) -> Response:
    """Answer with one resource, its entity tag and its address."""
    return document(body, status, {"ETag": etag, "Location": location})


def empty(etag: str | None = None) -> Response:
    """Answer 204."""
    return _bare(204, etag)


def not_modified(etag: str) -> Response:
    """Answer 304 with the tag that still holds."""
    return _bare(304, etag)


def _bare(status: int, etag: str | None) -> Response:
    response = Response(status=status, headers={"ETag": etag} if etag else {})
    # Flask names a type even where there is nothing of it; clients that check it would refuse.
    del response.headers["Content-Type"]
    return response
