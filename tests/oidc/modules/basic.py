"""The Basic and Form Post plans, and the modules that are defined besides them."""

import base64
from typing import Final
from urllib.parse import quote_plus

from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, form_of, half, query_of
from tests.oidc.modules.catalogue import (
    ACCEPT,
    EITHER,
    MODULES,
    REJECT,
    Module,
    Outcome,
    module,
    sent,
    signing_in,
)
from tests.oidc.world import World
from tests.support.jose import b64, public, sign

BASIC: Final = "Basic RP"
FORM_POST: Final = "Form Post RP"
DEFINED: Final = "Also defined"
HYBRID: Final = "Of the hybrid and implicit flows"
USERINFO: Final = {"oidc_userinfo": True}


@module(BASIC, "oidcc-client-test", ACCEPT, USERINFO)
def happy(world: World) -> Outcome:
    """Token and UserInfo, and what was asked is what certification asks of a client."""
    world.script.userinfo = {"sub": "person-1"}
    started = query_of(world.agent().get("/oidc/login").location)
    assert started["response_type"] == "code"
    assert started["code_challenge_method"] == "S256"
    assert min(len(started["state"]), len(started["nonce"])) >= 43
    outcome = signing_in(world)
    assert world.script.calls[-1] == "userinfo"
    return outcome


@module(BASIC, "oidcc-client-test-invalid-iss", REJECT)
def invalid_iss(world: World) -> Outcome:
    """The issuer of the ID token is not the one of the document."""
    world.script.claims = {"iss": f"{world.script.issuer}/1"}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-missing-sub", REJECT)
def missing_sub(world: World) -> Outcome:
    """No subject."""
    world.script.claims = {"sub": None}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-invalid-aud", REJECT)
def invalid_aud(world: World) -> Outcome:
    """An audience without us."""
    world.script.claims = {"aud": f"{CLIENT_ID}-1"}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-missing-iat", REJECT)
def missing_iat(world: World) -> Outcome:
    """No time of issue."""
    world.script.claims = {"iat": None}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-kid-absent-single-jwks", ACCEPT)
def kid_absent_single(world: World) -> Outcome:
    """One key, and no kid in header or set."""
    world.script.jwks = {"keys": [public(world.script.key, kid=None)]}
    world.script.header = {"kid": None}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-kid-absent-multiple-jwks", EITHER)
def kid_absent_multiple(world: World) -> Outcome:
    """Several keys without kid: all are tried."""
    other = RSAKey.generate_key(2048)
    keys = [public(other, kid=None), public(world.script.key, kid=None)]
    world.script.jwks, world.script.header = {"keys": keys}, {"kid": None}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-idtoken-sig-rs256", ACCEPT)
def signed_rs256(world: World) -> Outcome:
    """A token signed with RS256."""
    assert world.script.alg == "RS256"
    return signing_in(world)


@module(BASIC, "oidcc-client-test-idtoken-sig-none", EITHER)
def unsigned(world: World) -> Outcome:
    """An unsigned token, which the provider's document offers."""
    assert "none" in world.script.document["id_token_signing_alg_values_supported"]
    world.script.id_token = lambda: _unsigned(world.script.plain_id_token())
    return signing_in(world)


def _unsigned(token: str) -> str:
    return b64(b'{"alg": "none"}') + "." + token.split(".")[1] + "."


@module(BASIC, "oidcc-client-test-invalid-sig-rs256", REJECT)
def invalid_sig(world: World) -> Outcome:
    """A signature that is not the key's."""
    world.script.id_token = lambda: _broken(world.script.plain_id_token())
    return signing_in(world)


def _broken(token: str) -> str:
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[7] ^= 0x5A
    return f"{head}.{b64(bytes(raw))}"


@module(BASIC, "oidcc-client-test-userinfo-bearer-header", ACCEPT, USERINFO)
def userinfo_header(world: World) -> Outcome:
    """UserInfo is asked with the token in the header."""
    world.script.userinfo = {"sub": "person-1"}
    outcome = signing_in(world)
    assert [headers["Authorization"] for headers in sent(world, "userinfo")] == ["Bearer at-1"]
    return outcome


@module(
    BASIC,
    "oidcc-client-test-userinfo-bearer-body",
    ACCEPT,
    {**USERINFO, "oidc_userinfo_by": "body"},
)
def userinfo_body(world: World) -> Outcome:
    """UserInfo is asked with the token in a form."""
    world.script.userinfo = {"sub": "person-1"}
    outcome = signing_in(world)
    asked = world.script.requests[-1]
    assert (asked.method, form_of(asked)) == ("POST", {"access_token": "at-1"})
    assert "Authorization" not in asked.headers
    return outcome


@module(BASIC, "oidcc-client-test-userinfo-invalid-sub", REJECT, USERINFO)
def userinfo_invalid_sub(world: World) -> Outcome:
    """UserInfo speaks of somebody else."""
    world.script.userinfo = {"sub": "person-1x"}
    return signing_in(world)


@module(BASIC, "oidcc-client-test-nonce-invalid", REJECT)
def nonce_invalid(world: World) -> Outcome:
    """The nonce is not the one of this sign-in."""
    world.script.claims = {"nonce": "another"}
    return signing_in(world)


@module(
    BASIC,
    "oidcc-client-test-scope-userinfo-claims",
    ACCEPT,
    {"oidc_scopes": ("openid", "profile", "vo")},
)
def scope_claims(world: World) -> Outcome:
    """Scopes are asked; a claim that only UserInfo has tells who it is."""
    started = query_of(world.agent().get("/oidc/login").location)
    assert started["scope"] == "openid profile vo"
    world.script.claims = {"vo_id": None}
    world.script.userinfo = {"sub": "person-1", "vo_id": "8a4d"}
    agent = world.agent()
    outcome = signing_in(world, agent=agent)
    assert world.person in agent.me().text
    return outcome


@module(BASIC, "oidcc-client-test-client-secret-basic", ACCEPT)
def secret_basic(world: World) -> Outcome:
    """The client authenticates in the header, and not in the form."""
    outcome = signing_in(world)
    at = world.script.calls.index("token")
    scheme, _, told = world.script.requests[at].headers["Authorization"].partition(" ")
    pair = f"{quote_plus(CLIENT_ID)}:{quote_plus(CLIENT_SECRET)}"
    assert (scheme, base64.b64decode(told).decode()) == ("Basic", pair)
    assert "client_secret" not in form_of(world.script.requests[at])
    return outcome


@module(DEFINED, "oidcc-client-test-missing-aud", REJECT)
def missing_aud(world: World) -> Outcome:
    """No audience."""
    world.script.claims = {"aud": None}
    return signing_in(world)


@module(DEFINED, "oidcc-client-test-invalid-sig-es256", REJECT, {"oidc_algorithms": ("ES256",)})
def invalid_sig_es256(world: World) -> Outcome:
    """Registered for ES256: a broken signature."""
    key = ECKey.generate_key("P-256", parameters={"kid": "e1"})
    world.script.key, world.script.alg, world.script.jwks = key, "ES256", {"keys": [public(key)]}
    world.script.id_token = lambda: _broken(world.script.plain_id_token())
    return signing_in(world)


@module(DEFINED, "oidcc-client-test-invalid-sig-hs256", REJECT)
def invalid_sig_hs256(world: World) -> Outcome:
    """An HMAC with another secret; one with ours is refused as well."""
    outcomes = [_with_secret(world, secret) for secret in ("x" * 40, CLIENT_SECRET)]
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def _with_secret(world: World, secret: str) -> Outcome:
    key = OctKey.import_key(secret, {"kid": "k1"})
    world.script.id_token = lambda: sign(world.script.good_claims(), key, "HS256")
    return signing_in(world)


@module(DEFINED, "oidcc-client-test-userinfo-signed", ACCEPT, USERINFO)
def userinfo_signed(world: World) -> Outcome:
    """UserInfo is a JWT signed with RS256."""
    said = {"sub": "person-1", "iss": world.script.issuer, "aud": CLIENT_ID}
    token = sign(said, world.script.key)
    world.script.answers["userinfo"] = (200, {"Content-Type": "application/jwt"}, token)
    return signing_in(world)


@module(DEFINED, "oidcc-client-test-aggregated-claims", ACCEPT, USERINFO)
def aggregated(world: World) -> Outcome:
    """Claims that somebody else signed are passed over: we trust this provider alone."""
    world.script.userinfo = {
        "sub": "person-1",
        "_claim_names": {"rrn": "src1"},
        "_claim_sources": {"src1": {"JWT": sign({"rrn": "85073003328"}, world.script.key)}},
    }
    return signing_in(world)


@module(DEFINED, "oidcc-client-test-distributed-claims", ACCEPT, USERINFO)
def distributed(world: World) -> Outcome:
    """Claims that are elsewhere are not fetched: no token has us call an address."""
    elsewhere = {"endpoint": f"{world.script.issuer}/elsewhere", "access_token": "x"}
    world.script.userinfo = {
        "sub": "person-1",
        "_claim_names": {"rrn": "src1"},
        "_claim_sources": {"src1": elsewhere},
    }
    outcome = signing_in(world)
    assert set(world.script.calls) == {"discovery", "token", "jwks", "userinfo"}
    return outcome


@module(DEFINED, "oidcc-client-test-mtls-endpoint-aliases", ACCEPT)
def mtls_aliases(world: World) -> Outcome:
    """The aliases are for clients with a certificate (RFC 8705 §5); one with a secret goes on."""
    world.script.document["mtls_endpoint_aliases"] = {
        "token_endpoint": "https://mtls.example/token",
        "userinfo_endpoint": "https://mtls.example/userinfo",
    }
    return signing_in(world)


@module(HYBRID, "oidcc-client-test-invalid-athash", REJECT)
def invalid_at_hash(world: World) -> Outcome:
    """Of the hybrid flow; here too an at_hash that is there must fit."""
    world.script.claims = {"at_hash": half("another token")}
    return signing_in(world)


@module(HYBRID, "oidcc-client-test-missing-athash", ACCEPT)
def missing_at_hash(world: World) -> Outcome:
    """It is needed in the implicit flow only; behind the browser's back it is optional."""
    world.script.claims = {"at_hash": None}
    return signing_in(world)


@module(HYBRID, "oidcc-client-test-invalid-chash", REJECT)
def invalid_c_hash(world: World) -> Outcome:
    """Of the hybrid flow; here too a c_hash that is there must fit."""
    world.script.claims = {"c_hash": half("another code")}
    return signing_in(world)


@module(HYBRID, "oidcc-client-test-missing-chash", ACCEPT)
def missing_c_hash(world: World) -> Outcome:
    """It is needed in the hybrid flow only; a token in the answer itself is never looked at."""
    world.script.answer = {"id_token": world.script.plain_id_token()}
    return signing_in(world)


@module(HYBRID, "oidcc-client-test-nonce-unless-code-flow", ACCEPT)
def nonce_always(world: World) -> Outcome:
    """A nonce is sent and held against the token in the code flow too."""
    assert query_of(world.agent().get("/oidc/login").location)["nonce"]
    return signing_in(world)


@module(FORM_POST, "oidcc-client-test-form-post-error", REJECT, {"oidc_response_mode": "form_post"})
def form_post_error(world: World) -> Outcome:
    """An error that comes as a form is shown by its code, and its text is not."""
    gone = {"code": None, "error": "login_required", "error_description": "EVIL <b>text</b>"}
    world.script.answer = gone
    agent = world.agent()
    page = agent.sign_in("?max_age=0&prompt=none")
    assert "EVIL" not in page.text
    asked = list(world.script.codes.values())[-1]
    assert (asked["prompt"], asked["max_age"]) == ("none", "0")
    assert asked["response_mode"] == "form_post"
    return Outcome("refused" if page.status == 400 and not agent.signed_in else "?", page.code)


MODULES.extend(
    Module(FORM_POST, each.name, each.expected, each.play, {**each.settings, **mode})
    for mode in ({"oidc_response_mode": "form_post"},)
    for each in tuple(MODULES)
    if each.plan == BASIC
)
