"""A running Keycloak, set up over its admin API as an administrator would in its console."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

from mo_demo.process import LOOPBACK, Child, child_environment

REALM: Final = "school"
PORTAL: Final = "mijn-onderwijs"
BROKER: Final = "provisioning"
ACCESS_TOKEN_SECONDS: Final = 60
"""Our service renews a session when its access token ends, and not sooner than after a minute."""
LEVELS: Final = {f"urn:be:vlaanderen:authmech:{n}": i for i, n in ((1, "password"), (2, "itsme"))}
"""What the realm calls its levels (`tests.interop.keycloak_levels`)."""
_ADMIN: Final = "admin"
_KEY_PROVIDER: Final = "org.keycloak.keys.KeyProvider"


@dataclass
class Keycloak:
    """One server on the loopback address, with a realm for the school."""

    port: int
    secret: str = field(default_factory=secrets.token_urlsafe, repr=False)
    password: str = field(default_factory=secrets.token_urlsafe, repr=False)
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer(self) -> str:
        """Return the issuer of the realm."""
        return f"{self.url}/realms/{REALM}"

    def start(self, home: Path, folder: Path) -> Child:
        """Start the server and return once its first realm answers."""
        self.http.trust_env = False
        options = (f"--http-host={LOOPBACK}", f"--http-port={self.port}", "--db=dev-mem")
        command = ["bash", str(home / "bin" / "kc.sh"), "start-dev", *options]
        env = child_environment(
            {
                "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN,
                "KC_BOOTSTRAP_ADMIN_PASSWORD": self.password,
                "HOME": str(folder),
                "JAVA_OPTS_APPEND": "-Xmx512m",
            }
        )
        child = Child.start("Keycloak", command, env, folder / "keycloak.log")
        try:
            child.wait_ready(f"{self.url}/realms/master/.well-known/openid-configuration", 600)
        except BaseException:
            child.stop()
            raise
        return child

    def version(self) -> str:
        """Return the version that the server says it is."""
        told = self._send("GET", f"{self.url}/admin/serverinfo").json()
        return str(told["systemInfo"]["version"])

    def make_realm(self, service: str) -> None:
        """Make the realm with its two clients: people sign in with one, the other provisions."""
        realm = {"realm": REALM, "enabled": True, "sslRequired": "none"}
        attributes = {"acr.loa.map": json.dumps(LEVELS)}
        more = {"accessTokenLifespan": ACCESS_TOKEN_SECONDS, "attributes": attributes}
        self.admin("POST", "", {**realm, **more})
        self.admin("POST", f"/{REALM}/clients", _portal(service, self.secret))
        self.admin("POST", f"/{REALM}/clients", _broker(service, self.secret))

    def make_person(self, name: str, password: str) -> str:
        """Register somebody and return the id, which is the subject of the sign-ins."""
        body = {
            "username": name,
            "enabled": True,
            "email": f"{name}@school.example",
            "emailVerified": True,
            "firstName": name.title(),
            "lastName": "Verzonnen",
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        answer = self.admin("POST", f"/{REALM}/users", body)
        return answer.headers["Location"].rpartition("/")[2]

    def end_sessions(self, person: str) -> None:
        """Sign somebody out everywhere, as an administrator does in the console."""
        self.admin("POST", f"/{REALM}/users/{person}/logout", {})

    def machine_token(self, client: str = BROKER) -> str:
        """Return an access token of the service account (client credentials)."""
        return self._token({"grant_type": "client_credentials", "client_id": client})

    def person_token(self, name: str, password: str, client: str = BROKER) -> str:
        """Return an access token of a person by the same client that provisions."""
        asked = {"grant_type": "password", "client_id": client}
        return self._token({**asked, "username": name, "password": password})

    def other_machine(self) -> str:
        """Return the token of a service account that nobody meant for us."""
        self.add_machine("elsewhere", "https://elsewhere.example")
        return self.machine_token("elsewhere")

    def add_machine(self, client: str, service: str, **changed: Any) -> None:  # noqa: ANN401 - any member of a client
        """Make one more client that provisions, changed from what `_broker` says."""
        body = {**_broker(service, self.secret), "clientId": client, **changed}
        self.admin("POST", f"/{REALM}/clients", body)

    def add_portal(self, client: str, service: str, **changed: Any) -> None:  # noqa: ANN401 - any member of a client
        """Make one more client that people sign in with, changed from what `_portal` says."""
        body = {**_portal(service, self.secret), "clientId": client, **changed}
        self.admin("POST", f"/{REALM}/clients", body)

    def sign_with(self, client: str, algorithm: str) -> None:
        """Let the ID tokens of a client be signed in another way."""
        [found] = self.admin("GET", f"/{REALM}/clients?clientId={client}").json()
        attributes = {**found["attributes"], "id.token.signed.response.alg": algorithm}
        self.admin("PUT", f"/{REALM}/clients/{found['id']}", {**found, "attributes": attributes})

    def renew_keys(self) -> None:
        """Put a new RSA key before the one that the realm signs with, which is removed."""
        realm = self.admin("GET", f"/{REALM}").json()
        old = self.admin("GET", f"/{REALM}/components?type={_KEY_PROVIDER}").json()
        body = {
            "name": "renewed",
            "providerId": "rsa-generated",
            "providerType": _KEY_PROVIDER,
            "parentId": realm["id"],
            "config": {"priority": ["200"], "algorithm": ["RS256"], "keySize": ["2048"]},
        }
        self.admin("POST", f"/{REALM}/components", body)
        for component in old:
            if component["providerId"] == "rsa-generated":
                self.admin("DELETE", f"/{REALM}/components/{component['id']}")

    def _token(self, asked: Mapping[str, str]) -> str:
        answer = self.http.post(
            f"{self.issuer}/protocol/openid-connect/token",
            data={**asked, "client_secret": self.secret},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def admin(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> requests.Response:
        """Send a request to the admin API, under the realms, as the administrator."""
        return self._send(method, f"{self.url}/admin/realms{path}", body)

    def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> requests.Response:
        asked = {"grant_type": "password", "client_id": "admin-cli"}
        login = f"{self.url}/realms/master/protocol/openid-connect/token"
        credentials = {**asked, "username": _ADMIN, "password": self.password}
        token = self.http.post(login, data=credentials, timeout=30).json()["access_token"]
        answer = self.http.request(
            method,
            url,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert answer.status_code < 300, answer.text
        return answer


def _portal(service: str, secret: str) -> dict[str, Any]:
    return {
        "clientId": PORTAL,
        "secret": secret,
        "standardFlowEnabled": True,
        "redirectUris": [f"{service}/oidc/callback"],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{service}/oidc/signed-out",
            "backchannel.logout.url": f"{service}/oidc/backchannel-logout",
            "backchannel.logout.session.required": "true",
        },
    }


def _broker(service: str, secret: str) -> dict[str, Any]:
    """Return a client whose own tokens say nothing of a person: without the usual scopes."""
    return {
        "clientId": BROKER,
        "secret": secret,
        "standardFlowEnabled": False,
        "serviceAccountsEnabled": True,
        "directAccessGrantsEnabled": True,
        "defaultClientScopes": ["service_account"],
        "optionalClientScopes": ["basic", "profile", "email"],
        "protocolMappers": [audience(f"{service}/scim/v2"), own_subject(BROKER)],
    }


def audience(value: str, kind: str = "custom") -> dict[str, Any]:
    """Return a mapper that names an audience; of the kind `client` it is one of the realm."""
    return _mapper(f"audience {value}", "oidc-audience", {f"included.{kind}.audience": value})


def own_subject(client: str) -> dict[str, Any]:
    """Return a mapper that makes a client its own subject."""
    claim = {"claim.name": "sub", "claim.value": client, "jsonType.label": "String"}
    return _mapper("the client as its own subject", "oidc-hardcoded-claim", claim)


def _mapper(name: str, kind: str, config: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": f"{kind}-mapper",
        "config": {
            **config,
            "access.token.claim": "true",
            "lightweight.claim": "true",
            "introspection.token.claim": "true",
        },
    }
