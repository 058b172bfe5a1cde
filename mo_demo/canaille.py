"""Canaille, the identity broker of the demo: configure, install, start and stop the real thing."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from mo_demo.process import LOOPBACK, Child, child_environment, run_once

ADMIN = "beheerder"
CLIENT_ID = "mijn-onderwijs"

# What anybody may change about themselves: never `organization` (it says where one works and
# becomes an affiliation) and never a group of one's own (its name would be a right). Canaille's
# defaults allow both. Its SCIM server must be on, since its SCIM client builds addresses with it.
CONFIGURATION = """\
SECRET_KEY = {secret}
SERVER_NAME = {server_name}
PREFERRED_URL_SCHEME = "http"
OAUTH2_TOKEN_EXPIRES_IN = {{ authorization_code = {seconds}, refresh_token = {seconds} }}

[CANAILLE]
NAME = "Scholengroep De Demo"
DATABASE = "sql"
LANGUAGE = "en"
TIMEZONE = "Europe/Brussels"
LOGO = ""
JAVASCRIPT = {javascript}
HTMX = false
ENABLE_PASSWORD_RECOVERY = false

[CANAILLE.ACL.DEFAULT]
PERMISSIONS = ["edit_self", "use_oidc"]
READ = ["user_name", "given_name", "family_name", "emails", "organization", "groups"]
WRITE = ["password", "preferred_language"]

[CANAILLE.ACL.ADMIN]
PERMISSIONS = ["manage_users", "manage_all_groups", "manage_oidc", "delete_account"]
READ = ["user_name"]
WRITE = ["given_name", "family_name", "display_name", "emails", "organization", "department",
         "employee_number", "groups", "lock_date", "password"]
FILTER = {{ user_name = {admin} }}

[CANAILLE_SQL]
DATABASE_URI = {database}

[CANAILLE_OIDC]
TRUSTED_DOMAINS = [{trusted}]
ACTIVE_JWKS = [{jwk}]

[CANAILLE_SCIM]
ENABLE_SERVER = true
ENABLE_CLIENT = true
"""


@dataclass
class Canaille:
    """One Canaille on the loopback address with its own folder, database, keys and secrets."""

    venv: Path
    folder: Path
    port: int
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    javascript: bool = True
    token_seconds: int = 864_000
    """How long its tokens last, a refresh token no longer than an access token; its default."""
    grants: tuple[str, ...] = ("authorization_code",)
    """The grant types of the client."""

    @property
    def url(self) -> str:
        """Return the address of the console, which is the issuer too."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer(self) -> str:
        """Return the issuer as its tokens and its discovery document name it."""
        return self.url

    @property
    def log(self) -> Path:
        """Return the file with what the server prints, its requests among it."""
        return self.folder / "canaille.log"

    def install(self, base_url: str) -> None:
        """Write the configuration, make the database, the administrator and the OIDC client."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._command("install")
        self._create_administrator()
        self._create_client(base_url)

    def start(self) -> Child:
        """Start the server and return once its discovery document can be read.

        Not `canaille run`: that serves every request of a process in one thread. Its SCIM push
        happens inside the administrator's request, and our introspection of the pushed token
        would wait for that same thread until the push times out. Flask's own server, from the
        same installation, uses a thread for each request, which is enough for a demo.
        """
        command = [self._program("flask"), "--app", "canaille:create_app()", "run", "--no-reload"]
        command += ["--no-debugger", "--host", LOOPBACK, "--port", str(self.port)]
        child = Child.start("Canaille", command, self._environment(), self.log)
        try:
            child.wait_ready(f"{self.url}/.well-known/openid-configuration")
        except BaseException:
            child.stop()
            raise
        return child

    def version(self) -> str:
        """Return the version that is installed."""
        asked = "from importlib.metadata import version; print(version('canaille'))"
        command = [self._program("python"), "-c", asked]
        return run_once(command, self._environment(), self.folder).strip()

    def _write_configuration(self) -> None:
        text = CONFIGURATION.format(
            secret=json.dumps(secrets.token_urlsafe(32)),
            server_name=json.dumps(f"{LOOPBACK}:{self.port}"),
            javascript=json.dumps(self.javascript),
            seconds=self.token_seconds,
            admin=json.dumps(ADMIN),
            database=json.dumps(f"sqlite:///{self.folder / 'canaille.sqlite'}"),
            trusted=json.dumps(LOOPBACK),
            jwk=_signing_key(),
        )
        path = self.folder / "config.toml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    def _create_administrator(self) -> None:
        self._create(
            "user",
            {
                "user-name": ADMIN,
                "given-name": "Bea",
                "family-name": "Beheerder",
                "formatted-name": "Bea Beheerder",
                "emails": "bea@school.example",
                "password": self.admin_password,
            },
        )

    def _create_client(self, base_url: str) -> None:
        # client_uri is where Canaille pushes to; its host must be a trusted domain.
        self._create(
            "client",
            {
                "client-id": CLIENT_ID,
                "client-secret": self.client_secret,
                "client-name": "Mijn Onderwijs",
                "client-uri": f"{base_url}/scim/v2",
                "redirect-uris": f"{base_url}/oidc/callback",
                "post-logout-redirect-uris": f"{base_url}/oidc/signed-out",
                "response-types": "code",
                "scope": "openid profile email groups",
                "token-endpoint-auth-method": "client_secret_basic",
            },
            [part for grant in self.grants for part in ("--grant-types", grant)],
        )
        # Without an audience its ID tokens carry `aud: []`, and its introspection refuses us.
        self._command("set", "client", CLIENT_ID, "--audience", CLIENT_ID)

    def _create(self, kind: str, values: Mapping[str, str], more: Sequence[str] = ()) -> None:
        arguments = [part for name, value in values.items() for part in (f"--{name}", value)]
        self._command("create", kind, *arguments, *more)

    def _command(self, *arguments: str) -> str:
        return run_once([self._program("canaille"), *arguments], self._environment(), self.folder)

    def _program(self, name: str) -> str:
        return str(self.venv / "bin" / name)

    def _environment(self) -> dict[str, str]:
        return child_environment(
            {
                "CANAILLE_CONFIG": str(self.folder / "config.toml"),
                # Its OAuth library refuses plain http otherwise; everything is on the loopback.
                "AUTHLIB_INSECURE_TRANSPORT": "1",
            }
        )


def _signing_key() -> str:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
    return _toml_table(key.as_dict(private=True))


def _toml_table(values: Mapping[str, Any]) -> str:
    return (
        "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in values.items()) + " }"
    )
