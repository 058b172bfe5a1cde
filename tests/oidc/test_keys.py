"""The provider's keys and document: caches that heal, and nothing bad that stays."""

import threading
from typing import Any

import pytest
import requests
from joserfc.jwk import RSAKey

from mo_oidc.provider import BudgetedKeys, Provider
from mo_web.faults import ProviderTrouble
from mo_web.fetch import get_json
from mo_web.jws import verify_signature
from mo_web.strict_json import JsonObject
from tests.oidc.broker import Answer, Clock, Script, config
from tests.support.jose import public, sign

JSON = {"Content-Type": "application/json"}
TYPES = ("jwt",)


def check(provider: Provider, token: str) -> str:
    """Verify a signature and return who it speaks of."""
    return str(verify_signature(token, ("RS256",), TYPES, provider).claims["sub"])


def trouble(provider: Provider) -> tuple[str, int]:
    """Return the code and status with which the document is refused."""
    with pytest.raises(ProviderTrouble) as error:
        provider.metadata()
    return error.value.code, error.value.status


def test_nothing_is_fetched_before_it_is_needed(provider: Provider, script: Script) -> None:
    """The application starts while the provider is down; the document is then fetched once."""
    assert script.calls == []
    provider.metadata()
    provider.metadata()
    assert script.calls == ["discovery"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": "https://evil.example"}, "discovery_issuer"),
        ({"issuer": "https://broker.example/"}, "discovery_issuer"),
        ({"issuer": None}, "discovery_issuer"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "discovery_authorization_endpoint"),
        ({"authorization_endpoint": "/authorize"}, "discovery_authorization_endpoint"),
        ({"token_endpoint": "http://broker.example/token"}, "discovery_token_endpoint"),
        ({"token_endpoint": "http://127.0.0.1/token"}, "discovery_token_endpoint"),
        ({"token_endpoint": None}, "discovery_token_endpoint"),
        ({"token_endpoint": "https://a@b.example/"}, "discovery_token_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "discovery_jwks_uri"),
        ({"jwks_uri": ["https://broker.example/jwks"]}, "discovery_jwks_uri"),
        ({"jwks_uri": ""}, "discovery_jwks_uri"),
        ({"userinfo_endpoint": "http://broker.example/u"}, "discovery_userinfo_endpoint"),
        ({"end_session_endpoint": "javascript:1"}, "discovery_end_session_endpoint"),
        ({"token_endpoint": "https://broker.example/t#f"}, "discovery_token_endpoint"),
        ({"authorization_endpoint": "https://.../"}, "discovery_authorization_endpoint"),
        ({"authorization_endpoint": "https://a..b/"}, "discovery_authorization_endpoint"),
        ({"end_session_endpoint": f"https://{'a' * 64}/"}, "discovery_end_session_endpoint"),
        ({"end_session_endpoint": f"https://{'a.' * 130}b/"}, "discovery_end_session_endpoint"),
        ({"token_endpoint": "https://%62roker.example/"}, "discovery_token_endpoint"),
        ({"token_endpoint": "https://[fe80::1%25eth0]/"}, "discovery_token_endpoint"),
        ({"token_endpoint": "https://a\\@b.example/"}, "discovery_token_endpoint"),
    ],
)
def test_a_document_that_breaks_the_rules_is_refused(
    provider: Provider, script: Script, change: dict[str, Any], code: str
) -> None:
    """Another issuer, a missing endpoint or a bad address stops every sign-in with 502."""
    script.document |= change
    assert trouble(provider) == (code, 502)


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/token",
        "https://[2001:db8::1]:8443/token",
        "https://192.0.2.1/token",
        "HTTPS://Broker.Example./a_b?x=1",
        "https://xn--brker-kua.example/token",
    ],
)
def test_addresses_elsewhere_are_the_providers_to_name(
    provider: Provider, script: Script, address: str
) -> None:
    """Another host, an address of either kind, a query: whatever is https."""
    script.document |= {"token_endpoint": address, "authorization_endpoint": address}
    assert provider.metadata().token_endpoint == address


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, {}, "oops"), ("discovery_status", 502)),
        ((200, JSON, "<html>"), ("discovery_not_json", 502)),
        ((200, JSON, "[]"), ("discovery_not_json", 502)),
        ((200, JSON, '{"issuer": "a", "issuer": "b"}'), ("discovery_not_json", 502)),
        ((200, JSON, " " * 300_000), ("discovery_too_large", 502)),
        ((302, {"Location": "https://evil.example/"}, ""), ("discovery_redirect", 502)),
        (requests.ConnectionError("refused"), ("discovery_unreachable", 503)),
        (requests.ReadTimeout("slow"), ("discovery_timeout", 504)),
    ],
)
def test_a_provider_in_trouble_is_told_by_status(
    provider: Provider, script: Script, answer: Answer | Exception, code: tuple[str, int]
) -> None:
    """Down is 503, slow is 504, nonsense is 502; once it is back, so are we."""
    script.answers["discovery"] = answer
    assert trouble(provider) == code
    script.answers.clear()
    assert provider.metadata().issuer == "https://broker.example"


def test_a_known_document_bridges_an_outage(
    provider: Provider, script: Script, clock: Clock
) -> None:
    """After an hour it is fetched again; a failure is bridged for a day, no longer."""
    provider.metadata()
    script.answers["discovery"] = (500, {}, "")
    clock.now += 3601
    assert provider.metadata().issuer == "https://broker.example"
    clock.now += 25 * 3600
    assert trouble(provider) == ("discovery_status", 502)


def test_addresses_that_move_are_followed(provider: Provider, script: Script, clock: Clock) -> None:
    """A changed document is used within the hour, without a restart."""
    provider.metadata()
    script.document["token_endpoint"] = "https://new.example/token"
    clock.now += 3601
    assert provider.metadata().token_endpoint == "https://new.example/token"


def test_bad_neighbours_spoil_nothing(provider: Provider, script: Script, rsa_key: RSAKey) -> None:
    """Unknown, broken, encryption and weak keys are left out, the good one is used."""
    weak = RSAKey.generate_key(2048, parameters={"kid": "w"})
    short = {**public(weak), "n": public(weak)["n"][:171]}
    script.jwks["keys"] = [
        "text",
        None,
        1,
        {},
        {"kty": "XYZ"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": 5, "e": 6},
        short,
        public(rsa_key, use="enc"),
        public(rsa_key, use=None, key_ops=["encrypt"]),
        public(rsa_key),
    ]
    assert len(provider.keys()) == 1
    assert check(provider, sign({"sub": "p"}, rsa_key)) == "p"


@pytest.mark.parametrize("use", ["sig", None])
def test_a_flood_of_other_keys_hides_none(
    provider: Provider, script: Script, rsa_key: RSAKey, use: str | None
) -> None:
    """However many keys for something else stand before it; a `use` of null is none."""
    others = [public(rsa_key, use="enc", kid=f"e{number}") for number in range(150)]
    script.jwks["keys"] = [*others, {"kid": "x", "x5c": ["AAAA"]}, {**public(rsa_key), "use": use}]
    assert check(provider, sign({"sub": "p"}, rsa_key)) == "p"


@pytest.mark.parametrize("jwks", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_what_is_no_key_set_is_trouble(
    provider: Provider, script: Script, jwks: dict[str, Any]
) -> None:
    """A document without a list of keys is the provider's trouble, 502."""
    script.jwks = jwks
    with pytest.raises(ProviderTrouble, match="keys_no_set"):
        provider.keys()


def test_a_new_key_is_found_at_once(
    provider: Provider, script: Script, rsa_key: RSAKey, other_rsa_key: RSAKey
) -> None:
    """A token of a key that was published a moment ago verifies, with a new or the same kid."""
    assert check(provider, sign({"sub": "a"}, rsa_key)) == "a"
    script.jwks = {"keys": [public(other_rsa_key)]}
    assert check(provider, sign({"sub": "b"}, other_rsa_key)) == "b"
    script.jwks = {"keys": [public(rsa_key, kid="k2")]}
    assert check(provider, sign({"sub": "c"}, rsa_key, kid="k2")) == "c"
    assert script.calls.count("jwks") == 3


def test_a_withdrawn_key_ends_within_ten_minutes(
    provider: Provider, script: Script, clock: Clock, rsa_key: RSAKey, other_rsa_key: RSAKey
) -> None:
    """A key that is no longer published verifies nothing once the cache is over."""
    check(provider, sign({"sub": "a"}, rsa_key))
    script.jwks = {"keys": [public(other_rsa_key)]}
    clock.now += 601
    with pytest.raises(Exception, match="signature"):
        check(provider, sign({"sub": "a"}, rsa_key))


def test_one_bad_key_set_is_forgotten(
    provider: Provider, script: Script, clock: Clock, rsa_key: RSAKey
) -> None:
    """A bad answer is bridged with the known keys and gone when the provider is well again."""
    check(provider, sign({"sub": "a"}, rsa_key))
    script.answers["jwks"] = (200, JSON, "<html>")
    clock.now += 601
    assert check(provider, sign({"sub": "b"}, rsa_key)) == "b"
    script.answers.clear()
    clock.now += 31
    assert check(provider, sign({"sub": "c"}, rsa_key)) == "c"


def test_threads_share_one_fetch(script: Script, clock: Clock) -> None:
    """Many sign-ins at a cold start ask the provider once."""
    gate, started = threading.Event(), threading.Barrier(9)

    def slow(url: str) -> JsonObject:
        gate.wait(5)
        return get_json(url)

    provider = Provider(config(), slow, clock)

    def ask() -> None:
        started.wait(5)
        provider.metadata()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait(5)
    threading.Event().wait(0.2)
    gate.set()
    for thread in threads:
        thread.join(5)
    assert script.calls == ["discovery"]


def test_strangers_cannot_make_us_fetch(
    provider: Provider, script: Script, other_rsa_key: RSAKey
) -> None:
    """Forged kids at the logout endpoint cost five fetches a minute at most."""
    for number in range(25):
        token = sign({"sub": "p"}, other_rsa_key, kid=f"forged-{number}")
        with pytest.raises(Exception, match="signature"):
            verify_signature(token, ("RS256",), TYPES, BudgetedKeys(provider))
    assert script.calls.count("jwks") == 6
