"""ID tokens: each check of the standard, with the case that only this check refuses."""

import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from mo_oidc import id_token
from mo_oidc.config import ProviderConfig
from mo_oidc.id_token import Expectations, VerifiedClaims
from mo_oidc.provider import Provider
from mo_web.faults import TokenRefused
from tests.oidc.broker import CLIENT_ID, Script, config, half
from tests.support.jose import b64, public, sign

NOW = int(time.time())
ITSME, PASSWORD = (f"urn:be:vlaanderen:authmech:{name}" for name in ("itsme", "password"))
EXPECTED = Expectations(nonce="n-1", now=NOW, access_token="at-1")
BIG = {"aud": ["x"] * 9000}


@pytest.fixture(autouse=True)
def _nonce(script: Script) -> None:
    script.nonce = "n-1"
    script.now = lambda: NOW


def verify(
    provider: Provider,
    token: object,
    expected: Expectations = EXPECTED,
    settings: ProviderConfig | None = None,
) -> VerifiedClaims:
    """Judge a token as the flow does."""
    return id_token.verify(token, settings or provider.config, provider, expected)


def refusal(
    provider: Provider,
    token: object,
    expected: Expectations = EXPECTED,
    settings: ProviderConfig | None = None,
) -> str:
    """Return the code with which a token is refused."""
    with pytest.raises(TokenRefused) as refused:
        verify(provider, token, expected, settings)
    return refused.value.code


def test_an_ordinary_token_is_accepted(provider: Provider, script: Script) -> None:
    """A sound token gives its claims."""
    assert verify(provider, script.make_id_token())["sub"] == "person-1"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": "https://broker.example/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"iss": ["https://broker.example"]}, "issuer"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": "  "}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": ["person-1"]}, "subject"),
        ({"sub": "a\nb"}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": "other"}, "audience"),
        ({"aud": "other", "azp": CLIENT_ID}, "audience"),
        ({"aud": ["other", "more"], "azp": CLIENT_ID}, "audience"),
        ({"aud": {"mo-rp": 1}}, "audience"),
        ({"aud": [CLIENT_ID, 1]}, "audience"),
        ({"aud": "xmo-rpx"}, "audience"),
        ({"aud": [CLIENT_ID, "other"]}, "audience_stranger"),
        ({"azp": "other"}, "authorized_party"),
        ({"azp": [CLIENT_ID]}, "authorized_party"),
        ({"aud": [CLIENT_ID, "other"], "azp": "other"}, "authorized_party"),
        ({"exp": None}, "exp_missing"),
        ({"exp": str(NOW + 300)}, "exp_type"),
        ({"exp": True}, "exp_type"),
        ({"exp": -1}, "exp_type"),
        ({"exp": 1 << 60}, "exp_type"),
        ({"exp": NOW - 61}, "expired"),
        ({"iat": None}, "iat_missing"),
        ({"iat": "now"}, "iat_type"),
        ({"iat": NOW + 120}, "issued_in_future"),
        ({"iat": NOW - 2 * 24 * 3600}, "issued_long_ago"),
        ({"nbf": NOW + 120}, "not_yet_valid"),
        ({"nbf": "soon"}, "nbf_type"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": ["n-1"]}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"nonce": None, "nonce_supported": False}, "nonce"),
        ({"at_hash": half("at-2")}, "access_token_hash"),
        ({"at_hash": ""}, "access_token_hash"),
        ({"at_hash": [half("at-1")]}, "access_token_hash"),
        ({"acr": 3}, "acr"),
    ],
)
def test_a_defect_in_a_claim_refuses_the_token(
    provider: Provider, script: Script, claims: dict[str, Any], code: str
) -> None:
    """Each bad claim is refused with its own code."""
    script.claims = claims
    assert refusal(provider, script.make_id_token()) == code


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
        {"azp": CLIENT_ID},
        {"exp": NOW - 30},
        {"exp": NOW + 300.5},
        {"iat": NOW + 30},
        {"nbf": NOW},
        {"sub": "x" * 255},
        {"sub": "Ünïcode é"},
        {"at_hash": half("at-1")},
        {"unknown": {"deep": [1, None]}},
        {"acr": None},
    ],
)
def test_what_the_standard_allows_is_accepted(
    provider: Provider, script: Script, claims: dict[str, Any]
) -> None:
    """No good sign-in is refused."""
    script.claims = claims
    assert verify(provider, script.make_id_token())


def test_a_trusted_audience_needs_no_azp(provider: Provider, script: Script) -> None:
    """An audience that the configuration names is no stranger."""
    script.claims = {"aud": [CLIENT_ID, "portal"]}
    assert verify(provider, script.make_id_token(), settings=config(trusted_audiences=("portal",)))


@pytest.mark.parametrize(
    ("auth_time", "code"),
    [
        (None, "auth_time_missing"),
        ("1", "auth_time_type"),
        (NOW - 1000, "auth_time"),
        (NOW + 1000, "auth_time"),
    ],
    ids=["missing", "text", "too old", "to come"],
)
def test_max_age_that_was_asked_is_enforced(
    provider: Provider, script: Script, auth_time: object, code: str
) -> None:
    """An old, future or missing moment of signing in is refused when `max_age` was asked."""
    script.claims = {"auth_time": auth_time}
    assert refusal(provider, script.make_id_token(), replace(EXPECTED, max_age=300)) == code


def test_a_recent_sign_in_meets_max_age(provider: Provider, script: Script) -> None:
    """A moment as a float, as some providers give it, is fine; unasked it is not looked at."""
    script.claims = {"auth_time": NOW - 10.5}
    assert verify(provider, script.make_id_token(), replace(EXPECTED, max_age=0))
    script.claims = {"auth_time": "long ago"}
    assert verify(provider, script.make_id_token())


@pytest.mark.parametrize(
    ("asked", "given", "met"),
    [
        ((PASSWORD,), ITSME, True),
        ((ITSME,), ITSME, True),
        ((ITSME,), PASSWORD, False),
        ((ITSME,), None, False),
        ((ITSME,), "urn:unknown", False),
        (("urn:mine",), "urn:mine", True),
        (("urn:mine",), ITSME, False),
        (("urn:mine", PASSWORD), ITSME, True),
    ],
)
def test_acr_that_was_asked_is_enforced(
    provider: Provider, script: Script, asked: tuple[str, ...], given: str | None, met: bool
) -> None:
    """A known value is met by its level, an unknown one by itself, a missing one never."""
    script.claims = {"acr": given}
    expected = replace(EXPECTED, acr_values=asked)
    if met:
        assert verify(provider, script.make_id_token(), expected)
    else:
        assert refusal(provider, script.make_id_token(), expected) == "acr_too_low"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "logout+jwt"}, "type"),
        ({"typ": "at+jwt"}, "type"),
        ({"typ": 1}, "type"),
        ({"typ": None}, ""),
        ({"typ": "application/JWT"}, ""),
        ({"b64": False, "crit": ["b64"]}, "header_member"),
        ({"b64": True}, "header_member"),
        ({"crit": ["kid"]}, "header_member"),
        ({"jku": "https://evil.example/jwks"}, "header_member"),
        ({"x5u": "https://evil.example/cert"}, "header_member"),
        ({"x5t": "abc", "x5c": ["A" * 2000]}, ""),
        ({"kid": None}, ""),
        ({"kid": "unknown"}, "signature"),
    ],
)
def test_headers(provider: Provider, script: Script, header: dict[str, Any], code: str) -> None:
    """Headers that have a say in verification are refused, harmless ones are not."""
    token = sign(script.good_claims(), script.key, **header)
    if code:
        assert refusal(provider, token) == code
    else:
        assert verify(provider, token)


def _forged(header: dict[str, Any], body: str, signature: str) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(body.encode())}.{signature}"


def test_unsigned_and_symmetric_tokens_are_refused(
    provider: Provider, script: Script, rsa_key: RSAKey
) -> None:
    """`none`, also when the provider advertises it, HMAC with the public key or our secret."""
    body = json.dumps(script.good_claims())
    for alg in ("none", "None", "NONE"):
        assert refusal(provider, _forged({"alg": alg, "kid": "k1"}, body, "AA")) == "algorithm"
    assert refusal(provider, _forged({"alg": "none"}, body, "")) == "token_form"
    signing = b64(b'{"alg":"HS256","kid":"k1"}') + "." + b64(body.encode())
    mac = hmac.digest(rsa_key.as_pem(private=False), signing.encode(), "sha256")
    assert refusal(provider, f"{signing}.{b64(mac)}") == "algorithm"
    secret = OctKey.import_key("s" * 40, {"kid": "k1"})
    assert refusal(provider, sign(script.good_claims(), secret, "HS256")) == "algorithm"


def test_configuring_a_weak_algorithm_does_not_open_it(provider: Provider, script: Script) -> None:
    """Not even the configuration can bring `none` or HMAC in."""
    secret = OctKey.import_key("s" * 40, {"kid": "k1"})
    weak = config(algorithms=("none", "HS256"))
    assert refusal(provider, sign(script.good_claims(), secret, "HS256"), settings=weak) == (
        "algorithm"
    )


def test_the_key_of_the_token_is_never_used(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """A token that brings its own key is refused."""
    token = sign(script.good_claims(), other_rsa_key, kid="k1", jwk=public(other_rsa_key))
    assert refusal(provider, token) == "header_member"


def test_a_foreign_signature_is_refused(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """A token of a key that is not published, under any kid, is refused after one refetch."""
    token = sign(script.good_claims(), other_rsa_key, kid="k1")
    assert refusal(provider, token) == "signature"
    assert script.calls == ["discovery", "jwks", "jwks"]


def test_a_changed_payload_is_refused(provider: Provider, script: Script) -> None:
    """One changed claim breaks the signature."""
    header, _, signature = script.make_id_token().split(".")
    body = b64(json.dumps({**script.good_claims(), "sub": "other"}).encode())
    assert refusal(provider, f"{header}.{body}.{signature}") == "signature"


def test_an_algorithm_that_is_not_registered_is_refused(
    provider: Provider, script: Script, rsa_key: RSAKey, ec_key: ECKey
) -> None:
    """A good signature with an algorithm that we did not agree on is refused."""
    script.jwks = {"keys": [public(rsa_key), public(ec_key)]}
    assert refusal(provider, sign(script.good_claims(), ec_key, "ES256")) == "algorithm"
    assert refusal(provider, sign(script.good_claims(), rsa_key, "PS256")) == "algorithm"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", ["RS512", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_at_hash_follows_the_algorithm(
    provider: Provider, script: Script, rsa_key: RSAKey, ec_key: ECKey, ed_key: OKPKey, alg: str
) -> None:
    """`at_hash` is checked with the hash of the algorithm, Ed25519 with SHA-512."""
    keys: dict[str, Key] = {"RS512": rsa_key, "PS256": rsa_key, "ES256": ec_key}
    key = keys.get(alg, ed_key)
    script.jwks = {"keys": [public(key)]}
    name = "sha256" if alg.endswith("256") else "sha512"
    script.claims = {"at_hash": half("at-1", name)}
    token = sign(script.good_claims(), key, alg)
    assert verify(provider, token, settings=config(algorithms=(alg,)))
    script.claims = {"at_hash": half("at-2", name)}
    token = sign(script.good_claims(), key, alg)
    assert refusal(provider, token, settings=config(algorithms=(alg,))) == "access_token_hash"


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda body: body[:-1] + ', "sub": "other"}', "payload_json"),
        (lambda body: body[:-1] + ', "x": NaN}', "payload_json"),
        (lambda body: body[:-1] + ', "x": 1e999}', "payload_json"),
        (lambda body: f"[{body}]", "payload_json"),
        (lambda _: "", "token_form"),
        (lambda _: "null", "payload_json"),
        (lambda _: "[" * 50_000, "payload_json"),
    ],
)
def test_payloads_with_two_meanings_are_refused(
    provider: Provider, script: Script, build: Callable[[str], str], code: str
) -> None:
    """Signed or not, a payload must be one JSON object with one meaning."""
    token = sign(build(json.dumps(script.good_claims())), script.key)
    assert refusal(provider, token) == code


def test_a_header_with_a_repeated_member_is_refused(provider: Provider, script: Script) -> None:
    """Two algorithms in one header are refused before anything is verified."""
    header = '{"alg":"none","alg":"RS256","kid":"k1"}'
    _, body, signature = script.make_id_token().split(".")
    assert refusal(provider, f"{b64(header.encode())}.{body}.{signature}") == "header_json"


@pytest.mark.parametrize(
    "token",
    [
        None,
        5,
        {},
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        "....",
        "é.b.c",
        "a.b.c\n",
        "a" * 200_000,
        f"{'A' * 200_000}.b.c",
    ],
)
def test_what_is_no_token_is_refused(provider: Provider, token: object) -> None:
    """Anything that is not three segments of base64url is refused without a request."""
    assert refusal(provider, token) == "token_form"


@pytest.mark.parametrize("token", ["a.b.c", "AAAA.AAAA.AAAA", "bnVsbA.bnVsbA.AAAA"])
def test_segments_that_are_no_json_are_refused(provider: Provider, token: str) -> None:
    """Base64 of anything else than a JSON object is refused."""
    assert refusal(provider, token) in ("token_form", "header_json")
