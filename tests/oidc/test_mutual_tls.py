"""A certificate of ours (RFC 8705): at each endpoint behind the browser's back, and in real TLS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
from requests import PreparedRequest

from mo_web.fetch import FetchError, bound
from tests.oidc.broker import CLIENT_ID, Answer, Script, form_of
from tests.oidc.modules.fapi import guarded
from tests.oidc.world import World
from tests.support.certificates import certified

ALIASES = {
    "token_endpoint": "https://mtls.broker.example/token",
    "userinfo_endpoint": "https://mtls.broker.example/userinfo",
    "pushed_authorization_request_endpoint": "https://mtls.broker.example/par",
}

ORDER = ("pushed_authorization_request_endpoint", "token_endpoint", "userinfo_endpoint")


@pytest.fixture
def transport() -> str:
    """In this process."""
    return "process"


def test_the_whole_way_with_a_certificate(
    make_world: Callable[[dict[str, object]], World], tmp_path: Path
) -> None:
    """FAPI 2.0 by certificate: aliases are used, no secret, no assertion, no proof."""
    files = certified(tmp_path, "client", "client.example").files
    world = make_world(
        {
            "oidc_fapi2": True,
            "oidc_client_secret": "",
            "oidc_client_auth": "tls_client_auth",
            "oidc_client_certificate_file": files[0],
            "oidc_client_certificate_key_file": files[1],
            "oidc_algorithms": ("PS256",),
            "oidc_userinfo": True,
        }
    )
    world.register()
    script = world.script
    guarded(world)
    script.guard, script.token["token_type"] = None, "Bearer"
    script.document["mtls_endpoint_aliases"] = ALIASES
    assert script.mock is not None
    for name, url in ALIASES.items():
        method = "GET" if name == "userinfo_endpoint" else "POST"
        step = {"token_endpoint": "token", "userinfo_endpoint": "userinfo"}.get(name, "par")
        script.mock.add_callback(method, url, callback=_answer(script, step))
    agent = world.agent()
    assert agent.sign_in().status == 302
    assert agent.signed_in
    sent = [
        (str(r.url), form_of(r)) for r in script.requests if str(r.url).startswith("https://mtls")
    ]
    assert [url for url, _ in sent] == [ALIASES[name] for name in ORDER]
    assert all(form["client_id"] == CLIENT_ID for _, form in sent[:2])
    assert not any({"client_secret", "client_assertion"} & set(form) for _, form in sent)
    presented = [vars(call.request)["req_kwargs"].get("cert") for call in script.mock.calls]
    assert presented.count(files) == len(sent)
    assert "DPoP" not in json.dumps([dict(r.headers) for r in script.requests])


def _answer(script: Script, step: str) -> Callable[[PreparedRequest], Answer | Exception]:
    return lambda request: script.answered(step, request)


class _Peer(BaseHTTPRequestHandler):
    """Tells whose certificate it saw."""

    def do_GET(self) -> None:
        """Answer with the name in the client's certificate."""
        seen = self.connection.getpeercert() or {}
        raw = json.dumps({"seen": dict(pair[0] for pair in seen["subject"])}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_the_certificate_is_shown_in_real_tls(tmp_path: Path) -> None:
    """A peer that demands one sees ours, and lets nobody in without it."""
    ours = certified(tmp_path, "client", "client.example").files
    theirs = certified(tmp_path, "server", "server.example").files
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours[0])
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*theirs)
    peer = HTTPServer(("127.0.0.1", 0), _Peer)
    peer.socket = context.wrap_socket(peer.socket, server_side=True)
    thread = threading.Thread(target=peer.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        url = f"https://127.0.0.1:{peer.server_port}/"
        with bound(requests.Session()) as session:
            session.verify = theirs[0]
            with pytest.raises(FetchError):
                session.get(url)
            session.cert = ours
            assert session.get(url).json() == {"seen": {"commonName": "client.example"}}
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join(5)
