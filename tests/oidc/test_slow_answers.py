"""A peer that feeds an answer for ever, wherever in it: the deadline is one for all of it."""

import gzip
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from mo_web import fetch
from mo_web.fetch import FetchError, FetchFault

BODY = b'{"a": 1}'
STATUS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = STATUS + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = STATUS + b"Content-Encoding: gzip\r\n\r\n"
FOR_EVER = {
    # name: what is sent at once, what follows again and again, seconds in between
    "status_line": (b"HTTP/1.1 2", b"0", 0.05),
    "headers": (STATUS + b"X-A: ", b"a", 0.05),
    "interim_answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
    "chunk_length": (CHUNKED + b"1;", b"a", 0.05),
    "chunks": (CHUNKED, b"1\r\n \r\n", 0.05),
    "trailers": (CHUNKED + b"8\r\n" + BODY + b"\r\n0\r\n", b"X: y\r\n", 0.0),
    "gzip_name": (GZIP + b"\x1f\x8b\x08\x08\0\0\0\0\0\xff", b"a", 0.05),
    "gzip_of_nothing": (GZIP, gzip.compress(b"") * 100, 0.0),
}
ONCE = {
    "bomb": gzip.compress(gzip.compress(b" " * 5_000_000)),
    "good": gzip.compress(gzip.compress(BODY)),
}


class _Peer(socketserver.BaseRequestHandler):
    """Feeds what the path names until nobody listens."""

    def handle(self) -> None:
        name = self.request.recv(4096).split(b" ")[1].decode().strip("/")
        try:
            self._feed(name)
        except OSError:
            return

    def _feed(self, name: str) -> None:
        if name in ONCE:
            head = STATUS + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n"
            self.request.sendall(head % len(ONCE[name]) + ONCE[name])
            return
        first, again, pause = FOR_EVER[name]
        self.request.sendall(first)
        for piece in repeat(again):
            self.request.sendall(piece)
            time.sleep(pause)


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    """The address of the server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Peer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def fault(ask: Callable[[str], object], url: str) -> FetchFault:
    """Return why nothing usable came."""
    with pytest.raises(FetchError) as error:
        ask(url)
    return error.value.fault


@pytest.mark.parametrize("name", FOR_EVER)
def test_an_answer_without_an_end_is_given_up(
    peer: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in good time and the whole never: the thread is free at the deadline."""
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", 0.25)
    began = time.monotonic()
    assert fault(fetch.get_json, f"{peer}/{name}") is FetchFault.TIMEOUT
    assert time.monotonic() - began < 2


def test_a_bomb_is_too_large(peer: str) -> None:
    """Compressed data counts by what it holds, and only so much of it is ever unpacked."""
    assert fault(fetch.get_json, f"{peer}/bomb") is FetchFault.TOO_LARGE
    assert fetch.get_json(f"{peer}/good") == {"a": 1}
