"""Our service beside providers of the npm package, and what a test does on that stage."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from mo_demo.browser import Browser, Page
from mo_demo.process import Child, reserved_port
from tests.interop import node_provider
from tests.interop.conftest import LocalBrowser, Ours
from tests.interop.node_provider import BROKER, NodeProvider, answer_sign_in

READABLE = "telling-900001"
LEVELLED = "salaris-900001"
GROUPS = ("MO_900001_leerlingen-openbaar", "MO_900001_salarissen")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
ACCESS_TOKEN_SECONDS = 60
Make = Callable[[int, str], NodeProvider]
_numbers = count(1)


@dataclass
class Restartable:
    """The process of the providers, which keeps nothing: not its keys, people or tokens."""

    providers: list[NodeProvider]
    folder: Path
    running: list[Child] = field(default_factory=list)

    def start(self) -> None:
        """Start the process and return once it answers."""
        self.running.append(node_provider.start(self.providers, self.folder))

    def stop(self) -> None:
        """End it, if it runs."""
        while self.running:
            self.running.pop().stop()

    def revoked(self) -> int:
        """Return how often all that a person had given a client was taken back so far."""
        log = (self.folder / "op.log").read_text(encoding="utf-8")
        return log.splitlines().count("revoked")

    def refusals(self) -> list[str]:
        """Return what the token endpoints refused so far, by their error codes."""
        log = (self.folder / "op.log").read_text(encoding="utf-8")
        told = [line.split() for line in log.splitlines() if line.startswith("refused ")]
        return [code for _, code in told]


@dataclass(frozen=True)
class Stage:
    """Our service, the providers that it believes, and a client of ours that provisions."""

    service: Ours
    providers: Mapping[str, NodeProvider]
    process: Restartable
    token: str
    authority: str = ""
    """The file of the certificate that vouches for providers at https addresses."""

    @property
    def plain(self) -> NodeProvider:
        """Return the provider without habits."""
        return self.providers["plain"]

    def browser(self) -> Browser:
        """Return a person's own browser; it is the caller's to close."""
        made = LocalBrowser()
        made.session.verify = self.authority or True
        return made

    def person(self) -> str:
        """Provision somebody with two themes to read; return what the person signs in with."""
        login = f"persoon{next(_numbers)}"
        users = [self._user(login, login), self._user(f"{login}-nr", f"nr-{login}")]
        members = [{"value": user} for user in users]
        for name in GROUPS:
            group = {"displayName": name, "members": members}
            assert self.service.scim("POST", "/Groups", self.token, group)[0] == 201
        return login

    def _user(self, name: str, external_id: str) -> str:
        body = {
            "schemas": [USER, OURS],
            "userName": name,
            "externalId": external_id,
            OURS: {"affiliations": [{"value": "900001", "role": "gebruiker"}]},
        }
        status, made = self.service.scim("POST", "/Users", self.token, body)
        assert status == 201, made
        return str(made["id"])


@contextmanager
def running_stage(folder: Path, makers: Mapping[str, Make], authority: str = "") -> Iterator[Stage]:
    """Run the providers, one of each maker, and our service beside each other.

    `authority` is the file of the certificate that vouches for those at https addresses.
    """
    with ExitStack() as ports:
        service = Ours(folder, ports.enter_context(reserved_port()))
        providers = {
            name: make(ports.enter_context(reserved_port()), service.url)
            for name, make in makers.items()
        }
    with ExitStack() as running:
        process = Restartable(list(providers.values()), folder)
        running.callback(process.stop)
        process.start()
        told = [provider.settings for provider in providers.values()]
        service.settings |= {
            "MO_OIDC_PROVIDERS": json.dumps(told),
            "MO_INTROSPECTION_SECONDS": "0",
        }
        if authority:
            service.settings["MO_CA_FILE"] = authority
        service.start()
        running.callback(service.stop)
        yield Stage(service, providers, process, _client(service, providers), authority)


def _client(service: Ours, providers: Mapping[str, NodeProvider]) -> str:
    issuers = [part for one in providers.values() for part in ("--issuer", one.issuer)]
    first = next(iter(providers.values()))
    oauth = ("--oauth-issuer", first.issuer, "--oauth-client-id", BROKER)
    made = service.command(
        "client", "create", "npm", "--institution", "900001", *issuers, *oauth, "--json"
    )
    return str(json.loads(made)["token"])


def sign_in(stage: Stage, browser: Browser, name: str, login: str, more: str = "") -> Page:
    """Go through the pages of a provider and back to us."""
    page = browser.open(f"{stage.service.url}/oidc/login?provider={name}{more}")
    return answer_sign_in(browser, page, login)


@contextmanager
def signed_in_long_ago(stage: Stage, times: int = 1) -> Iterator[list[dict[str, Browser]]]:
    """Give browsers by provider, signed in so long ago that their sessions are due for renewal."""
    with ExitStack() as opened:

        def signed_in(name: str) -> Browser:
            browser = stage.browser()
            opened.callback(browser.session.close)
            sign_in(stage, browser, name, stage.person())
            return browser

        browsers = [{name: signed_in(name) for name in stage.providers} for _ in range(times)]
        time.sleep(ACCESS_TOKEN_SECONDS + 1)
        yield browsers


def reads(stage: Stage, browser: Browser, document: str = READABLE) -> bool:
    """Tell whether the document itself comes, and not a page to sign in with."""
    address = f"{stage.service.url}/documents/{document}"
    page = browser.open(address)
    return (page.status, page.url) == (200, address)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Tell whether something becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return False


def new_secret() -> str:
    """Return a secret with every character that it may hold and that an encoding would touch.

    RFC 6749, appendix A.
    """
    return f"a+b c/d:e%f&{secrets.token_urlsafe()}"
