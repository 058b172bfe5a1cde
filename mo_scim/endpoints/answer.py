"""Answers with the media type that the caller reads, entity tags and locations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flask import Response
from werkzeug.datastructures import Headers, MIMEAccept
from werkzeug.http import parse_accept_header

from mo_scim.endpoints import leeway
from mo_scim.profiles import Deviation
from mo_web import exchange
from mo_web.shared import absolute

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PREFIX: Final = "/scim/v2"
SCIM_JSON: Final = "application/scim+json"
_JSON: Final = "application/json"


class Answer(Response):
    """An answer whose headers are as they are sent: addresses are URIs, the length is counted.

    Flask would parse and build each address anew, as it still does for a base URL that is not
    ASCII, and name a type even where there is nothing of it: clients that check it would refuse.
    """

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers."""
        if all(value.isascii() for _, value in self.headers):
            return self.headers
        return super().get_wsgi_headers(environ)


def base_url() -> str:
    """Return the public address of this door; nothing for who puts it before it anyway."""
    if leeway.asked(Deviation.RELATIVE_LOCATION):
        return ""
    return absolute(PREFIX)


def media_type() -> str:
    """Choose scim+json, unless the caller reads only application/json (brokers.md, 5.1)."""
    if leeway.asked(Deviation.PLAIN_JSON):
        return _JSON
    return _readable(exchange.current().environ.get("HTTP_ACCEPT", ""))


@lru_cache(maxsize=64)
def _readable(accept: str) -> str:
    """Judge a header; clients send a handful of different ones."""
    accepted = parse_accept_header(accept, MIMEAccept)
    named = {mime.casefold() for mime, quality in accepted if quality > 0}
    only_json = _JSON in named and not named & {SCIM_JSON, "*/*", "application/*"}
    return _JSON if only_json else SCIM_JSON


def document(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON bytes."""
    told = {"Content-Type": media_type(), "Content-Length": str(len(body)), **(headers or {})}
    return Answer(body, status, Headers(told))


def resource(body: bytes, etag: str, location: str, status: int = 200) -> Response:
    """Answer with one resource, its entity tag and its address."""
    return document(body, status, {"ETag": etag, "Location": location})


def streamed(pieces: Iterable[bytes], etag: str, location: str) -> Response:
    """Answer with one large resource, of which each piece is made when the one before is sent.

    Nothing may be read from the database for it: the connection was given back before.
    """
    told = {"Content-Type": media_type(), "ETag": etag, "Location": location}
    return Answer(pieces, 200, Headers(told))


def empty(etag: str | None = None) -> Response:
    """Answer 204."""
    return _bare(204, etag)


def not_modified(etag: str) -> Response:
    """Answer 304 with the tag that still holds."""
    return _bare(304, etag)


def _bare(status: int, etag: str | None) -> Response:
    return Answer(status=status, headers={"ETag": etag} if etag else {})
