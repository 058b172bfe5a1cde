"""Logout tokens: the Back-Channel RP cases, each refused by its own check."""

import time
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from mo_oidc.logout_token import EVENT, LogoutNotice, verify_logout
from mo_oidc.provider import BudgetedKeys, Provider
from mo_web.faults import TokenRefused
from tests.oidc.broker import CLIENT_ID, ISSUER, Script
from tests.support.jose import sign

NOW = int(time.time())


def claims(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any claim
    """Return the claims of a good logout token; None leaves one out."""
    good = {
        "iss": ISSUER,
        "sub": "person-1",
        "aud": CLIENT_ID,
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "j-1",
        "sid": "s-1",
        "events": {EVENT: {}},
        "unknown": True,
        **changed,
    }
    return {name: value for name, value in good.items() if value is not None}


def judged(provider: Provider, token: str) -> LogoutNotice:
    """Judge a token as the endpoint does."""
    return verify_logout(token, provider.config, BudgetedKeys(provider), NOW)


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "JWT", None])
def test_a_sound_token_names_whose_sessions_end(
    provider: Provider, script: Script, typ: str | None
) -> None:
    """Session and subject come out, when it was made and how long the jti must be remembered."""
    notice = judged(provider, sign(claims(), script.key, typ=typ))
    assert notice == LogoutNotice(ISSUER, "j-1", NOW + 181, "s-1", "person-1", NOW * 1_000_000)


@pytest.mark.parametrize("changed", [{"sid": None}, {"sub": None}, {"aud": ["x", CLIENT_ID]}])
def test_session_or_subject_suffices(
    provider: Provider, script: Script, changed: dict[str, Any]
) -> None:
    """One of sid and sub is enough."""
    assert judged(provider, sign(claims(**changed), script.key)).jti == "j-1"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"events": None}, "logout_event"),
        ({"events": {}}, "logout_event"),
        ({"events": {"http://schemas.openid.net/event/foo": {}}}, "logout_event"),
        ({"events": [EVENT]}, "logout_event"),
        ({"events": EVENT}, "logout_event"),
        ({"events": {EVENT: "x"}}, "logout_event"),
        ({"nonce": "n"}, "logout_nonce"),
        ({"nonce": ""}, "logout_nonce"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"jti": None}, "logout_jti"),
        ({"jti": 5}, "logout_jti"),
        ({"jti": ""}, "logout_jti"),
        ({"iat": None}, "iat_missing"),
        ({"iat": NOW + 600}, "issued_in_future"),
        ({"iat": NOW - 90_000}, "issued_long_ago"),
        ({"exp": None}, "exp_missing"),
        ({"exp": NOW - 100}, "expired"),
        ({"sid": None, "sub": None}, "logout_nobody"),
        ({"sid": 5}, "logout_sid"),
        ({"sub": ["person-1"]}, "logout_sub"),
    ],
)
def test_any_defect_refuses_it(
    provider: Provider, script: Script, changed: dict[str, Any], code: str
) -> None:
    """Each defect is refused with its own code."""
    with pytest.raises(TokenRefused, match=f"^{code}$"):
        judged(provider, sign(claims(**changed), script.key))


def test_who_signed_it_matters(provider: Provider, script: Script, other_rsa_key: RSAKey) -> None:
    """A foreign key, HMAC, or another kind of token is refused."""
    secret = OctKey.import_key("s" * 40, {"kid": "k1"})
    for token, code in (
        (sign(claims(), other_rsa_key, kid="k1"), "signature"),
        (sign(claims(), secret, "HS256"), "algorithm"),
        (sign(claims(), script.key, typ="at+jwt"), "type"),
    ):
        with pytest.raises(TokenRefused, match=f"^{code}$"):
            judged(provider, token)
