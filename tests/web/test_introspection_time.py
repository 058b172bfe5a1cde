"""How long a broker waits while we ask about its token."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mo_access.settings import Provider
from mo_web import introspection
from mo_web.errors import TryLater
from mo_web.fetch import get_json
from mo_web.introspection import Introspector
from mo_web.issuer import Issuers
from mo_web.turnstile import Crowded, Turnstile
from tests.web.test_turnstile import waiting

# The default of httpx, with which Canaille pushes.
BROKER_GIVES_UP = 5.0


class Slow(BaseHTTPRequestHandler):
    """Names its endpoint late, and then says nothing at all."""

    def do_GET(self) -> None:
        """The metadata, after most of the time is over."""
        time.sleep(0.3)
        issuer = f"http://{self.headers['Host']}"
        told = f'{{"issuer": "{issuer}", "introspection_endpoint": "{issuer}/i"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_POST(self) -> None:
        """Nothing."""
        time.sleep(3)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""


@pytest.fixture
def slow() -> Iterator[str]:
    """Give the issuer of a provider that is slow at every step."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def mute() -> Iterator[str]:
    """Give the issuer of a provider that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def provider(name: str, issuer: str) -> Provider:
    """Make a provider that is asked about tokens."""
    return Provider(name=name, issuer=issuer, client_id="mo", client_secret="of-the-tests")


def test_all_questions_share_one_budget(
    slow: str, mute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata, introspection and a second provider together take no longer than one may."""
    monkeypatch.setattr(introspection, "BUDGET_SECONDS", 0.6)
    asking = Introspector([provider("slow", slow), provider("mute", mute)], 30)
    began = time.monotonic()
    with pytest.raises(TryLater):
        asking.token("token-of-the-broker")
    assert time.monotonic() - began < 1.1


def test_the_budget_ends_before_the_broker_gives_up() -> None:
    """A broker that hung up could not be told to try again later."""
    assert BROKER_GIVES_UP - 1 > introspection.BUDGET_SECONDS


def test_a_crowd_before_a_provider_is_told_at_once(mute: str) -> None:
    """Strangers with tokens of nobody hold a few threads; the next is told to try later."""
    turns = Turnstile(each=1, patience=0.05)
    asking = Introspector([provider("mute", mute)], 30, turns=turns)
    issuers = Issuers(get_json, time.monotonic, plain_http=True, turns=turns)
    began = time.monotonic()
    with waiting(turns, "mute", 1), waiting(turns, mute, 1):
        with pytest.raises(TryLater):
            asking.token("token-of-nobody")
        with pytest.raises(Crowded):
            issuers.keys_of(mute).keys()
    assert time.monotonic() - began < 0.5
