"""The scripted provider on a loopback port: real HTTP, for us and for the browser."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from joserfc.jwk import Key
from requests import PreparedRequest

from tests.oidc.broker import PATHS, Answer, Script


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the script, and its answer back."""

    script: ClassVar[Script]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        told = self._told(body)
        if isinstance(told, Exception):
            # As near to a failing network as a server comes: nothing is answered at all.
            self.close_connection = True
            return
        status, headers, text = told
        raw = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _told(self, body: bytes) -> Answer | Exception:
        path = self.path.partition("?")[0]
        name = PATHS.get((self.command, path))
        url = f"{self.script.issuer}{self.path}"
        if name is not None:
            asked = PreparedRequest()
            asked.prepare(self.command, url, dict(self.headers), data=body or None)
            return self.script.answered(name, asked)
        if path == "/authorize":
            return self.script.authorize(url)
        return self.script.end_session(url) if path == "/logout" else (404, {}, "")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class BrokerServer:
    """One scripted provider on one free port, for the length of a test."""

    def __init__(self, key: Key) -> None:
        """Take a port and publish the provider."""
        handler = type("Scripted", (Handler,), {})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.script = Script(key, issuer=f"http://127.0.0.1:{self._http.server_port}")
        handler.script = self.script  # type: ignore[attr-defined]  # a class made for this server
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Script:
        """Begin to answer."""
        self._thread.start()
        return self.script

    def __exit__(self, *_: object) -> None:
        """End."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)
