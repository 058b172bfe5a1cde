"""Lets the in-process engine of scim2-client speak real HTTP, without another HTTP library."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import requests
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import ScimProvider

from conformance.target import Target

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

TIMEOUT: Final = 30
_NOT_OURS: Final = frozenset(
    {"content-length", "content-encoding", "transfer-encoding", "connection"}
)


class Wire:
    """A WSGI application that passes every request on over HTTP to where it was addressed."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Send the request and give the answer back."""
        path = environ["PATH_INFO"].encode("latin-1").decode()
        address = f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        if environ["wsgi.url_scheme"] == "https":
            address = f"https{address.removeprefix('http')}"
        answer = self._session.request(
            environ["REQUEST_METHOD"],
            f"{address}{quote(path)}?{environ['QUERY_STRING']}".rstrip("?"),
            data=environ["wsgi.input"].read() or None,
            headers=_headers(environ),
            timeout=TIMEOUT,
        )
        kept = [(k, v) for k, v in answer.headers.items() if k.casefold() not in _NOT_OURS]
        start(f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}", kept)
        return [answer.content]

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def client(wire: Wire, target: Target, provider: ScimProvider | None = None) -> WSGISCIMClient:
    """Make a stock scim2-client; without a provider it learns everything by discovery."""
    bearer = {"Authorization": f"Bearer {target.token}"}
    return WSGISCIMClient(wire, base_url=target.url, headers=bearer, provider=provider)


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    sent = {
        key.removeprefix("HTTP_").replace("_", "-"): value
        for key, value in environ.items()
        if key.startswith("HTTP_") and key != "HTTP_HOST"
    }
    kind = environ.get("CONTENT_TYPE")
    return {**sent, **({"Content-Type": kind} if kind else {})}
