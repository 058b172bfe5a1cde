"""A service account of Keycloak with the client scopes that every client has: its stock token."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from mo_demo.process import DemoError
from tests.interop.conftest import Ours
from tests.interop.keycloak import REALM, Keycloak, audience

pytestmark = [
    pytest.mark.timeout(420),
    pytest.mark.xdist_group("interop"),
    pytest.mark.product("Keycloak", "stock service account"),
    pytest.mark.shows("provision"),
]

Stage = tuple[Keycloak, Ours]
CLIENT = "stock-account"
# What the realm gives to a client that an administrator makes in its console.
SCOPES = ["basic", "profile", "email", "roles", "web-origins", "acr", "service_account"]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OURS = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"


@dataclass(frozen=True)
class Machine:
    """A client of Keycloak with its account, let in at our service."""

    stage: Stage
    client: str
    account: str

    def token(self) -> str:
        """Return a token of the client credentials grant."""
        return self.stage[0].machine_token(self.client)

    def ask(
        self, method: str, path: str, body: object = None, token: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to the SCIM door, with the machine's token unless another is told."""
        return self.stage[1].scim(method, path, token or self.token(), body)

    def refused(self, token: str) -> str:
        """Return what is said of a token that must be refused."""
        status, answer = self.ask("GET", "/Users", token=token)
        assert status == 401
        return str(answer["detail"])


def added(stage: Stage, client: str, **changed: Any) -> str:  # noqa: ANN401 - any member of a client
    """Make a client with Keycloak's own scopes and our audience; return its account's id."""
    keycloak, service = stage
    mappers = [audience(f"{service.url}/scim/v2")]
    keycloak.add_machine(
        client, service.url, defaultClientScopes=SCOPES, protocolMappers=mappers, **changed
    )
    [found] = keycloak.admin("GET", f"/{REALM}/clients?clientId={client}").json()
    account = keycloak.admin("GET", f"/{REALM}/clients/{found['id']}/service-account-user")
    return str(account.json()["id"])


def let_in(stage: Stage, client: str, account: str) -> Machine:
    """Let the account of a client in, as the how-to says."""
    keycloak, service = stage
    service.command(
        *("client", "create", client, "--institution", "900001"),
        *("--oauth-issuer", keycloak.issuer, "--oauth-client-id", client),
        *("--oauth-subject", account),
    )
    return Machine(stage, client, account)


@pytest.fixture(scope="module")
def machine(stage: Stage) -> Machine:
    """Let a stock service account in."""
    return let_in(stage, CLIENT, added(stage, CLIENT))


def claims(token: str) -> dict[str, Any]:
    """Return what a token says, unverified."""
    payload = token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return told


def test_a_stock_service_account_provisions(machine: Machine) -> None:
    """Its token looks like a person's, but for the subject that was told."""
    told = claims(machine.token())
    assert (told["sub"], told["azp"]) == (machine.account, CLIENT)
    assert told["preferred_username"] == f"service-account-{CLIENT}"
    body = {
        "schemas": [USER, OURS],
        "userName": "stock.jan",
        "externalId": "stock-1",
        OURS: {"affiliations": [{"value": "900001", "role": "gebruiker"}]},
    }
    status, jan = machine.ask("POST", "/Users", body)
    assert status == 201, jan
    group = {
        "displayName": "MO_900001_leerlingen-openbaar",
        "members": [{"value": jan["id"]}],
    }
    status, theme = machine.ask("POST", "/Groups", group)
    assert status == 201, theme
    off = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    assert machine.ask("PATCH", f"/Users/{jan['id']}", off)[0] == 200
    assert machine.ask("GET", f"/Users/{jan['id']}")[1]["active"] is False
    assert machine.ask("DELETE", f"/Groups/{theme['id']}")[0] == 204
    assert machine.ask("DELETE", f"/Users/{jan['id']}")[0] == 204


def test_a_person_of_the_same_client_is_refused(machine: Machine) -> None:
    """The same issuer, client, audience and scopes: another subject, and a session."""
    keycloak, _ = machine.stage
    name, password = "stock.person", secrets.token_urlsafe()
    keycloak.make_person(name, password)
    own = keycloak.person_token(name, password, CLIENT)
    assert claims(own)["azp"] == CLIENT
    assert "(person)" in machine.refused(own)


def test_another_service_account_is_refused(machine: Machine) -> None:
    """Also where it has the same names: neither its client nor its subject was told."""
    added(machine.stage, "stock-other")
    other = machine.stage[0].machine_token("stock-other")
    assert "(person)" in machine.refused(other)


def test_the_account_of_another_client_is_no_account_of_this_one(stage: Stage) -> None:
    """An operator who told the wrong id lets nobody in."""
    wrong = let_in(stage, "stock-wrong", added(stage, "stock-alike"))
    added(stage, "stock-wrong")
    assert "(person)" in wrong.refused(wrong.token())
    assert "(person)" in wrong.refused(stage[0].machine_token("stock-alike"))


def test_a_session_in_the_token_is_a_persons(stage: Stage) -> None:
    """Keycloak gives the account a session where it is told to refresh its tokens."""
    refreshing = {"client_credentials.use_refresh_token": "true"}
    account = added(stage, "stock-session", attributes=refreshing)
    machine = let_in(stage, "stock-session", account)
    assert "sid" in claims(machine.token())
    assert "(person)" in machine.refused(machine.token())


def test_a_person_is_never_let_in_as_a_machine(machine: Machine) -> None:
    """Whom the client provisions by Keycloak's id cannot be told as the client's account."""
    keycloak, service = machine.stage
    person = keycloak.make_person("stock.pinned", secrets.token_urlsafe())
    known = {"schemas": [USER], "userName": "stock.pinned", "externalId": person}
    trusted = json.loads(
        service.command(
            *("client", "create", "stock-trusted", "--institution", "900001"),
            *("--issuer", keycloak.issuer, "--json"),
        )
    )
    assert machine.ask("POST", "/Users", known, trusted["token"])[0] == 201
    with pytest.raises(DemoError, match="is a person here"):
        let_in(machine.stage, "stock-person", person)
