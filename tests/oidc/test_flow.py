"""The code flow against a provider that misbehaves: the Basic and Config cases, and our own."""

import base64
import json
from urllib.parse import parse_qs

import pytest
from joserfc.jwk import RSAKey

from mo_oidc import flow
from mo_oidc.errors import FlowRefused
from mo_oidc.flow import LoginRequest, Pending
from mo_oidc.provider import Provider
from mo_web.faults import ProviderTrouble, TokenRefused
from mo_web.fetch import get_json
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, Clock, Script, config, half
from tests.oidc.way import BROWSER, REDIRECT, asked, begin, fault, sign_in
from tests.support.jose import public, sign


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
    ("default", "link", "told"),
    [
        ("", {"cap_hint": "OV", "code_hint": "900001"}, {"cap_hint": "OV", "code_hint": "900001"}),
        ("", {"code_hint": 'é"&'}, {"code_hint": 'é"&'}),
        ("OV", {}, {"cap_hint": "OV"}),
        ("OV", {"code_hint": "900001"}, {"cap_hint": "OV", "code_hint": "900001"}),
        ("OV", {"cap_hint": "LB"}, {"cap_hint": "LB"}),
        ("", {}, None),
    ],
)
@pytest.mark.usefixtures("script")
def test_acm_is_told_whom_to_expect(
    clock: Clock, default: str, link: dict[str, str], told: dict[str, str] | None
) -> None:
    """As base64 of JSON; what the link says comes before what the provider's settings say."""
    request = flow.read_request(link)
    provider = Provider(config(cap_hint=default), get_json, clock)
    hint = asked(begin(provider, request)).get("login_hint")
    assert (None if hint is None else json.loads(base64.b64decode(hint))) == told
    again = flow.read_request(request.parameters())
    assert again == request


@pytest.mark.usefixtures("script")
def test_a_hint_of_ones_own_goes_as_it_is(clock: Clock) -> None:
    """Whoever wrote it knows the provider."""
    request = flow.read_request({"login_hint": "jan", "code_hint": "900001"})
    provider = Provider(config(cap_hint="OV"), get_json, clock)
    assert asked(begin(provider, request))["login_hint"] == "jan"


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (["c", "b", 1, None], "b"),
        (["b", "a"], "a b"),
        ([], "a b"),
        (["x"], "a b"),
        ("a", "a b"),
        (None, "a b"),
        ({"a": 1}, "a b"),
    ],
)
def test_only_levels_that_the_provider_knows_are_asked(
    provider: Provider, script: Script, known: object, told: str
) -> None:
    """Keycloak takes the lowest of what is asked, and what it does not know is lowest of all.

    Each asked level still counts when the answer comes; one who says nothing usable is asked all.
    """
    script.document["acr_values_supported"] = known
    started = begin(provider, LoginRequest(acr_values=("a", "b")))
    assert asked(started)["acr_values"] == told
    assert started.pending.acr_values == ("a", "b")


EID, ITSME, PASSWORD = (f"urn:be:vlaanderen:authmech:{n}" for n in ("eid", "itsme", "password"))


@pytest.mark.parametrize(
    ("by_link", "told"),
    [
        ((), (ITSME,)),
        ((PASSWORD,), (ITSME,)),
        ((EID,), (EID,)),
        ((PASSWORD, EID), (EID, ITSME)),
        (("loa-3",), ("loa-3", ITSME)),
    ],
)
def test_a_link_asks_for_more_than_the_configuration_and_never_for_less(
    script: Script, clock: Clock, by_link: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """What is enough for one of the two only is not told where a value is enough for both."""
    provider = Provider(config(acr_values=(ITSME,)), get_json, clock)
    started = begin(provider, LoginRequest(acr_values=by_link))
    assert asked(started)["acr_values"] == " ".join(told)
    assert started.pending.acr_values == (by_link or (ITSME,))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"max_age": "soon"}, "max_age_invalid"),
        ({"max_age": "-1"}, "max_age_invalid"),
        ({"max_age": "٣"}, "max_age_invalid"),
        ({"max_age": "9" * 40}, "max_age_invalid"),
        ({"prompt": "login evil"}, "prompt_invalid"),
        ({"login_hint": "a\r\nb"}, "login_hint_invalid"),
        ({"cap_hint": "x" * 9000}, "cap_hint_invalid"),
        ({"code_hint": "a\x00"}, "code_hint_invalid"),
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
        flow.open_pending(None, BROWSER, REDIRECT)
    with pytest.raises(FlowRefused, match="state_other_browser"):
        flow.open_pending(payload, "other", REDIRECT)
    with pytest.raises(FlowRefused, match="state_other_browser"):
        flow.open_pending(payload, "", REDIRECT)


def test_a_pending_sign_in_survives_storage(provider: Provider) -> None:
    """What is stored as JSON comes back as it was."""
    request = LoginRequest("/d", ("a", "b"), 60, "hint", "login")
    pending: Pending = begin(provider, request).pending
    stored = json.loads(json.dumps(pending.to_payload()))
    assert flow.open_pending(stored, BROWSER, REDIRECT) == pending


def test_what_was_asked_is_enforced_at_the_end(provider: Provider, script: Script) -> None:
    """max_age and acr_values of the start are held against the token."""
    with pytest.raises(TokenRefused, match="auth_time_missing"):
        sign_in(provider, script, request=LoginRequest(max_age=60))
    with pytest.raises(TokenRefused, match="acr_too_low"):
        sign_in(provider, script, request=LoginRequest(acr_values=("urn:x",)))


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
    assert sign_in(provider, script).claims["sub"] == "person-1"


def test_a_single_key_without_kid(provider: Provider, script: Script) -> None:
    """No kid in the header nor in the set is accepted (kid-absent-single-jwks)."""
    script.jwks = {"keys": [public(script.key, kid=None)]}
    script.header = {"kid": None}
    assert sign_in(provider, script).claims["sub"] == "person-1"


def test_missing_keys_are_trouble(provider: Provider, script: Script) -> None:
    """Keys that cannot be had are the provider's trouble."""
    script.answers["jwks"] = (500, {}, "")
    assert fault(provider, script) == ("keys_status", 502)


def test_secrets_do_not_show(provider: Provider) -> None:
    """A configuration or a trouble prints no secret."""
    assert CLIENT_SECRET not in repr(provider.config)
    assert "ConnectionError" not in str(ProviderTrouble("x"))


def test_the_access_token_belongs_to_the_id_token(provider: Provider, script: Script) -> None:
    """An at_hash is held against the access token that came along."""
    script.claims = {"at_hash": half("at-1")}
    assert sign_in(provider, script).claims["sub"] == "person-1"
    script.token["access_token"] = "at-of-somebody-else"
    assert fault(provider, script) == ("access_token_hash", 400)
