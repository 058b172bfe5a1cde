"""A deadline for a whole answer: the look-up of the name, connecting, and every byte of it.

A socket's time-out is one for each read, so that a peer which sends a byte now and then holds the
thread that asked for as long as it likes: in the status line, the headers, one interim answer
after another, the length of a chunk, the trailers, or in compressed data that is none. Here each
read gets what is left of the whole. Connecting likewise has one for each address of a name, and
looking the name up has none: here both share what there is.
"""

from __future__ import annotations

import io
import socket
import sys
import time
from collections.abc import Mapping
from http.client import HTTPResponse
from types import MappingProxyType
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

from mo_web.lookup import lookups

# A time-out of nothing would make a socket one that never waits.
_LEAST: Final = 0.001


class _Reads(io.RawIOBase):
    """What comes in at a socket, until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw, self._sock = raw, sock
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - the signature of io
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class Answer(HTTPResponse):
    """An answer whose socket's time-out, as it is at the first byte, is for all of it."""

    def __init__(self, sock: socket.socket, *told: Any, **named: Any) -> None:  # noqa: ANN401 - theirs
        """Read through the deadline; a socket that has no time-out is read as it is."""
        super().__init__(sock, *told, **named)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Reads(self.fp.detach(), sock, seconds))


class _Plain(HTTPConnection):
    response_class = Answer

    def _new_conn(self) -> socket.socket:
        """Look the name up and connect within the time-out; without one it is done their way."""
        if not isinstance(self.timeout, int | float):
            return super()._new_conn()
        try:
            made = self._connected(time.monotonic() + self.timeout)
        except TimeoutError as fault:
            message = f"Connecting to {self.host} took too long"
            raise ConnectTimeoutError(self, message) from fault
        except (OSError, UnicodeError) as fault:
            message = f"Failed to connect to {self.host}: {fault}"
            raise NewConnectionError(self, message) from fault
        sys.audit("http.client.connect", self, self.host, self.port)
        return made

    def _connected(self, deadline: float) -> socket.socket:
        """Try one address after the other; each gets its share of what is left.

        What is left in the end is the time-out of the socket: TLS is agreed on within it.
        """
        found = lookups().addresses(self._dns_host.strip("[]"), deadline - time.monotonic())
        failed: OSError = TimeoutError()
        for tried, address in enumerate(found):
            left = deadline - time.monotonic()
            if left < _LEAST:
                break
            try:
                made = create_connection(
                    (address, self.port),
                    left / (len(found) - tried),
                    self.source_address,
                    self.socket_options,
                )
            except OSError as fault:
                failed = fault
            else:
                made.settimeout(max(deadline - time.monotonic(), _LEAST))
                return made
        raise failed


class _Secure(_Plain, HTTPSConnection):
    """The same before TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS: Final[Mapping[str, type[HTTPConnectionPool]]] = MappingProxyType(
    {"http": _PlainPool, "https": _SecurePool}
)
"""By scheme, for ``PoolManager.pool_classes_by_scheme``."""
