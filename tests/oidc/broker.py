"""A provider that does what a test tells it to: real keys, real signatures, answers by script."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses
from flask import has_request_context
from joserfc.jwk import Key
from requests import PreparedRequest

from mo_oidc.config import ProviderConfig
from mo_web import exchange
from tests.support.jose import b64, public, sign

ISSUER = "https://broker.example"
CLIENT_ID, CLIENT_SECRET = "mo-rp", "s" * 40
Answer = tuple[int, dict[str, str], str]


def half(text: str, name: str = "sha256") -> str:
    """Return the left half of a hash, as `at_hash` has it."""
    digest = hashlib.new(name, text.encode()).digest()
    return b64(digest[: len(digest) // 2])


@dataclass
class Script:
    """The provider: change a member and it behaves so from the next request on."""

    key: Key
    mock: responses.RequestsMock
    issuer: str = ISSUER
    alg: str = "RS256"
    document: dict[str, Any] = field(default_factory=dict)
    jwks: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    id_token: Callable[[], str] | None = None
    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    requests: list[PreparedRequest] = field(default_factory=list)
    nonce: str = ""
    now: Callable[[], float] = time.time
    held: list[str] = field(default_factory=list)
    """Requests that were made while a unit of work was open: there must be none."""

    def __post_init__(self) -> None:
        """Publish an ordinary provider."""
        self.document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["none", "RS256"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.jwks = {"keys": [public(self.key)]}
        self.token = {"access_token": "at-1", "token_type": "Bearer", "expires_in": 300}
        paths = {
            "discovery": ("GET", "/.well-known/openid-configuration"),
            "jwks": ("GET", "/jwks"),
            "token": ("POST", "/token"),
            "userinfo": ("GET", "/userinfo"),
        }
        for name, (method, path) in paths.items():
            self.mock.add_callback(method, self.issuer + path, callback=self._answer(name))

    def _answer(self, name: str) -> Callable[[PreparedRequest], Answer | Exception]:
        def callback(request: PreparedRequest) -> Answer | Exception:
            self.calls.append(name)
            if has_request_context() and exchange.current().unit is not None:
                self.held.append(name)
            self.requests.append(request)
            if name in self.answers:
                return self.answers[name]
            return 200, {"Content-Type": "application/json"}, json.dumps(self._body(name))

        return callback

    def _body(self, name: str) -> dict[str, Any]:
        if name == "discovery":
            return self.document
        if name == "jwks":
            return self.jwks
        if name == "userinfo":
            return self.userinfo
        return {**self.token, "id_token": self.make_id_token()} | (
            {"id_token": self.token["id_token"]} if "id_token" in self.token else {}
        )

    def make_id_token(self) -> str:
        """Return the ID token of the next token response."""
        if self.id_token is not None:
            return self.id_token()
        return sign(self.good_claims(), self.key, self.alg, **self.header)

    def good_claims(self) -> dict[str, Any]:
        """Return ordinary claims with this script's changes; None leaves one out."""
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "vo_id": "8a4d",
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def follow(self, url: str) -> dict[str, str]:
        """Read an authorization request as the provider would and return the good answer."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = asked["nonce"]
        return {"code": "code-1", "state": asked["state"], "iss": self.issuer}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Start somewhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def config(**changed: Any) -> ProviderConfig:  # noqa: ANN401 - any field of the configuration
    """Return the configuration of the scripted provider."""
    fields: dict[str, Any] = {
        "name": "broker",
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return ProviderConfig(**{**fields, **changed})
