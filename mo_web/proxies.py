"""Whom forwarding headers are believed from: the configured proxies, and nobody else (P11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DROPPED: Final = ("HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_REMOTE_USER")


class ProxyGate:
    """WSGI middleware: the caller's address through ``hops`` proxies, then no such header at all.

    Scheme and host never come from headers: addresses are built from the base URL.
    """

    def __init__(self, app: WSGIApplication, hops: int) -> None:
        """Remember how many proxies of ours stand before the application."""
        self._app = app
        self._hops = hops

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Correct the address, drop the headers, and pass the request on."""
        chain = [*_forwarded(environ), str(environ.get("REMOTE_ADDR", ""))]
        # Each proxy adds one address at the end; what stands before ours was said by a stranger.
        environ["REMOTE_ADDR"] = chain[-self._hops - 1] if len(chain) > self._hops else chain[-1]
        for name in [n for n in environ if n.startswith(_DROPPED)]:
            del environ[name]
        # Nothing is built from the Host header, and one that is no name makes the router fail.
        environ["HTTP_HOST"] = "localhost"
        return self._app(environ, start)


def _forwarded(environ: WSGIEnvironment) -> list[str]:
    told = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    return [part.strip() for part in told.split(",") if part.strip()]
