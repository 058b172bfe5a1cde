"""JWT access tokens over real HTTP: one good token, and every way to forge or misuse one."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from mo_access.service import clients
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from tests.support.jose import b64, public, sign
from tests.web.issuer import AUDIENCE, Issuer

Bend = Callable[[Issuer, RSAKey], str]
pytestmark = pytest.mark.usefixtures("bound")
ON_ONE_ENGINE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For what is judged before the database is asked."""


@pytest.fixture
def bound(make_client: Callable[[NewClient], str], issuer: Issuer) -> None:
    """Let tokens of the issuer's client ``robot`` act as the client ``broker``."""
    make_client(NewClient("broker", platform=True, oauth=((issuer.url, "robot"),)))


def who(http: FlaskClient, token: str) -> TestResponse:
    """Present a token."""
    return http.get("/probe/who", headers={"Authorization": f"Bearer {token}"})


def said(answer: TestResponse) -> tuple[int, str]:
    """Return the status and what was said."""
    body = answer.json
    return answer.status_code, "" if body is None else str(body.get("message", ""))


def refused_for(answer: TestResponse) -> tuple[int, str]:
    """Return the status and the code of a refusal that also says what to do."""
    status, text = said(answer)
    found = re.fullmatch(r"The token is not valid \((\w+)\)[:.] .+\.", text)
    return status, "" if found is None else found[1]


def test_a_machine_token_acts_as_its_client(http: FlaskClient, issuer: Issuer) -> None:
    """A token that its issuer signed for us opens the client that it is bound to."""
    answer = who(http, issuer.token())
    assert (answer.status_code, answer.json) == (
        200,
        {"client": "broker", "address": "127.0.0.1"},
    )
    assert issuer.calls == ["/.well-known/openid-configuration", "/jwks"]


def test_keys_are_fetched_once_for_many_tokens(http: FlaskClient, issuer: Issuer) -> None:
    """A hundred tokens of one issuer cost two requests to it."""
    assert {who(http, issuer.token(jti=str(n))).status_code for n in range(20)} == {200}
    assert len(issuer.calls) == 2


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"client_id": None, "azp": "robot"},
        {"client_id": None, "appid": "robot"},
        {"azp": "robot", "appid": "robot"},
        {"aud": [AUDIENCE]},
        {"aud": ["https://other.example", AUDIENCE]},
        {"iat": None},
        {"nbf": 1},
        {"scope": "scim"},
        {"roles": ["Scim.Provision"]},
        {"typ": "Bearer"},
        {"token_use": "access"},
        {"sub": "o-1", "oid": "o-1", "idtyp": "app", "roles": ["x"]},
        {"acr": "1"},
    ],
)
def test_what_issuers_say_of_machines_is_accepted(
    http: FlaskClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """RFC 9068, Entra's service principals, and the forms of others."""
    assert who(http, issuer.token(**claims)).status_code == 200


@ON_ONE_ENGINE
@pytest.mark.parametrize(("claim", "seconds"), [("exp", -20), ("nbf", 40), ("iat", 40)])
def test_clocks_may_differ_by_a_minute(
    http: FlaskClient, issuer: Issuer, claim: str, seconds: int
) -> None:
    """60 seconds of leeway, and no more."""
    now = int(time.time())
    assert who(http, issuer.token(**{claim: now + seconds})).status_code == 200
    assert who(http, issuer.token(**{claim: now + 5 * seconds})).status_code == 401


@ON_ONE_ENGINE
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt", None])
def test_the_kinds_of_an_access_token_are_accepted(
    http: FlaskClient, issuer: Issuer, typ: str | None
) -> None:
    """`typ` is at+jwt or JWT; some issuers leave it out."""
    assert who(http, sign(issuer.claims(), issuer.key, typ=typ)).status_code == 200


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("claims", "code"),
    [
        # another issuer, audience or time
        ({"aud": None}, "audience"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": ["https://other.example"]}, "audience"),
        ({"aud": AUDIENCE + "/"}, "audience"),
        ({"aud": AUDIENCE.upper()}, "audience"),
        ({"aud": [AUDIENCE, 1]}, "audience"),
        ({"aud": {AUDIENCE: 1}}, "audience"),
        ({"aud": []}, "audience"),
        ({"exp": None}, "exp_missing"),
        ({"exp": "4000000000"}, "exp_type"),
        ({"exp": True}, "exp_type"),
        ({"exp": 1e300}, "exp_type"),
        ({"exp": -1}, "exp_type"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"nbf": 4_000_000_000}, "not_yet_valid"),
        ({"iat": 4_000_000_000}, "issued_in_future"),
        ({"nbf": "0"}, "nbf_type"),
        # a person, in every shape
        ({"sub": "jan.janssens"}, "person"),
        ({"sub": ""}, "person"),
        ({"sub": 1}, "person"),
        ({"sub": ["robot"]}, "person"),
        ({"sub": "ROBOT"}, "person"),
        ({"sub": None, "username": "jan"}, "person"),
        ({"username": "robot"}, "person"),
        ({"username": ""}, "person"),
        ({"preferred_username": "robot"}, "person"),
        ({"Preferred_Username": "robot"}, "person"),
        ({"email": "jan@school.example"}, "person"),
        ({"email_verified": False}, "person"),
        ({"name": "Jan"}, "person"),
        ({"given_name": "Jan"}, "person"),
        ({"family_name": "Janssens"}, "person"),
        ({"upn": "jan@school.example"}, "person"),
        ({"unique_name": "jan"}, "person"),
        ({"rrn": "85073003328"}, "person"),
        ({"scp": "user_impersonation"}, "person"),
        ({"sid": "s-1"}, "person"),
        ({"auth_time": 1}, "person"),
        ({"amr": ["pwd"]}, "person"),
        ({"act": {"sub": "robot"}}, "person"),
        ({"sub": "o-1", "oid": "o-1"}, "person"),
        ({"sub": "o-1", "oid": "o-2", "idtyp": "app"}, "person"),
        ({"sub": "o-1", "oid": "o-1", "idtyp": "user"}, "person"),
        ({"sub": "o-1", "oid": "o-1", "idtyp": "app", "upn": "jan"}, "person"),
        ({"sub": "", "oid": "", "idtyp": "app"}, "person"),
        # no client, or two
        ({"client_id": None}, "client"),
        ({"client_id": ""}, "client"),
        ({"client_id": 1}, "client"),
        ({"client_id": ["robot"]}, "client"),
        ({"client_id": "robot\n"}, "client"),
        ({"azp": "other"}, "client"),
        ({"appid": "other"}, "client"),
        # another kind of token of the same issuer
        ({"nonce": "n"}, "token_kind"),
        ({"at_hash": "h"}, "token_kind"),
        ({"c_hash": "h"}, "token_kind"),
        ({"events": {}}, "token_kind"),
        ({"typ": "ID"}, "token_kind"),
        ({"typ": "Refresh"}, "token_kind"),
        ({"typ": "Logout"}, "token_kind"),
        ({"typ": None, "token_use": "id"}, "token_kind"),
        ({"token_use": ["access"]}, "token_kind"),
    ],
)
def test_a_genuine_token_that_says_anything_else_is_refused(
    http: FlaskClient, issuer: Issuer, claims: dict[str, Any], code: str
) -> None:
    """The issuer's own signature is not enough: 401 with the code of what was wrong."""
    answer = who(http, issuer.token(**claims))
    assert refused_for(answer) == (401, code)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def _with_header(**header: Any) -> Bend:  # noqa: ANN401 - a test may say anything
    return lambda issuer, _: sign(issuer.claims(), issuer.key, **header)


def _by_hmac(issuer: Issuer, _: RSAKey) -> str:
    """Sign with the public key as the secret (CVE-2024-37568)."""
    header = b64(json.dumps({"alg": "HS256", "kid": "k1"}).encode())
    signing = f"{header}.{b64(json.dumps(issuer.claims()).encode())}"
    secret = issuer.key.as_pem(private=False)
    return f"{signing}.{b64(hmac.digest(secret, signing.encode(), 'sha256'))}"


def _unsigned(issuer: Issuer, _: RSAKey) -> str:
    header = b64(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    return f"{header}.{b64(json.dumps(issuer.claims()).encode())}."


def _unsigned_with_rest(issuer: Issuer, key: RSAKey) -> str:
    return f"{_unsigned(issuer, key)}AA"


def _own_key_in_header(issuer: Issuer, other: RSAKey) -> str:
    return sign(issuer.claims(), other, jwk=public(other))


def _of_another_key(issuer: Issuer, other: RSAKey) -> str:
    return sign(issuer.claims(), other, kid="k1")


def _payload_changed(issuer: Issuer, _: RSAKey) -> str:
    head, _payload, signature = issuer.token().split(".")
    return f"{head}.{b64(json.dumps(issuer.claims(client_id='root')).encode())}.{signature}"


def _signed_text(text: str) -> Bend:
    return lambda issuer, _: sign(text.replace("ISS", issuer.url), issuer.key)


def _over_long(issuer: Issuer, _: RSAKey) -> str:
    return issuer.token(pad="x" * 8_192)


def _header_twice(issuer: Issuer, _: RSAKey) -> str:
    header = b64(b'{"alg":"RS256","alg":"none","kid":"k1"}')
    return f"{header}.{issuer.token().split('.')[1]}.AAAA"


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (_unsigned, "token_form"),
        (_unsigned_with_rest, "algorithm"),
        (_by_hmac, "algorithm"),
        (_own_key_in_header, "header_member"),
        (_with_header(jku="https://evil.example/jwks"), "header_member"),
        (_with_header(x5u="https://evil.example/x"), "header_member"),
        (_with_header(crit=["b64"], b64=False), "header_member"),
        (_with_header(b64=True), "header_member"),
        (_with_header(kid="k9"), "signature"),
        (_with_header(kid=1), "kid"),
        (_with_header(typ="logout+jwt"), "type"),
        (_with_header(typ="id_token+jwt"), "type"),
        (_with_header(typ="secevent+jwt"), "type"),
        (_with_header(typ=1), "type"),
        (_of_another_key, "signature"),
        (_payload_changed, "signature"),
        (_signed_text('{"iss":"ISS","iss":"ISS"}'), "payload_json"),
        (_signed_text('{"iss":"ISS","exp":NaN}'), "payload_json"),
        (_signed_text('{"iss":"ISS","exp":1e999}'), "payload_json"),
        (_signed_text('["ISS"]'), "payload_json"),
        (_signed_text('"ISS"'), "payload_json"),
        (_signed_text(""), "token_form"),
        (_signed_text('{"aud":"x"}'), "issuer"),
        (_signed_text('{"iss":["ISS"]}'), "issuer"),
        (_over_long, "token_form"),
        (_header_twice, "header_json"),
    ],
)
def test_a_forged_token_is_refused(
    http: FlaskClient, issuer: Issuer, other_rsa_key: RSAKey, bend: Bend, code: str
) -> None:
    """The verifier decides how to verify; the token has no say in it (RFC 8725)."""
    answer = who(http, bend(issuer, other_rsa_key))
    assert refused_for(answer) == (401, code)


@ON_ONE_ENGINE
def test_two_keys_may_share_a_kid(http: FlaskClient, issuer: Issuer, other_rsa_key: RSAKey) -> None:
    """Whichever of them made the signature is found; a broken neighbour spoils nothing."""
    ec = ECKey.generate_key("P-256")
    issuer.jwks["keys"] = [
        {"kty": "RSA", "kid": "k1"},
        public(ec, kid="k1"),
        public(other_rsa_key, kid="k1"),
        public(issuer.key),
    ]
    assert who(http, issuer.token()).status_code == 200
    assert who(http, sign(issuer.claims(jti="2"), other_rsa_key, kid="k1")).status_code == 200
    assert who(http, sign(issuer.claims(jti="3"), ec, "ES256", kid="k1")).status_code == 200


@ON_ONE_ENGINE
def test_a_new_key_is_found_at_once_and_strangers_cannot_make_us_fetch(
    http: FlaskClient, issuer: Issuer, other_rsa_key: RSAKey
) -> None:
    """A rotation is followed by asking again; 25 made-up kids cost six requests at most."""
    assert who(http, issuer.token()).status_code == 200
    issuer.jwks["keys"] = [public(other_rsa_key)]
    assert who(http, sign(issuer.claims(), other_rsa_key)).status_code == 200
    assert len(issuer.calls) == 3
    for number in range(25):
        forged = sign(issuer.claims(), other_rsa_key, kid=f"forged-{number}")
        assert who(http, forged).status_code == 401
    assert len(issuer.calls) == 6
    assert who(http, sign(issuer.claims(jti="2"), other_rsa_key)).status_code == 200


@ON_ONE_ENGINE
def test_an_issuer_that_is_down_is_503_and_is_left_in_peace(
    http: FlaskClient, issuer: Issuer
) -> None:
    """Without keys there is no answer, and no more than six tries a minute."""
    issuer.status = 500
    answers = [who(http, issuer.token(jti=str(n))) for n in range(12)]
    assert {answer.status_code for answer in answers} == {503}
    assert int(answers[0].headers["Retry-After"]) > 0
    assert len(issuer.calls) == 6


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://other.example"},
        {"jwks_uri": "ftp://127.0.0.1/jwks"},
        {"jwks_uri": "http://keys.example/jwks"},
        {"jwks_uri": None},
    ],
)
def test_a_document_that_is_not_the_issuers_gives_no_keys(
    http: FlaskClient, issuer: Issuer, document: dict[str, Any]
) -> None:
    """Keys come from where exactly this issuer's own document says, or not at all."""
    issuer.document |= document
    assert who(http, issuer.token()).status_code == 503
    assert "/jwks" not in issuer.calls


def test_an_unknown_issuer_is_never_asked_anything(
    http: FlaskClient, unit_of: Callable[[], UnitOfWork], issuer: Issuer
) -> None:
    """A token cannot choose whom we connect to; an issuer of a revoked client is unknown again."""
    with unit_of() as uow:
        clients.revoke(uow, "broker")
        uow.commit()
    stranger = issuer.claims(iss=f"{issuer.url}/tenant")
    for claims in (issuer.claims(), stranger):
        # The one provider of the settings is not on the wire, so what is opaque ends in 503.
        assert who(http, sign(claims, issuer.key)).status_code in {401, 503}
    assert issuer.calls == []


def test_revoking_the_client_bites_on_the_next_request(
    http: FlaskClient, unit_of: Callable[[], UnitOfWork], issuer: Issuer
) -> None:
    """The verified token is still remembered; whose it is, is asked of the database (rule 7)."""
    token = issuer.token()
    assert who(http, token).status_code == 200
    with unit_of() as uow:
        clients.revoke(uow, "broker")
        uow.commit()
    status, text = said(who(http, token))
    assert status == 401
    assert text.startswith("The token is not valid: it is unknown, expired or revoked. Copy it")


def test_a_client_that_nobody_bound_is_nobody(http: FlaskClient, issuer: Issuer) -> None:
    """A genuine machine token of another client of the same issuer opens nothing."""
    assert who(http, issuer.token(client_id="other", sub="other")).status_code == 401


def test_nothing_of_the_token_is_logged_or_said(
    http: FlaskClient, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has the code of the refusal, never a part of the token."""
    token = issuer.token(sub="jan.janssens", email="jan@school.example")
    answer = who(http, token)
    told = capsys.readouterr().out + capsys.readouterr().err + answer.get_data(as_text=True)
    assert "person" in told
    for secret in (*token.split("."), "jan.janssens", "jan@school.example"):
        assert secret not in told


@ON_ONE_ENGINE
def test_base64_with_loose_bits_is_one_token_at_most(http: FlaskClient, issuer: Issuer) -> None:
    """Another spelling of the same signature bytes is judged anew and never does more."""
    token = issuer.token()
    head, payload, signature = token.split(".")
    padded = signature + "=" * (-len(signature) % 4)
    assert base64.urlsafe_b64decode(padded)
    assert who(http, f"{head}.{payload}.{padded}").status_code == 401
