"""A provider that does what a test tells it to: real keys, real signatures, answers by script."""

import hashlib
import html
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

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
JSON = {"Content-Type": "application/json"}
# The addresses behind the browser's back; over HTTP there are those for the browser too.
PATHS = {
    ("GET", "/.well-known/openid-configuration"): "discovery",
    ("GET", "/jwks"): "jwks",
    ("POST", "/par"): "par",
    ("POST", "/token"): "token",
    ("GET", "/userinfo"): "userinfo",
    ("POST", "/userinfo"): "userinfo",
    ("POST", "/revoke"): "revocation",
}


class Judge(Protocol):
    """What stands before a script and may refuse a request."""

    def judge(self, name: str, request: PreparedRequest) -> Answer | None:
        """Return a refusal, or None."""

    def headers(self) -> dict[str, str]:
        """Return what an answer carries besides."""


def half(text: str, name: str = "sha256") -> str:
    """Return the left half of a hash, as `at_hash` has it."""
    digest = hashlib.new(name, text.encode()).digest()
    return b64(digest[: len(digest) // 2])


@dataclass
class Script:
    """The provider: change a member and it behaves so from the next request on."""

    key: Key
    mock: responses.RequestsMock | None = None
    issuer: str = ISSUER
    alg: str = "RS256"
    document: dict[str, Any] = field(default_factory=dict)
    jwks: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    id_token: Callable[[], str] | None = None
    late_id_token: Callable[[], object] | None = None
    """What stands in `id_token` of the token response instead, whatever it is."""
    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    requests: list[PreparedRequest] = field(default_factory=list)
    nonce: str = ""
    now: Callable[[], float] = time.time
    answer: dict[str, str | None] = field(default_factory=dict)
    """Changes to what the browser brings back from signing in; None leaves a member out."""
    after_logout: dict[str, str | None] = field(default_factory=dict)
    """The same for the way back from signing out."""
    frames: list[str] = field(default_factory=list)
    """Addresses that its page after signing out shows in frames (Front-Channel Logout)."""
    refresh: dict[str, Any] | None = None
    """Changes to the answer to a refresh token; with None it gives none at all."""
    refresh_claims: dict[str, Any] | None = field(default_factory=dict)
    """Changes to the claims of a renewed ID token; with None there is none."""
    good_refresh: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    """Authorization requests that came behind the browser's back (RFC 9126), by their name."""
    guard: Judge | None = None
    """What judges each request first; its answers carry what it says."""
    revoked: list[str] = field(default_factory=list)
    """Tokens that were given back (RFC 7009)."""
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
        if self.mock is not None:
            for (method, path), name in PATHS.items():
                self.mock.add_callback(method, self.issuer + path, callback=self._answer(name))

    def begin_anew(self) -> None:
        """Be an ordinary provider again, which remembers nothing."""
        fresh = Script(self.key, None, self.issuer)
        for name, value in vars(fresh).items():
            if name not in {"key", "mock", "issuer"}:
                setattr(self, name, value)

    def _answer(self, name: str) -> Callable[[PreparedRequest], Answer | Exception]:
        return lambda request: self.answered(name, request)

    def answered(self, name: str, request: PreparedRequest) -> Answer | Exception:
        """Answer a request that comes behind the browser's back."""
        self.calls.append(name)
        if has_request_context() and exchange.current().unit is not None:
            self.held.append(name)
        self.requests.append(request)
        if self.guard is None:
            return self._told(name, request)
        refusal = self.guard.judge(name, request)
        if refusal is not None:
            return refusal
        told = self._told(name, request)
        if isinstance(told, Exception):
            return told
        return told[0], {**told[1], **self.guard.headers()}, told[2]

    def _told(self, name: str, request: PreparedRequest) -> Answer | Exception:
        if name in self.answers:
            return self.answers[name]
        if name == "par":
            return self._push(form_of(request))
        if name == "token":
            return self._tokens(form_of(request))
        if name == "revocation":
            self.revoked.append(form_of(request)["token"])
            return 200, {}, ""
        bodies = {"discovery": self.document, "jwks": self.jwks, "userinfo": self.userinfo}
        return 200, JSON, json.dumps(bodies[name])

    def _push(self, form: dict[str, str]) -> Answer:
        """Keep an authorization request (RFC 9126 §2.2)."""
        uri = f"urn:ietf:params:oauth:request_uri:{len(self.pushed) + 1}"
        self.pushed[uri] = form
        return 201, JSON, json.dumps({"request_uri": uri, "expires_in": 60})

    def _tokens(self, form: Mapping[str, str]) -> Answer:
        """Answer at the token endpoint; a wrong verifier or refresh token is `invalid_grant`."""
        if form.get("grant_type") == "refresh_token":
            return self._renewed(form.get("refresh_token", ""))
        asked = self.codes.get(form.get("code", ""), {})
        if asked and challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return 400, JSON, json.dumps({"error": "invalid_grant"})
        body = {"id_token": self.make_id_token(), **self._next_refresh(), **self.token}
        if self.late_id_token is not None:
            body["id_token"] = self.late_id_token()
        return 200, JSON, json.dumps(body)

    def _renewed(self, refresh_token: str) -> Answer:
        if not refresh_token or refresh_token != self.good_refresh:
            return 400, JSON, json.dumps({"error": "invalid_grant"})
        changes = self.refresh_claims
        told = {} if changes is None else {"id_token": self._renewed_id_token(changes)}
        body = {**self.token, **told, **self._next_refresh(), **(self.refresh or {})}
        return 200, JSON, json.dumps({n: v for n, v in body.items() if v is not None})

    def _renewed_id_token(self, changes: dict[str, Any]) -> str:
        claims = {**self.good_claims(), "nonce": None, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign(kept, self.key, self.alg, **self.header)

    def _next_refresh(self) -> dict[str, str]:
        """Rotate the refresh token: the one before is good no more."""
        if self.refresh is None:
            return {}
        number = int(self.good_refresh.removeprefix("rt-") or 0) + 1
        self.good_refresh = f"rt-{number}"
        return {"refresh_token": self.good_refresh}

    def make_id_token(self) -> str:
        """Return the ID token of the next token response."""
        if self.id_token is not None:
            return self.id_token()
        return self.plain_id_token()

    def plain_id_token(self) -> str:
        """Return an ID token of the claims as they are now, signed with the key as it is now."""
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
        asked = self._asked(query_of(url))
        self.nonce = asked["nonce"]
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def _asked(self, query: dict[str, str]) -> dict[str, str]:
        """Return what was asked; a request that was pushed is used once, and stands alone."""
        if "request_uri" not in query:
            return query
        assert set(query) == {"client_id", "request_uri"}, sorted(query)
        return self.pushed[query["request_uri"]]

    def authorize(self, url: str) -> Answer:
        """Answer the browser at the authorization endpoint: a redirect, or a form (form_post)."""
        asked = self._asked(query_of(url))
        answer = _changed(self.follow(url), self.answer)
        if asked.get("response_mode") == "form_post":
            return 200, {"Content-Type": "text/html"}, _form(asked["redirect_uri"], answer)
        return 302, {"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"}, ""

    def end_session(self, url: str) -> Answer:
        """Answer the browser at the end session endpoint: frames to load, then the way back."""
        asked = query_of(url)
        back = _changed({"state": asked["state"]}, self.after_logout)
        target = f"{asked['post_logout_redirect_uri']}?{urlencode(back)}"
        if self.frames:
            shown = "".join(f'<iframe src="{html.escape(src)}"></iframe>' for src in self.frames)
            page = f'{shown}<a href="{html.escape(target)}">on</a>'
            return 200, {"Content-Type": "text/html"}, page
        return 302, {"Location": target}, ""


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def form_of(request: PreparedRequest) -> dict[str, str]:
    """Return the parameters of a form."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    return {name: values[0] for name, values in parse_qs(body).items()}


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636)."""
    return b64(hashlib.sha256(verifier.encode()).digest())


def _changed(good: dict[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {n: v for n, v in {**good, **changes}.items() if v is not None}


def _form(action: str, fields: Mapping[str, str]) -> str:
    inputs = "".join(
        f'<input type="hidden" name="{html.escape(n)}" value="{html.escape(v)}">'
        for n, v in fields.items()
    )
    return f'<form method="post" action="{html.escape(action)}">{inputs}</form>'


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
