"""Whom forwarding headers are believed from: the configured proxies, and nobody else (P11)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network: TypeAlias = IPv4Network | IPv6Network
_DROPPED: Final = ("HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_REMOTE_USER")


class ProxyGate:
    """WSGI middleware: the caller's address from a trusted proxy, then no such header at all.

    Scheme and host never come from headers: addresses are built from the base URL.
    """

    def __init__(self, app: WSGIApplication, trusted: Iterable[str]) -> None:
        """Read the addresses and networks that are trusted."""
        self._app = app
        self._trusted = tuple(ip_network(text, strict=False) for text in trusted)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Correct the address, drop the headers, and pass the request on."""
        chain = [*_forwarded(environ), environ.get("REMOTE_ADDR", "")]
        environ["REMOTE_ADDR"] = self._nearest_stranger(chain)
        for name in [n for n in environ if n.startswith(_DROPPED)]:
            del environ[name]
        return self._app(environ, start)

    def _nearest_stranger(self, chain: list[str]) -> str:
        """Return the last address that no trusted proxy has; only they may add before it."""
        for address in reversed(chain):
            if not self._is_trusted(address):
                return address
        return chain[0]

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)


def _forwarded(environ: WSGIEnvironment) -> list[str]:
    told = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    return [part.strip() for part in told.split(",") if part.strip()]
