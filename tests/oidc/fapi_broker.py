"""What a provider of the FAPI 2.0 Security Profile demands of its clients, held to the letter.

Put before a `Script` as its ``guard``: each request is judged first; what breaks a rule is noted
in ``faults`` and refused, so that a sign-in which ends well broke none.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet
from requests import PreparedRequest

from tests.oidc.broker import CLIENT_ID, JSON, Answer, Script, form_of
from tests.support.jose import b64

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Broken(Exception):
    """A rule that a request breaks."""


@dataclass
class Guard:
    """The rules, and what was seen so far."""

    script: Script
    jwks: dict[str, Any]
    nonces: bool = True
    """Whether proofs must hold our nonce, a new one at each answer."""
    challenge: str = "DPoP"
    """The scheme as the challenge of UserInfo spells it."""
    assertions: bool = True
    faults: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    jkt: str = ""
    last: str = ""
    given: int = 0

    def judge(self, name: str, request: PreparedRequest) -> Answer | None:
        """Return a refusal, or None when the request may go on."""
        try:
            if name in {"par", "token"}:
                self._authenticated(form_of(request))
            if name in {"token", "userinfo"}:
                return self._proven(name, request)
        except Broken as broken:
            self.faults.append(f"{name}: {broken}")
            return 400, JSON, json.dumps({"error": "invalid_request"})
        return None

    def headers(self) -> dict[str, str]:
        """Return what an answer carries besides: the nonce of the next request."""
        if not self.nonces:
            return {}
        self.given += 1
        self.last = f"nonce-{self.given}"
        return {"DPoP-Nonce": self.last}

    def _authenticated(self, form: Mapping[str, str]) -> None:
        """RFC 7523 with the audience of FAPI 2.0: the issuer, as one text."""
        if "client_secret" in form:
            raise Broken("a secret")
        if not self.assertions:
            need(form.get("client_id"), CLIENT_ID, "client_id")
            return
        need(form.get("client_assertion_type"), ASSERTION, "assertion type")
        token = form.get("client_assertion", "")
        claims = verified(token, KeySet.import_key_set(self.jwks), ("PS256", "ES256"))  # type: ignore[arg-type]  # a plain mapping is what a set is
        for name, value in {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": self.script.issuer}.items():
            need(claims.get(name), value, name)
        self._once(claims["jti"])
        if not time.time() - 5 <= claims["exp"] - 60 <= time.time() + 5 or "iat" not in claims:
            raise Broken("assertion time")

    def _proven(self, name: str, request: PreparedRequest) -> Answer | None:
        proof = str(request.headers.get("DPoP", ""))
        header = json.loads(unb64(proof.partition(".")[0]))
        need((header["typ"], header["alg"]), ("dpop+jwt", "ES256"), "proof header")
        if set(header["jwk"]) & {"d", "k", "p"}:
            raise Broken("a private key")
        key = ECKey.import_key(header["jwk"])
        claims = verified(proof, key, ("ES256",))
        path = {"token": "/token", "userinfo": "/userinfo"}[name]
        need(claims["htm"], request.method, "htm")
        need(claims["htu"], self.script.issuer + path, "htu")
        self._once(claims["jti"])
        if abs(time.time() - claims["iat"]) > 5:
            raise Broken("proof time")
        if self.nonces and claims.get("nonce") != self.last:
            return self._asking(name)
        self._same_key(name, key.thumbprint(), request)
        if name == "userinfo":
            self._token(request, claims)
        return None

    def _asking(self, name: str) -> Answer:
        told = {**JSON, **self.headers()}
        if name == "userinfo":
            said = f'{self.challenge} error="use_dpop_nonce", algs="ES256"'
            return 401, {**told, "WWW-Authenticate": said}, "{}"
        return 400, told, json.dumps({"error": "use_dpop_nonce"})

    def _same_key(self, name: str, jkt: str, request: PreparedRequest) -> None:
        """A sign-in brings a key; everything after it comes with that one."""
        if name == "token" and form_of(request)["grant_type"] == "authorization_code":
            if jkt == self.jkt:
                raise Broken("the key of another sign-in")
            self.jkt = jkt
        need(jkt, self.jkt, "key")

    def _token(self, request: PreparedRequest, claims: Mapping[str, Any]) -> None:
        scheme, _, token = str(request.headers["Authorization"]).partition(" ")
        need(scheme, "DPoP", "scheme")
        need(claims.get("ath"), b64(hashlib.sha256(token.encode()).digest()), "ath")

    def _once(self, jti: object) -> None:
        if not isinstance(jti, str) or len(jti) < 20 or jti in self.seen:
            raise Broken("jti")
        self.seen.add(jti)


def need(found: object, wanted: object, what: str) -> None:
    """Break the rule unless both are the same."""
    if found != wanted:
        raise Broken(f"{what}: {found!r}")


def verified(token: str, key: Key | KeySet, algorithms: tuple[str, ...]) -> dict[str, Any]:
    """Return the claims of a token that the key signed."""
    registry = jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    try:
        found = jws.deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError) as fault:
        raise Broken(f"signature: {fault}") from None
    claims: dict[str, Any] = json.loads(found.payload or b"")
    return claims


def unb64(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
