"""The stage of the interop tests: our service beside other identity software, as it is published.

They take minutes and a download: ``make interop`` runs them, ``make test`` leaves them out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from conformance.interop_table import note_version
from mo_demo.browser import Browser
from mo_demo.process import LOOPBACK, Child, child_environment, reserved_port, run_once
from mo_demo.service import DATA
from tests.interop.cache import ROOT
from tests.interop.distribution import keycloak_home
from tests.interop.keycloak import BROKER, PORTAL, Keycloak

ASKED = os.environ.get("MO_TEST_INTEROP", "0") not in {"", "0"}
collect_ignore_glob = [] if ASKED else ["test_*.py"]


@dataclass
class Ours:
    """Our service, on SQLite, which believes one provider."""

    folder: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    running: list[Child] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def command(self, *arguments: str) -> str:
        """Run a command of ours."""
        return run_once(["mo-access", *arguments], self._environment(), self.folder)

    def start(self) -> None:
        """Make the database with the made-up schools, and serve."""
        self.command("db", "upgrade")
        for kind in ("institution", "theme", "document"):
            self.command(kind, "import", str(DATA / f"{kind}s.csv"))
        self.serve()

    def serve(self) -> None:
        """Serve with the settings as they are now; once more after `stop`."""
        serve = ["mo-access", "serve", "--host", LOOPBACK, "--port", str(self.port)]
        log = self.folder / "service.log"
        self.running.append(Child.start("mo-access", serve, self._environment(), log))
        self.running[-1].wait_ready(f"{self.url}/health/ready")

    def stop(self) -> None:
        """End what serves, if anything does."""
        while self.running:
            self.running.pop().stop()

    def scim(
        self, method: str, path: str, token: str, body: object = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to the SCIM door."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                f"{self.url}/scim/v2{path}",
                data=None if body is None else json.dumps(body),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/scim+json",
                },
                timeout=30,
            )
        return answer.status_code, answer.json() if answer.content else {}

    def renewals(self) -> list[str]:
        """Return what came of each renewal of a session so far, as the log tells it."""
        return self._codes("session_renewal")

    def revocations(self) -> list[str]:
        """Return what came of each refresh token of a session that ended, likewise."""
        return self._codes("token_revocation")

    def _codes(self, event: str) -> list[str]:
        log = (self.folder / "service.log").read_text(encoding="utf-8")
        told = [json.loads(line) for line in log.splitlines() if f'"{event}"' in line]
        return [str(line["code"]) for line in told]

    def _environment(self) -> dict[str, str]:
        found = Path(sys.executable).parent
        env = child_environment(
            {
                # This work tree, whichever one the environment was installed from.
                "PYTHONPATH": str(ROOT),
                "MO_VAR": str(self.folder),
                "MO_DATABASE_URL": f"sqlite:///{self.folder / 'mo.sqlite'}",
                "MO_BASE_URL": self.url,
                **self.settings,
            }
        )
        return {**env, "PATH": f"{found}:{env['PATH']}"}


@pytest.fixture(scope="session")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Keycloak, Ours]]:
    """Run Keycloak and our service beside each other for the whole session."""
    home, folder = keycloak_home(), tmp_path_factory.mktemp("interop")
    with reserved_port() as theirs, reserved_port() as ours:
        keycloak, service = Keycloak(theirs), Ours(folder, ours)
    with ExitStack() as running:
        running.callback(keycloak.start(home, folder).stop)
        note_version(request.config, "Keycloak", keycloak.version())
        keycloak.make_realm(service.url)
        service.settings |= {
            "MO_OIDC_ISSUER": keycloak.issuer,
            "MO_OIDC_CLIENT_ID": PORTAL,
            "MO_OIDC_CLIENT_SECRET": keycloak.secret,
            "MO_OIDC_LINK": "sub:externalId",
            "MO_OIDC_LABEL": "Keycloak",
        }
        running.callback(service.stop)
        service.start()
        scope = ("--institution", "900001", "--issuer", keycloak.issuer)
        oauth = ("--oauth-issuer", keycloak.issuer, "--oauth-client-id", BROKER)
        service.command("client", "create", "keycloak", *scope, *oauth, "--json")
        yield keycloak, service


class LocalBrowser(Browser):
    """A browser that trusts its own machine with secure cookies, as browsers do."""

    def _send(self, method: str, url: str, data: list[tuple[str, str]]) -> requests.Response:
        for cookie in self.session.cookies:
            cookie.secure = False
        return super()._send(method, url, data)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Give a person's own browser."""
    opened = LocalBrowser()
    yield opened
    opened.session.close()
