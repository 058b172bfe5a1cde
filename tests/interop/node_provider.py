"""The npm package oidc-provider, as it is published: several providers, each with its habits.

The password that is typed there names how one signs in, and its ``acr`` tells it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import requests

from mo_access.domain.levels import DEFAULT_LEVELS
from mo_demo.browser import Browser, Page
from mo_demo.process import LOOPBACK, Child, child_environment
from tests.interop.cache import CACHE
from tests.support.need import missing

PORTAL: Final = "mijn-onderwijs"
BROKER: Final = "provisioning"
_SOURCE: Final = Path(__file__).parent / "oidc_provider"
_FILES: Final = (
    *(".npmrc", "package.json", "package-lock.json"),
    *("serve.js", "levels.js", "fapi2.js", "mtls.js"),
)
PRODUCT: Final = "oidc-provider"
_SECONDS: Final = 300


@dataclass(frozen=True)
class NodeProvider:
    """One provider of the process: how it signs, lets us in and answers."""

    name: str
    port: int
    service: str
    algorithm: str
    methods: tuple[str, ...]
    habits: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default_factory=secrets.token_urlsafe, repr=False)
    profile: str = ""
    """``fapi2``, or nothing in particular."""
    tls: Mapping[str, str] | None = None
    """The files of its certificate, of the key, and of the authority that it believes."""

    @property
    def issuer(self) -> str:
        """Return the issuer, which is its address."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"

    @property
    def has_secret(self) -> bool:
        """Whether a secret says who we are."""
        return not self.profile and self.tls is None

    @property
    def settings(self) -> dict[str, Any]:
        """Return what our settings say of it."""
        return {
            "name": self.name,
            "issuer": self.issuer,
            "client_id": PORTAL,
            "client_secret": self.secret if self.has_secret else "",
            "algorithms": self.algorithm,
            "link": "sub:externalId",
            "refresh": True,
            **self.told,
        }

    @property
    def described(self) -> dict[str, Any]:
        """Return what serve.js is told of it."""
        return {
            "port": self.port,
            "clients": [self._portal(), self._broker()] if self.has_secret else [self._portal()],
            "methods": list(self.methods),
            "acrs": list(DEFAULT_LEVELS),
            "profile": self.profile,
            "tls": self.tls,
        }

    def _portal(self) -> dict[str, Any]:
        """Return the client that people sign in with."""
        return {
            "client_id": PORTAL,
            **({"client_secret": self.secret} if self.has_secret else {}),
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [f"{self.service}/oidc/callback"],
            "post_logout_redirect_uris": [f"{self.service}/oidc/signed-out"],
            "backchannel_logout_uri": f"{self.service}/oidc/backchannel-logout",
            "backchannel_logout_session_required": True,
            "id_token_signed_response_alg": self.algorithm,
            **self.habits,
        }

    def _broker(self) -> dict[str, Any]:
        """Return the client that provisions."""
        return {
            "client_id": BROKER,
            "client_secret": self.secret,
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "response_types": [],
        }

    def machine_token(self, resource: str = "") -> str:
        """Return an access token of the machine: opaque, or a JWT for the resource."""
        asked = {"grant_type": "client_credentials"}
        if resource:
            asked |= {"resource": resource, "scope": "scim"}
        return str(self.post("/token", BROKER, asked)["access_token"])

    def person_token(self, browser: Browser, login: str, resource: str = "") -> str:
        """Return an access token of a person, by the client that signs people in."""
        verifier, back = secrets.token_urlsafe(48), f"{self.service}/oidc/callback"
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": PORTAL,
            "redirect_uri": back,
            "scope": "openid scim" if resource else "openid",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"resource": resource} if resource else {}),
        }
        browser.stop_before = back
        page = answer_sign_in(
            browser, browser.open(f"{self.issuer}/auth?{urlencode(asked)}"), login
        )
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(page.url).query)["code"][0],
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        return str(self.post("/token", PORTAL, form)["access_token"])

    def post(self, path: str, client: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form as one of the two clients and return the JSON answered."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                self.issuer + path,
                data=dict(form),
                auth=(quote_plus(client), quote_plus(self.secret)),
                timeout=30,
            )
        assert answer.status_code == 200, answer.text
        return dict(answer.json()) if answer.content else {}


def start(providers: list[NodeProvider], folder: Path) -> Child:
    """Serve the providers and return once the last one answers."""
    home = _installed()
    description = folder / "providers.json"
    description.touch(mode=0o600)
    description.write_text(json.dumps([provider.described for provider in providers]))
    command = [_program("node"), str(home / "serve.js"), str(description)]
    child = Child.start("oidc-provider", command, child_environment({}), folder / "op.log")
    try:
        last = providers[-1]
        known = f"{last.issuer}/.well-known/openid-configuration"
        child.wait_ready(known, 60, last.tls["ca"] if last.tls else None)
    except BaseException:
        child.stop()
        raise
    return child


def version() -> str:
    """Return the version that is installed."""
    package = _installed() / "node_modules" / "oidc-provider" / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def answer_sign_in(browser: Browser, page: Page, login: str, means: str = "password") -> Page:
    """Answer what the provider asks: who one is, whether one agrees, and its form with the code.

    `means` is how one signs in: the end of a level's name, such as ``itsme``.
    """
    for field_name, answers in (("login", {"login": login, "password": means}), ("prompt", {})):
        if page.has_form_with(field_name):
            page = browser.submit(page, page.form_with(field_name), answers)
    if page.has_form_with("code"):
        page = browser.submit(page, page.form_with("code"), {})
    return page


def _installed() -> Path:
    """Return the folder with the locked packages; skip with a message where they cannot be had."""
    npm = _program("npm")
    _program("node")
    lock = (_SOURCE / "package-lock.json").read_bytes()
    home = CACHE / f"oidc-provider-{hashlib.sha256(lock).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(_SOURCE / name, home / name)
    # npm writes this file last, so an install that was cut off is made again.
    if not (home / "node_modules" / ".package-lock.json").is_file():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        done = subprocess.run(
            command, cwd=home, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            missing(f"the npm package oidc-provider ({done.stderr.partition(chr(10))[0]})")
    return home


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(f"{name}, to fetch and run the npm package oidc-provider")
    return found
