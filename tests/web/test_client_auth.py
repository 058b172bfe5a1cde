"""How we say who we are where tokens are asked about: as the token endpoint would read it."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs, quote_plus

import pytest
import responses
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from mo_access.settings import Provider
from mo_web.faults import TokenRefused
from mo_web.introspection import Introspector
from tests.web.conftest import ISSUER

SECRET = "a+b c/d:e%é"
BOTH = ["client_secret_basic", "client_secret_post"]
INTROSPECT = f"{ISSUER}/introspect"


@pytest.mark.parametrize(
    ("said", "secret", "where"),
    [
        ({}, SECRET, "basic"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, SECRET, "basic"),
        ({"token_endpoint_auth_methods_supported": BOTH}, SECRET, "form"),
        ({"token_endpoint_auth_methods_supported": BOTH}, "plain-secret", "basic"),
        ({"introspection_endpoint_auth_methods_supported": BOTH[1:]}, "plain-secret", "form"),
        (
            {
                "introspection_endpoint_auth_methods_supported": BOTH[:1],
                "token_endpoint_auth_methods_supported": BOTH,
            },
            SECRET,
            "basic",
        ),
    ],
)
def test_introspection_authenticates_by_discovery(
    said: dict[str, list[str]], secret: str, where: str
) -> None:
    """Form-encoded in Basic (RFC 6749 section 2.3.1), or in the form where that is taken."""
    provider = Provider(name="op", issuer=ISSUER, client_id="mo", client_secret=SecretStr(secret))
    document = {"issuer": ISSUER, "introspection_endpoint": INTROSPECT, **said}
    with responses.RequestsMock() as wire:
        wire.get(f"{ISSUER}/.well-known/openid-configuration", json=document)
        asked = wire.post(INTROSPECT, json={"active": False})
        with pytest.raises(TokenRefused):
            Introspector([provider], 0).token("opaque")
        request = asked.calls[0].request
    basic = b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
    form = {name: value for name, [value] in parse_qs(str(request.body)).items()}
    assert basic == (f"mo:{quote_plus(secret)}" if where == "basic" else "")
    assert form.get("client_secret") == (secret if where == "form" else None)
    assert form["token"] == "opaque"


def test_introspection_with_a_key(tmp_path: Path) -> None:
    """Without a secret: an assertion for the issuer, made anew for each question."""
    key = ECKey.generate_key("P-256")
    path = tmp_path / "client.pem"
    path.write_bytes(key.as_pem(private=True))
    told = {"client_auth": "private_key_jwt", "client_key_file": str(path)}
    provider = Provider.model_validate(
        {"name": "op", "issuer": ISSUER, "client_id": "mo", **told},
    )
    document = {"issuer": ISSUER, "introspection_endpoint": INTROSPECT}
    with responses.RequestsMock() as wire:
        wire.get(f"{ISSUER}/.well-known/openid-configuration", json=document)
        asked = wire.post(INTROSPECT, json={"active": False})
        introspector = Introspector([provider], 0)
        for token in ("opaque", "another"):
            with pytest.raises(TokenRefused):
                introspector.token(token)
        forms = [parse_qs(str(call.request.body)) for call in asked.calls]
        assert "Authorization" not in asked.calls[0].request.headers
    claims = [jwt.decode(form["client_assertion"][0], key, ["ES256"]).claims for form in forms]
    assert [(c["iss"], c["sub"], c["aud"]) for c in claims] == [("mo", "mo", ISSUER)] * 2
    assert claims[0]["jti"] != claims[1]["jti"]
    assert forms[0]["client_id"] == ["mo"]
    assert "client_secret" not in forms[0]
