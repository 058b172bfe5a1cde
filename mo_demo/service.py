"""Our own service in the demo, driven only from outside: its command line and its addresses."""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from mo_demo.canaille import CLIENT_ID, Canaille
from mo_demo.process import LOOPBACK, Child, DemoError, child_environment, run_once

DATA = Path(__file__).resolve().parent / "data"
INSTITUTIONS = ("900001", "900002")


@dataclass
class Service:
    """One `mo-access serve` on the loopback address, with a folder of its own, on SQLite."""

    folder: Path
    port: int
    broker: Canaille
    application_token: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Return the base URL, which people and the broker use."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file with one JSON line for each request."""
        return self.folder / "service.log"

    def prepare(self) -> None:
        """Make the database, import the made-up school and let the broker in as a client."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command("db", "upgrade")
        for kind in ("institution", "theme", "document"):
            self.command(kind, "import", str(DATA / f"{kind}s.csv"))
        self._admit_broker()
        self._admit_application()

    def start(self) -> Child:
        """Start the server and return once it says that it is ready."""
        serve = ("serve", "--host", LOOPBACK, "--port", str(self.port))
        child = Child.start("mo-access", [_program(), *serve], self._environment(), self.log)
        try:
            child.wait_ready(f"{self.url}/health/ready")
        except BaseException:
            child.stop()
            raise
        return child

    def command(self, *arguments: str) -> str:
        """Run one `mo-access` command and return what it printed."""
        return run_once([_program(), *arguments], self._environment(), self.folder)

    def evaluate(self, person_id: str, resource: Mapping[str, str]) -> dict[str, Any]:
        """Ask, as an application would, whether a person may read (AuthZEN evaluation)."""
        question = {
            "subject": {"type": "user", "id": person_id},
            "action": {"name": "read"},
            "resource": dict(resource),
        }
        return self.call("POST", "/access/v1/evaluation", self.application_token, question)[1]

    def call(
        self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send one request with a bearer token; return the status and the JSON object answered."""
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method,
                self.url + path,
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
        return response.status_code, _object(response)

    def _admit_broker(self) -> None:
        # No token of ours: the broker sends its own, which we check at the broker (introspection).
        scope = [part for number in INSTITUTIONS for part in ("--institution", number)]
        issuer = self.broker.issuer
        oauth = ("--oauth-issuer", issuer, "--oauth-client-id", CLIENT_ID)
        self.command(
            "client", "create", "demo-school", *scope, "--issuer", issuer, *oauth, "--json"
        )

    def _admit_application(self) -> None:
        asked = ("--platform", "--scope", "access:evaluate", "--json")
        made = json.loads(self.command("client", "create", "demo-application", *asked))
        self.application_token = made["token"]

    def _environment(self) -> dict[str, str]:
        return child_environment(
            {
                "MO_VAR": str(self.folder),
                "MO_DATABASE_URL": f"sqlite:///{self.folder / 'mo.sqlite'}",
                "MO_BASE_URL": self.url,
                "MO_OIDC_ISSUER": self.broker.issuer,
                "MO_OIDC_CLIENT_ID": CLIENT_ID,
                "MO_OIDC_CLIENT_SECRET_FILE": str(self._secret_file()),
                "MO_OIDC_LINK": "sub:userName",
                "MO_OIDC_LABEL": "Canaille",
            }
        )

    def _secret_file(self) -> Path:
        path = self.folder / "oidc-client-secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.broker.client_secret)
        return path


def random_password() -> str:
    """Return a password for a demo account, long enough for every console."""
    return f"Demo-{secrets.token_urlsafe(9)}"


def _program() -> str:
    path = Path(sys.executable).parent / "mo-access"
    if path.is_file():
        return str(path)
    message = f"{path} is missing; install the package first (make install)."
    raise DemoError(message)


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json() if response.content else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {"answer": answer}
