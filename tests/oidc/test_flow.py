"""The code flow against a provider that misbehaves: the Basic and Config cases, and our own."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
import requests
from joserfc.jwk import RSAKey

from mo_oidc import flow
from mo_oidc.errors import FlowRefused, IdTokenRefused, ProviderTrouble, SignInFault
from mo_oidc.flow import Finished, LoginRequest, Pending, Start
from mo_oidc.provider import Provider
from mo_web.fetch import get_json
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, Answer, Clock, Script, config, public, sign

REDIRECT = "https://mo.example/oidc/callback"
BROWSER = "browser-hash"
JSON = {"Content-Type": "application/json"}


def begin(provider: Provider, request: LoginRequest | None = None) -> Start:
    """Start a sign-in."""
    return flow.start(provider, request or LoginRequest(), REDIRECT, BROWSER)


def asked(started: Start) -> dict[str, str]:
    """Return the parameters of the authorization request."""
    query = parse_qs(urlsplit(started.url).query, strict_parsing=True)
    return {name: values[0] for name, values in query.items()}


def sign_in(
    provider: Provider,
    script: Script,
    changed: Mapping[str, str | None] | None = None,
    request: LoginRequest | None = None,
) -> Finished:
    """Go through a whole sign-in, the answer changed as told (None leaves a member out)."""
    started = begin(provider, request)
    good = {**script.follow(started.url), **(changed or {})}
    answer = {name: value for name, value in good.items() if value is not None}
    pending = flow.open_pending(started.pending.to_payload(), BROWSER)
    return flow.finish(provider, pending, answer, int(time.time()))


def fault(provider: Provider, script: Script, changed: Any = None) -> tuple[str, int]:  # noqa: ANN401
    """Return the code and status with which a sign-in stops."""
    with pytest.raises(SignInFault) as stopped:
        sign_in(provider, script, changed)
    return stopped.value.code, stopped.value.status


def test_a_sign_in_asks_for_what_is_checked_later(provider: Provider) -> None:
    """State, nonce, PKCE S256, our own redirect address, and nothing secret."""
    started = begin(provider)
    parameters = asked(started)
    assert parameters["response_type"] == "code"
    assert parameters["client_id"] == CLIENT_ID
    assert parameters["redirect_uri"] == REDIRECT
    assert parameters["scope"] == "openid"
    assert parameters["code_challenge_method"] == "S256"
    assert parameters["nonce"] == started.pending.nonce
    assert parameters["state"] == started.state
    assert started.pending.verifier not in started.url
    assert CLIENT_SECRET not in started.url


def test_nothing_is_used_twice(provider: Provider) -> None:
    """Two sign-ins share no state, nonce or verifier; each has 256 bits."""
    one, two = begin(provider), begin(provider)
    first = {one.state, one.pending.nonce, one.pending.verifier}
    second = {two.state, two.pending.nonce, two.pending.verifier}
    assert len(first | second) == 6
    assert min(map(len, first | second)) == 43


def test_what_is_asked_reaches_the_provider(provider: Provider) -> None:
    """acr_values, max_age, login_hint and prompt are passed on."""
    request = flow.read_request(
        {
            "acr_values": "a b",
            "max_age": "0",
            "login_hint": "jan&x=y",
            "prompt": "login",
            "next": "/d",
        }
    )
    parameters = asked(begin(provider, request))
    assert parameters["acr_values"] == "a b"
    assert parameters["max_age"] == "0"
    assert parameters["login_hint"] == "jan&x=y"
    assert parameters["prompt"] == "login"
    assert request.next_url == "/d"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"max_age": "soon"}, "max_age_invalid"),
        ({"max_age": "-1"}, "max_age_invalid"),
        ({"max_age": "٣"}, "max_age_invalid"),
        ({"max_age": "9" * 40}, "max_age_invalid"),
        ({"prompt": "login evil"}, "prompt_invalid"),
        ({"login_hint": "a\r\nb"}, "login_hint_invalid"),
        ({"acr_values": "x" * 9000}, "acr_values_invalid"),
    ],
)
def test_what_cannot_be_enforced_is_refused(parameters: dict[str, str], code: str) -> None:
    """An over-long or odd wish is an error, never silently dropped."""
    with pytest.raises(FlowRefused, match=code):
        flow.read_request(parameters)


def test_an_endpoint_with_a_query_keeps_it(provider: Provider, script: Script) -> None:
    """An authorization endpoint may bring parameters of its own (RFC 6749 §3.1)."""
    script.document["authorization_endpoint"] += "?tenant=1"
    assert asked(begin(provider))["tenant"] == "1"


def test_form_post_is_asked_for_when_configured(script: Script, clock: Clock) -> None:
    """The answer may come as a form when the provider is set so."""
    provider = Provider(config(response_mode="form_post"), get_json, clock)
    assert asked(begin(provider))["response_mode"] == "form_post"


def test_a_whole_sign_in(provider: Provider, script: Script) -> None:
    """The happy way: code and verifier go to the token endpoint with Basic credentials."""
    finished = sign_in(provider, script, request=LoginRequest("/documents/1"))
    assert finished.claims["sub"] == "person-1"
    assert finished.next_url == "/documents/1"
    request = script.requests[script.calls.index("token")]
    form = {n: v[0] for n, v in parse_qs(str(request.body)).items()}
    assert form["grant_type"] == "authorization_code"
    assert (form["code"], form["redirect_uri"]) == ("code-1", REDIRECT)
    assert len(form["code_verifier"]) == 43
    assert "client_secret" not in form
    basic = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert basic == f"{CLIENT_ID}:{CLIENT_SECRET}"
    assert script.calls == ["discovery", "token", "jwks"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"iss": "https://evil.example"}, "response_issuer"),
        ({"iss": ""}, "response_issuer"),
        ({"iss": None}, "response_issuer_missing"),
        ({"iss": None, "error": "access_denied"}, "response_issuer_missing"),
        ({"code": None}, "code_missing"),
        ({"code": ""}, "code_missing"),
        ({"code": "a\x00b"}, "code_missing"),
        ({"error": "access_denied"}, "provider_access_denied"),
        ({"error": "login_required", "code": None}, "provider_login_required"),
        ({"error": "<script>"}, "provider_error"),
        ({"error": ""}, "provider_error"),
    ],
)
def test_a_bad_answer_goes_no_further(
    provider: Provider, script: Script, answer: dict[str, str | None], code: str
) -> None:
    """A wrong or missing issuer, an error, no code: nothing is sent to the token endpoint."""
    assert fault(provider, script, answer) == (code, 400)
    assert "token" not in script.calls


def test_a_provider_that_sends_no_iss_is_fine(provider: Provider, script: Script) -> None:
    """RFC 9207 is required only where the provider says that it does it."""
    del script.document["authorization_response_iss_parameter_supported"]
    assert sign_in(provider, script, {"iss": None}).claims["sub"] == "person-1"


@pytest.mark.parametrize(
    "pairs",
    [
        [("code", "a"), ("code", "b"), ("state", "s")],
        [("state", "s"), ("code", "a"), ("state", "s")],
        [("iss", "i"), ("iss", "i")],
        [("x", "1"), ("x", "1")],
    ],
)
def test_a_repeated_parameter_refuses_the_answer(pairs: list[tuple[str, str]]) -> None:
    """No parameter may come twice (RFC 6749 §3.1)."""
    with pytest.raises(FlowRefused, match="parameter_repeated"):
        flow.read_answer(pairs)


def test_an_oversized_answer_is_refused() -> None:
    """Over-long values and heaps of parameters are an error."""
    for pairs in ([("code", "x" * 9000)], [(f"p{n}", "") for n in range(60)]):
        with pytest.raises(FlowRefused, match="parameter_too_long"):
            flow.read_answer(pairs)


def test_a_state_is_needed() -> None:
    """Missing and empty are the same: refused."""
    for answer in ({}, {"state": ""}):
        with pytest.raises(FlowRefused, match="state_missing"):
            flow.state_of(answer)


def test_a_state_belongs_to_one_browser(provider: Provider) -> None:
    """An unknown or used state, and one that another browser started, are refused."""
    payload = begin(provider).pending.to_payload()
    with pytest.raises(FlowRefused, match="state_unknown"):
        flow.open_pending(None, BROWSER)
    with pytest.raises(FlowRefused, match="state_other_browser"):
        flow.open_pending(payload, "other")
    with pytest.raises(FlowRefused, match="state_other_browser"):
        flow.open_pending(payload, "")


def test_a_pending_sign_in_survives_storage(provider: Provider) -> None:
    """What is stored as JSON comes back as it was."""
    request = LoginRequest("/d", ("a", "b"), 60, "hint", "login")
    pending: Pending = begin(provider, request).pending
    stored = json.loads(json.dumps(pending.to_payload()))
    assert flow.open_pending(stored, BROWSER) == pending


def test_what_was_asked_is_enforced_at_the_end(provider: Provider, script: Script) -> None:
    """max_age and acr_values of the start are held against the token."""
    with pytest.raises(IdTokenRefused, match="auth_time_missing"):
        sign_in(provider, script, request=LoginRequest(max_age=60))
    with pytest.raises(IdTokenRefused, match="acr_too_low"):
        sign_in(provider, script, request=LoginRequest(acr_values=("urn:x",)))


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
    assert sign_in(provider, script)


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
    assert len(script.mock.calls) == len(script.calls)


def test_a_defective_id_token_stops_the_sign_in(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """The Basic cases through the whole flow: issuer, audience, signature."""
    script.claims = {"iss": "https://evil.example"}
    assert fault(provider, script) == ("issuer", 400)
    script.claims = {"aud": "x"}
    assert fault(provider, script) == ("audience", 400)
    script.claims = {}
    script.id_token = lambda: sign(script.good_claims(), other_rsa_key)
    assert fault(provider, script) == ("signature", 400)


def test_keys_that_rotate_just_before_signing(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """The next sign-in after a rotation works (Config RP: signing-key-rotation)."""
    sign_in(provider, script)
    script.key, script.jwks = other_rsa_key, {"keys": [public(other_rsa_key)]}
    assert sign_in(provider, script)


def test_a_single_key_without_kid(provider: Provider, script: Script) -> None:
    """No kid in the header nor in the set is accepted (kid-absent-single-jwks)."""
    script.jwks = {"keys": [public(script.key, kid=None)]}
    script.header = {"kid": None}
    assert sign_in(provider, script)


def test_missing_keys_are_trouble(provider: Provider, script: Script) -> None:
    """Keys that cannot be had are the provider's trouble."""
    script.answers["jwks"] = (500, {}, "")
    assert fault(provider, script) == ("keys_status", 502)


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


def test_secrets_do_not_show(provider: Provider) -> None:
    """A configuration or a trouble prints no secret."""
    assert CLIENT_SECRET not in repr(provider.config)
    assert "ConnectionError" not in str(ProviderTrouble("x"))
