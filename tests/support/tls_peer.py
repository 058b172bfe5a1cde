"""A server in real TLS that answers scripted documents and tells which of them it was asked for."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.certificates import Certified


@dataclass
class Peer:
    """One server: what it answers by path, and the paths that were asked of it so far."""

    url: str
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(certificate: Certified) -> Iterator[Peer]:
    """Run a peer that shows this certificate; what it has no document for is an empty object."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    peer = Peer(f"https://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(peer)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _handler(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers by the path."""

        def do_GET(self) -> None:
            """Answer with the document."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            peer.asked.append(self.path)
            raw = json.dumps(peer.documents.get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_POST(self) -> None:
            """Answer likewise."""
            self.do_GET()

        def handle(self) -> None:
            """Pass over who breaks the connection off, as one does that does not believe us."""
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler
