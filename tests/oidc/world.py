"""One stage for two ways of playing: our service and the hostile provider, in process or by HTTP.

In process the network is mocked and the browser is Flask's; over HTTP our service runs in real
server threads, the provider on a loopback port, and the browser is a `requests` session.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from mo_web import shared
from tests.oidc.broker import Script
from tests.oidc.site import Site

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Reply:
    """What a browser got."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str:
        """Where it is sent next."""
        return self.headers.get("Location", "")

    @property
    def code(self) -> str:
        """Our own reason code on a page of refusal."""
        return self.text.partition("<code>")[2].partition("</code>")[0]


class Wire(Protocol):
    """How a browser, or the provider, reaches an address."""

    def ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Reply:
        """Send a request, follow nothing, keep cookies."""

    def cookie(self, name: str) -> str | None:
        """Return a cookie that our service gave."""

    def set_cookie(self, name: str, value: str) -> None:
        """Plant a cookie."""

    def close(self) -> None:
        """Let go of connections."""


class Process:
    """A browser in this very process; what is the provider's goes straight to the script."""

    def __init__(self, client: FlaskClient, base: str, script: Script) -> None:
        """Start without cookies."""
        self._client, self._base, self._script = client, base, script

    def ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Reply:
        """Send a request to our service, or play the provider."""
        if url.startswith(self._script.issuer):
            return Reply(*_page(self._script, url))
        path = url.removeprefix(self._base)
        told = {**headers}
        got = self._client.open(path, method=method, data=form, headers=told, base_url=self._base)
        return Reply(got.status_code, dict(got.headers), got.get_data(as_text=True))

    def cookie(self, name: str) -> str | None:
        """Return a cookie that our service gave."""
        found = self._client.get_cookie(name, domain=urlsplit(self._base).hostname or "")
        return found.value if found else None

    def set_cookie(self, name: str, value: str) -> None:
        """Plant a cookie."""
        self._client.set_cookie(name, value, domain=urlsplit(self._base).hostname or "")

    def close(self) -> None:
        """Nothing is held."""


class Http:
    """A browser that really connects."""

    def __init__(self) -> None:
        """Start without cookies."""
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Reply:
        """Send a request."""
        got = self._session.request(
            method, url, data=form, headers=dict(headers), allow_redirects=False, timeout=20
        )
        return Reply(got.status_code, got.headers, got.text)

    def cookie(self, name: str) -> str | None:
        """Return a cookie that our service gave."""
        return self._session.cookies.get(name)

    def set_cookie(self, name: str, value: str) -> None:
        """Plant a cookie."""
        self._session.cookies.set(name, value, domain="127.0.0.1", path="/")

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()


def _page(script: Script, url: str) -> tuple[int, dict[str, str], str]:
    """Play the provider's own pages for a browser that is in this process."""
    leads_out = urlsplit(url).path.endswith("/logout")
    return script.end_session(url) if leads_out else script.authorize(url)


class _Fields(HTMLParser):
    """The form, links and frames of a page of the provider."""

    def __init__(self) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.frames, self.links = list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = told["action"]
        elif tag == "input":
            self.fields[told["name"]] = told["value"]
        elif tag == "iframe":
            self.frames.append(told["src"])
        elif tag == "a":
            self.links.append(told["href"])


class Agent:
    """A person's browser: it goes to the provider and comes back."""

    def __init__(self, wire: Wire, world: "World") -> None:
        """Start without cookies."""
        self.wire, self.world = wire, world

    def get(self, path: str, headers: Mapping[str, str] = HTML) -> Reply:
        """GET a page of ours, or a whole address."""
        url = path if path.startswith("http") else f"{self.world.base}{path}"
        return self.wire.ask("GET", url, None, headers)

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] = HTML) -> Reply:
        """POST a form to us, or to a whole address."""
        url = path if path.startswith("http") else f"{self.world.base}{path}"
        return self.wire.ask("POST", url, form, headers)

    def sign_in(self, query: str = "", tail: str = "") -> Reply:
        """Go the whole way; the reply is that of our callback, or where it stopped before.

        `tail` is put behind the address that the provider sends the browser back to.
        """
        started = self.get(f"/oidc/login{query}")
        if started.status != 302:
            return started
        return self.come_back(self.get(started.location), tail)

    def come_back(self, page: Reply, tail: str = "") -> Reply:
        """Follow the provider's redirect, or send its form."""
        if page.location:
            return self.get(page.location + tail)
        read = _Fields()
        read.feed(page.text)
        return self.post(read.action, read.fields)

    def sign_out(self) -> Reply:
        """Sign out here and there; the provider's frames are loaded, then the way back taken."""
        ended = self.get("/oidc/logout")
        if not ended.location.startswith(self.world.script.issuer):
            return self.get(ended.location)
        page = self.get(ended.location)
        if page.location:
            return self.get(page.location)
        read = _Fields()
        read.feed(page.text)
        for frame in read.frames:
            # In a frame of another site our cookies do not come along.
            self.world.agent().get(frame)
        return self.get(read.links[0])

    def me(self) -> Reply:
        """Ask who is signed in."""
        return self.get("/me", JSON)

    @property
    def signed_in(self) -> bool:
        """Whether there is a session."""
        return self.me().status == 200

    @property
    def session(self) -> str | None:
        """The session's cookie."""
        return self.wire.cookie(self.world.cookie)


@dataclass
class World:
    """Our service before its provider, however they are joined."""

    site: Site
    base: str
    over_http: bool
    person: str = ""
    token: str = ""
    agents: list[Agent] = field(default_factory=list)

    @property
    def script(self) -> Script:
        """The provider."""
        return self.site.script

    @property
    def cookie(self) -> str:
        """The name of our session's cookie."""
        return "mo_session" if self.over_http else "__Host-mo_session"

    def agent(self) -> Agent:
        """Return a browser without cookies."""
        made = Agent(self._wire(), self)
        self.agents.append(made)
        return made

    def notify(self, form: Mapping[str, str]) -> Reply:
        """Send a logout token as the provider does."""
        return self.agent().post("/oidc/backchannel-logout", form, {})

    def let_time_pass(self) -> None:
        """Make every session due for renewal."""
        self.site.execute("update session set renew_at = 1 where renew_at is not null")

    def why_renewal_ended(self) -> str:
        """Return the code with which a session ended at its renewal, from the audit trail."""
        told = [event["facts"]["code"] for event in self.site.events("session.end")]
        return str(told[-1])

    def refused_logouts(self) -> list[str]:
        """Return the codes with which logout tokens were refused, from our measures."""
        counted = shared.of(self.site.app).metrics.registry.collect()
        return [
            sample.labels["outcome"]
            for family in counted
            for sample in family.samples
            if sample.name == "mo_logouts_total" and sample.labels["way"] == "backchannel_logout"
            if sample.labels["outcome"] != "ok"
        ]

    def close(self) -> None:
        """Close every browser."""
        for agent in self.agents:
            agent.wire.close()

    def _wire(self) -> Wire:
        if self.over_http:
            return Http()
        return Process(self.site.app.test_client(), self.base, self.script)

    def register(self, **told: Any) -> None:  # noqa: ANN401 - a test may say anything
        """Let a client register the person whom the provider signs in."""
        self.token = self.site.client()
        self.person = self.site.person(self.token, **told)


@contextmanager
def serving(app: Flask, server: BaseWSGIServer) -> Iterator[None]:
    """Let our service answer on its port."""
    server.app = app
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Quiet(WSGIRequestHandler):
    """Writes no access log: what is logged is for our service to say."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - theirs
        """Write nothing."""


def port_taken() -> BaseWSGIServer:
    """Return a server that holds a free port and has no application yet."""
    return make_server("127.0.0.1", 0, Flask("nothing"), threaded=True, request_handler=_Quiet)
