"""A deadline for a whole answer: status line, headers and every byte, however slowly they drip.

A socket's time-out is one for each read, so that a peer which sends a byte now and then holds the
thread that asked for as long as it likes: in the status line, the headers, one interim answer
after another, the length of a chunk, the trailers, or in compressed data that is none. Here each
read gets what is left of the whole.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Mapping
from http.client import HTTPResponse
from types import MappingProxyType
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


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


class _Secure(HTTPSConnection):
    response_class = Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS: Final[Mapping[str, type[HTTPConnectionPool]]] = MappingProxyType(
    {"http": _PlainPool, "https": _SecurePool}
)
"""By scheme, for ``PoolManager.pool_classes_by_scheme``."""
