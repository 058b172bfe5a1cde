"""The token endpoint and UserInfo: credentials, answers, and what they may not say."""

import base64
from typing import Any
from urllib.parse import parse_qs, quote_plus

import pytest
import requests
from joserfc.jwk import RSAKey

from mo_oidc.provider import Provider
from mo_web.fetch import get_json
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, Answer, Clock, Script, config
from tests.oidc.way import fault, sign_in
from tests.support.jose import sign

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ({"id_token": None}, "id_token_missing"),
        ({"id_token": ""}, "id_token_missing"),
        ({"id_token": ["a"]}, "id_token_missing"),
        ({"access_token": None}, "access_token_missing"),
        ({"access_token": 5}, "access_token_missing"),
        ({"token_type": "DPoP"}, "token_type"),
        ({"token_type": None}, "token_type"),
    ],
)
def test_an_incomplete_token_response_is_trouble(
    provider: Provider, script: Script, token: dict[str, Any], code: str
) -> None:
    """A token response without its parts is the provider's trouble, 502."""
    script.token |= token
    assert fault(provider, script) == (code, 502)


@pytest.mark.parametrize("change", [{"token_type": "bEARER"}, {"expires_in": None}])
def test_a_lenient_token_response_is_accepted(
    provider: Provider, script: Script, change: dict[str, Any]
) -> None:
    """The token type has no case, and expires_in may be absent (FAPI 2 client tests)."""
    script.token |= change
    assert sign_in(provider, script).claims["sub"] == "person-1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((400, JSON, '{"error": "invalid_grant"}'), ("code_refused", 400)),
        ((401, JSON, '{"error": "invalid_client"}'), ("token_refused", 502)),
        ((400, JSON, '{"error": ["x"]}'), ("token_refused", 502)),
        ((200, JSON, '{"error": "x", "id_token": "a"}'), ("token_refused", 502)),
        ((200, JSON, "[]"), ("token_not_json", 502)),
        ((200, JSON, "null"), ("token_not_json", 502)),
        ((200, {}, "<html>"), ("token_not_json", 502)),
        ((404, {}, "<html>"), ("token_not_json", 502)),
        ((500, {}, "oops"), ("token_status", 502)),
        ((429, {}, ""), ("token_status", 503)),
        ((307, {"Location": "https://evil.example/t"}, ""), ("token_redirect", 502)),
        ((200, JSON, "x" * 300_000), ("token_too_large", 502)),
        (requests.ConnectionError("down"), ("token_unreachable", 503)),
        (requests.ReadTimeout("slow"), ("token_timeout", 504)),
    ],
)
def test_a_token_endpoint_in_trouble(
    provider: Provider, script: Script, answer: Answer | Exception, expected: tuple[str, int]
) -> None:
    """A refused code is 400; everything else says that the provider is at fault, never 500."""
    script.answers["token"] = answer
    assert fault(provider, script) == expected
    assert script.mock is not None
    assert len(script.mock.calls) == len(script.calls)


@pytest.mark.parametrize(
    ("methods", "secret", "where"),
    [
        (None, CLIENT_SECRET, "basic"),
        (["client_secret_post"], CLIENT_SECRET, "form"),
        (["client_secret_basic", "client_secret_post"], CLIENT_SECRET, "basic"),
        (["client_secret_basic", "client_secret_post"], "s+/=%é" * 8, "form"),
        (["client_secret_basic"], "s+/:% é" * 8, "basic"),
        (["private_key_jwt"], CLIENT_SECRET, "basic"),
        (None, "", "none"),
    ],
)
def test_client_authentication_by_discovery(
    script: Script, clock: Clock, methods: list[str] | None, secret: str, where: str
) -> None:
    """Basic by default and form-encoded, the form where that is offered and safer."""
    if methods is not None:
        script.document["token_endpoint_auth_methods_supported"] = methods
    provider = Provider(config(client_secret=secret), get_json, clock)
    sign_in(provider, script)
    request = script.requests[script.calls.index("token")]
    form = {n: v[0] for n, v in parse_qs(str(request.body)).items()}
    basic = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic "))
    assert form.get("client_secret") == (secret if where == "form" else None)
    assert form.get("client_id") == (None if where == "basic" else CLIENT_ID)
    assert basic.decode() == (f"{CLIENT_ID}:{quote_plus(secret)}" if where == "basic" else "")


def with_userinfo(clock: Clock) -> Provider:
    """Return the provider with UserInfo switched on."""
    return Provider(config(userinfo=True), get_json, clock)


def test_userinfo_adds_claims(script: Script, clock: Clock) -> None:
    """UserInfo is asked with the bearer header; the ID token's own claims win."""
    script.userinfo = {"sub": "person-1", "given_name": "An", "vo_id": "other", "iss": "x"}
    claims = sign_in(with_userinfo(clock), script).claims
    assert (claims["given_name"], claims["vo_id"]) == ("An", "8a4d")
    assert script.requests[-1].headers["Authorization"] == "Bearer at-1"


@pytest.mark.parametrize("userinfo", [{"sub": "other"}, {"vo_id": "x"}, {"sub": ["person-1"]}, {}])
def test_userinfo_of_somebody_else_is_refused(
    script: Script, clock: Clock, userinfo: dict[str, Any]
) -> None:
    """Another, or no, sub in UserInfo ends the sign-in (Core §5.3.2)."""
    script.userinfo = userinfo
    assert fault(with_userinfo(clock), script) == ("userinfo_subject", 400)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, JSON, "<html>"), ("userinfo_not_json", 502)),
        ((401, {}, ""), ("userinfo_status", 502)),
        ((500, {}, ""), ("userinfo_status", 502)),
        ((302, {"Location": "https://evil.example"}, ""), ("userinfo_redirect", 502)),
        (requests.ConnectionError("down"), ("userinfo_unreachable", 503)),
    ],
)
def test_userinfo_in_trouble(
    script: Script, clock: Clock, answer: Answer | Exception, expected: tuple[str, int]
) -> None:
    """A UserInfo endpoint that fails is the provider's trouble."""
    script.answers["userinfo"] = answer
    assert fault(with_userinfo(clock), script) == expected


def signed(token: str) -> Answer:
    """Return a UserInfo answer as a JWT."""
    return 200, {"Content-Type": "application/jwt"}, token


def test_signed_userinfo(script: Script, clock: Clock, other_rsa_key: RSAKey) -> None:
    """A signed UserInfo is verified: key, issuer and audience."""
    said = {"sub": "person-1", "given_name": "An"}
    provider = with_userinfo(clock)
    script.answers["userinfo"] = signed(sign(said, script.key))
    assert sign_in(provider, script).claims["given_name"] == "An"
    script.answers["userinfo"] = signed(sign(said, other_rsa_key))
    assert fault(provider, script)[0] == "signature"
    script.answers["userinfo"] = signed(sign({**said, "iss": "https://e.example"}, script.key))
    assert fault(provider, script)[0] == "userinfo_issuer"
    script.answers["userinfo"] = signed(sign({**said, "aud": "other"}, script.key))
    assert fault(provider, script)[0] == "userinfo_audience"


def test_userinfo_is_asked_when_no_link_is_in_the_token(provider: Provider, script: Script) -> None:
    """Without any linked claim in the ID token, UserInfo may bring one."""
    script.claims = {"vo_id": None}
    script.userinfo = {"sub": "person-1", "vo_id": "8a4d"}
    assert sign_in(provider, script).claims["vo_id"] == "8a4d"
