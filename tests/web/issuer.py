"""An issuer of access tokens on a loopback port: real HTTP, real keys, answers by script."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from joserfc.jwk import RSAKey

from tests.support.jose import public, sign

AUDIENCE = "http://127.0.0.1:8000/scim/v2"


@dataclass
class Issuer:
    """The issuer: change a member and it behaves so from the next request on."""

    url: str
    key: RSAKey
    jwks: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    introspected: dict[str, Any] = field(default_factory=lambda: {"active": False})
    status: int = 200
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Publish an ordinary issuer."""
        self.jwks = {"keys": [public(self.key)]}
        self.document = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "introspection_endpoint": f"{self.url}/introspect",
        }

    def claims(self, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - a test may say anything
        """Return the claims of an ordinary token of a machine; None leaves one out."""
        now = int(time.time())
        said = {
            "iss": self.url,
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "client_id": "robot",
            "sub": "robot",
            "jti": "t-1",
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, **changed: Any) -> str:  # noqa: ANN401 - a test may say anything
        """Return an ordinary token with claims changed."""
        return sign(self.claims(**changed), self.key, typ="at+jwt")

    def answer(self, path: str) -> dict[str, Any]:
        """Return what is at a path."""
        if path == "/jwks":
            return self.jwks
        return self.introspected if path == "/introspect" else self.document


class Handler(BaseHTTPRequestHandler):
    """Answers by script and remembers what was asked."""

    issuer: ClassVar[Issuer]

    def do_GET(self) -> None:
        """Serve the document and the keys."""
        told = self.issuer
        told.calls.append(self.path)
        body = json.dumps(told.answer(self.path)).encode()
        self.send_response(told.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Serve introspection."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Server:
    """One issuer on one free port, for the length of a test."""

    def __init__(self, key: RSAKey) -> None:
        """Take a port and publish the issuer."""
        handler = type("Scripted", (Handler,), {})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = Issuer(f"http://127.0.0.1:{self._http.server_port}", key)
        handler.issuer = self.issuer  # type: ignore[attr-defined]  # a class made for this server
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Issuer:
        """Begin to answer."""
        self._thread.start()
        return self.issuer

    def __exit__(self, *_: object) -> None:
        """End."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)
