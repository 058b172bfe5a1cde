"""Sign-ins beside a sync: a provider in a process of its own, and the way through it and back."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from joserfc.jwk import Key, RSAKey

from bench.drive import FAILED
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, Answer, Script
from tests.oidc.broker_server import Handler

BASE: Final = "http://127.0.0.1:8000"
_REFUSED: Final = 403
_PATIENCE_SECONDS: Final = 120.0


@contextmanager
def provider(people: Sequence[str]) -> Iterator[dict[str, str]]:
    """Run a provider at which these people (by externalId) sign in, in turn.

    Gives what our server has to be told of it.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, list(people)))
    process.start()
    try:
        yield {
            "MO_BASE_URL": BASE,
            "MO_OIDC_ISSUER": ours.recv(),
            "MO_OIDC_CLIENT_ID": CLIENT_ID,
            "MO_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }
    finally:
        process.terminate()
        process.join()


async def signed_in(port: int, _request: bytes) -> int:
    """Sign somebody in and return 200, or the status that ended the way."""
    return await asyncio.to_thread(_through, port)


class _Provider(Script):
    """A scripted provider at which several people are signing in at once."""

    def __init__(self, key: Key, issuer: str, people: Sequence[str]) -> None:
        super().__init__(key, issuer=issuer)
        self._people = itertools.cycle(people)
        self._one_at_a_time = Lock()

    def _tokens(self, form: Mapping[str, str]) -> Answer:
        with self._one_at_a_time:
            self.nonce = self.codes[form["code"]]["nonce"]
            who = next(self._people)
            self.claims = {"sub": who, "vo_id": who}
            return super()._tokens(form)


def _serve(pipe: Connection, people: Sequence[str]) -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
    handler = type("Serving", (Handler,), {})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    issuer = f"http://127.0.0.1:{http.server_port}"
    handler.script = _Provider(key, issuer, people)  # type: ignore[attr-defined]  # a class made for this server
    pipe.send(issuer)
    http.serve_forever()


def _through(port: int) -> int:
    """Go to the provider and back, and see whether there is a session."""
    cookies: dict[str, str] = {}
    status, there = _hop(port, "/oidc/login", cookies)
    if status >= FAILED:
        return status
    status, back = _hop(urlsplit(there).port or 80, there, {})
    if status >= FAILED:
        return status
    status, _ = _hop(port, back, cookies)
    ended = any(name.endswith("mo_session") for name in cookies)
    return status if status >= FAILED or ended else _REFUSED


def _hop(port: int, address: str, cookies: dict[str, str]) -> tuple[int, str]:
    """Ask for an address, keep the cookies; return the status and where it leads to."""
    parts = urlsplit(address)
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        target = f"{parts.path}?{parts.query}"
        connection.request("GET", target, headers={"Cookie": sent} if sent else {})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    for told in answer.headers.get_all("Set-Cookie", ()):
        cookies.update({name: each.value for name, each in SimpleCookie(told).items()})
    return answer.status, answer.headers.get("Location", "")
