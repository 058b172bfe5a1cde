"""Requests that leave this service, against a real server on loopback that misbehaves."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mo_web import fetch
from mo_web.fetch import MAX_BYTES, FetchError, FetchFault

SEEN: list[dict[str, str]] = []


class Peer(BaseHTTPRequestHandler):
    """A server whose paths name its manners."""

    def do_GET(self) -> None:
        """Answer as the path says."""
        SEEN.append({"path": self.path, **dict(self.headers)})
        getattr(self, self.path.strip("/").partition("?")[0])()

    def do_POST(self) -> None:
        """Answer a form as a GET."""
        size = int(self.headers.get("Content-Length", 0))
        SEEN.append({"body": self.rfile.read(size).decode(), **dict(self.headers)})
        self.good()

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def good(self) -> None:
        """A JSON object."""
        self._head(200)
        self.wfile.write(b'{"a": 1}')

    def text(self) -> None:
        """Something else."""
        self._head(200, Content_Type="Text/Plain; charset=x")
        self.wfile.write(b"caf\xc3\xa9 \xff")

    def missing(self) -> None:
        """A 404 with a JSON body."""
        self._head(404)
        self.wfile.write(b'{"a": 1}')

    def moved(self) -> None:
        """A redirect to ourselves."""
        self._head(307, Location="/good")

    def big(self) -> None:
        """More than the limit, without saying so."""
        self._head(200)
        self.wfile.write(b'{"a": "' + b"x" * MAX_BYTES + b'"}')

    def full(self) -> None:
        """Exactly the limit."""
        self._head(200)
        self.wfile.write(b'{"a": "' + b"x" * (MAX_BYTES - 9) + b'"}')

    def drip(self) -> None:
        """A byte now and then, for ever."""
        self._head(200)
        for _ in range(200):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def silent(self) -> None:
        """Nothing at all."""
        time.sleep(2)

    def cut(self) -> None:
        """Less than promised."""
        self._head(200, Content_Length="100")
        self.wfile.write(b'{"a"')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    """The address of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fault(url: str) -> FetchFault:
    """Return why nothing usable came from `url`."""
    with pytest.raises(FetchError) as error:
        fetch.get_json(url)
    return error.value.fault


def test_a_json_object_comes_back(peer: str) -> None:
    """An object up to the limit is returned."""
    assert fetch.get_json(f"{peer}/good") == {"a": 1}
    assert len(str(fetch.get_json(f"{peer}/full")["a"])) == MAX_BYTES - 9


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("missing", FetchFault.STATUS),
        ("moved", FetchFault.REDIRECT),
        ("big", FetchFault.TOO_LARGE),
        ("text", FetchFault.NOT_JSON),
        ("cut", FetchFault.UNREACHABLE),
    ],
)
def test_anything_else_is_a_fault(peer: str, path: str, expected: FetchFault) -> None:
    """Other statuses, redirects, over-long and other bodies are faults."""
    assert fault(f"{peer}/{path}") is expected


@pytest.mark.parametrize("path", ["drip", "silent"])
def test_time_is_bounded(peer: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that drips or says nothing is given up after the time-out."""
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", 0.4)
    began = time.monotonic()
    assert fault(f"{peer}/{path}") is FetchFault.TIMEOUT
    assert time.monotonic() - began < 1.5


def test_a_closed_port_is_unreachable() -> None:
    """Nobody there is a fault of its own."""
    assert fault("http://127.0.0.1:9/") is FetchFault.UNREACHABLE


@pytest.mark.parametrize(
    "url",
    [
        "http://broker.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:secret@broker.example/",
        "https:///",
        "https://broker.example:99999/",
        "http://[::1/",
        "http://0.0.0.0:1/",
        "",
    ],
)
def test_addresses_that_are_never_asked(url: str) -> None:
    """Plain http beyond loopback, other schemes and malformed addresses are refused."""
    assert fault(url) is FetchFault.FORBIDDEN_URL


def test_the_environment_has_no_say(
    peer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy nor a netrc of the machine changes what is sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    fetch.get_json(f"{peer}/good")
    assert "Authorization" not in SEEN[-1]


def test_a_text_and_a_form(peer: str) -> None:
    """A text comes with its media type; a form goes with Basic credentials."""
    assert fetch.get_text(f"{peer}/text", {})[0] == "text/plain"
    with pytest.raises(FetchError):
        fetch.get_text(f"{peer}/missing", {})
    assert fetch.post_form(f"{peer}/good", {"token": "t"}, ("id", "secret")) == {"a": 1}
    assert SEEN[-1]["body"] == "token=t"
    assert SEEN[-1]["Authorization"] == "Basic aWQ6c2VjcmV0"
